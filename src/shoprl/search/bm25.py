"""Okapi BM25 in the arithmetic of Lucene, to the last bit.

Formula: Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), without the constant
factor ``k1 + 1``. Lucene computes in 32-bit floats and keeps of a document's length only what fits in a byte.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Anserini's defaults, which WebShop searches with.
K1 = 0.9
B = 0.4

_EXACT_LENGTHS = 24
_KEPT_BITS = 4


def quantized_length(length: int) -> int:
    """A document's length as Lucene remembers it (``SmallFloat.intToByte4`` and back).

    Args:
        length: number of tokens, 0 or more.

    Returns:
        The length itself up to 40, after that a number not above it: 24 plus the four leading bits of the rest.
    """
    if length < _EXACT_LENGTHS:
        return length
    rest = length - _EXACT_LENGTHS
    dropped_bits = max(rest.bit_length() - _KEPT_BITS, 0)
    return _EXACT_LENGTHS + (rest >> dropped_bits << dropped_bits)


def length_factors(lengths: list[int], k1: float = K1, b: float = B) -> Floats:
    """``1 / (k1 * ((1 - b) + b * length / average))`` for each document.

    Args:
        lengths: tokens of each document; the average is over those that have any.
        k1: how fast repeats of a term stop counting.
        b: how much long documents are held back, 0 to 1.

    Returns:
        Shape ``(documents,)``.
    """
    average = average_length(sum(lengths), sum(length > 0 for length in lengths))
    return factors_of(np.array([quantized_length(length) for length in lengths], dtype=np.float32), average, k1, b)


def average_length(tokens: int, documents: int) -> np.float32:
    """The mean length of documents that have any token, 1 where there is none."""
    return np.float32(tokens / max(documents, 1)) or np.float32(1)


def factors_of(known: Floats, average: np.float32, k1: float = K1, b: float = B) -> Floats:
    """:func:`length_factors` of documents whose `quantized_length` is known."""
    one, k1_, b_ = np.float32(1), np.float32(k1), np.float32(b)
    factors: Floats = one / (k1_ * ((one - b_) + b_ * known / average))
    return factors


def idf(documents: int, holding: int) -> np.float32:
    """``ln(1 + (N - df + 0.5) / (df + 0.5))``: the weight of a term that ``holding`` of ``documents`` hold."""
    return np.float32(math.log(1 + (documents - holding + 0.5) / (holding + 0.5)))


def term_scores(weight: np.float32 | Floats, frequencies: NDArray[np.integer], factors: Floats) -> Floats:
    """What one term adds to the scores of the documents that hold it.

    Args:
        weight: the term's `idf`, times its count in the query.
        frequencies: how often each document holds it.
        factors: the documents' `length_factors`.

    Returns:
        ``weight - weight / (1 + frequency * factor)``, shape ``(documents,)``.
    """
    scores: Floats = weight - weight / (np.float32(1) + frequencies.astype(np.float32) * factors)
    return scores
