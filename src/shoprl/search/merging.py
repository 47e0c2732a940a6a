"""Counts the terms of products, a shard at a time, and merges the shards into one index.

A shard fits into memory; the index need not: ``allocate`` may give room on disk for its postings.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from shoprl.search.analysis import iter_terms
from shoprl.search.arrays import IndexArrays, Vocabulary, fixed_width
from shoprl.search.bm25 import K1, B, average_length, factors_of, idf, quantized_length, term_scores

BLOCK = 4_000_000  # postings sorted at a time

Allocate = Callable[[str, DTypeLike, int], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Shard:
    """The postings of some documents.

    Attributes:
        asin_letters, asin_starts: the ASIN of each document, as in :class:`shoprl.search.arrays.Vocabulary`.
        lengths: tokens of each document; 32-bit.
        letters, starts: its terms in ascending order, as in :class:`shoprl.search.arrays.Vocabulary`.
        offsets: where each term's postings start, and where the last ones end; 64-bit.
        documents: number of the document of each posting, within the shard; 32-bit.
        frequencies: how often that document holds the term; 32-bit.
    """

    asin_letters: NDArray[np.uint8]
    asin_starts: NDArray[np.int64]
    lengths: NDArray[np.int32]
    letters: NDArray[np.uint8]
    starts: NDArray[np.int64]
    offsets: NDArray[np.int64]
    documents: NDArray[np.int32]
    frequencies: NDArray[np.int32]

    def asins(self) -> list[str]:
        """The ASIN of each document."""
        return [asin.decode(errors="surrogatepass") for asin in Vocabulary(self.asin_letters, self.asin_starts).terms()]


def _int32(values: "array[int]") -> NDArray[np.int32]:
    return np.frombuffer(values, dtype=np.int32) if values else np.zeros(0, dtype=np.int32)


def count_terms(asins: Sequence[str], texts: Iterable[str]) -> Shard:
    """Analyse documents and count their terms.

    Args:
        asins: of each document.
        texts: of each document, in the same order.
    """
    return shard_of(asins, (Counter(iter_terms(text)) for text in texts))


def shard_of(asins: Sequence[str], counted: Iterable[Mapping[str, int]]) -> Shard:
    """A shard of documents whose terms are counted.

    Args:
        asins: of each document.
        counted: term -> frequency of each document, in the same order.
    """
    numbers: dict[str, int] = {}
    lengths, sizes, terms, frequencies = array("i"), array("i"), array("i"), array("i")
    for counts in counted:
        lengths.append(sum(counts.values()))
        sizes.append(len(counts))
        terms.extend([numbers.setdefault(term, len(numbers)) for term in counts])
        frequencies.extend(counts.values())
    ascending = sorted(numbers)
    ranks = np.empty(len(ascending), dtype=np.int32)
    ranks[[numbers[term] for term in ascending]] = np.arange(len(ascending))
    rank_of_posting = ranks[_int32(terms)]
    order = np.argsort(rank_of_posting, kind="stable")
    vocabulary = Vocabulary.of([term.encode() for term in ascending])
    documents = np.repeat(np.arange(len(sizes), dtype=np.int32), _int32(sizes))
    keys = Vocabulary.of([asin.encode(errors="surrogatepass") for asin in asins])
    return Shard(
        asin_letters=keys.letters,
        asin_starts=keys.starts,
        lengths=_int32(lengths),
        letters=vocabulary.letters,
        starts=vocabulary.starts,
        offsets=_offsets(np.bincount(rank_of_posting, minlength=len(ascending))),
        documents=documents[order],
        frequencies=_int32(frequencies)[order],
    )


def _offsets(sizes: NDArray[np.integer]) -> NDArray[np.int64]:
    offsets = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(sizes, out=offsets[1:])
    return offsets


def _join_terms(shards: Sequence[Shard]) -> tuple[Vocabulary, list[NDArray[np.int64]]]:
    """The terms of all shards, and for each shard the numbers of its own among them."""
    own = [Vocabulary(shard.letters, shard.starts).terms() for shard in shards]
    terms = sorted(set().union(*own))
    numbers = {term: number for number, term in enumerate(terms)}
    places = [np.fromiter(map(numbers.__getitem__, each), dtype=np.int64, count=len(each)) for each in own]
    return Vocabulary.of(terms), places


def _scatter(shard: Shard, first: NDArray[np.int64], ranks: NDArray[np.int32], into: IndexArrays) -> None:
    """Copy a shard's postings to where those of each term start in the index; ``ranks`` renumbers its documents."""
    sizes = np.diff(shard.offsets)
    places = np.repeat(first - shard.offsets[:-1], sizes)
    places += np.arange(len(places))
    into.documents[places] = ranks[shard.documents]
    into.frequencies[places] = shard.frequencies


def _finish_block(arrays: IndexArrays, first: int, last: int) -> None:
    """Sort the postings of some terms by document and compute their scores."""
    offsets = arrays.offsets[first : last + 1]
    part = slice(int(offsets[0]), int(offsets[-1]))
    sizes = np.diff(offsets)
    order = np.lexsort((arrays.documents[part], np.repeat(np.arange(len(sizes)), sizes)))
    documents, frequencies = arrays.documents[part][order], arrays.frequencies[part][order]
    impacts = term_scores(np.repeat(arrays.weights[first:last], sizes), frequencies, arrays.length_factors[documents])
    arrays.documents[part], arrays.frequencies[part], arrays.impacts[part] = documents, frequencies, impacts
    arrays.peaks[first:last] = np.maximum.reduceat(impacts, offsets[:-1] - offsets[0])


def _blocks(offsets: NDArray[np.int64]) -> Iterable[tuple[int, int]]:
    """Ranges of terms with about :data:`BLOCK` postings each, at least one term."""
    first, terms = 0, len(offsets) - 1
    while first < terms:
        last = max(first + 1, int(np.searchsorted(offsets, offsets[first] + BLOCK, side="right")) - 1)
        yield first, last
        first = last


def in_memory(name: str, dtype: DTypeLike, size: int) -> NDArray[Any]:
    """Room for an array of an index that is not kept on disk."""
    return np.empty(size, dtype=dtype)


@dataclass(frozen=True)
class Elsewhere:
    """Documents that are searched together with those of an index, but lie in another.

    Attributes:
        searchable: how many have any token.
        tokens: of all of them.
        holding: how many hold each term of a vocabulary.
    """

    searchable: int
    tokens: int
    holding: Callable[[Vocabulary], NDArray[np.int64]]


def merge(
    shards: Sequence[Shard],
    allocate: Allocate = in_memory,
    elsewhere: Elsewhere | None = None,
    k1: float = K1,
    b: float = B,
) -> tuple[IndexArrays, int]:
    """One index of all documents, in ascending order of ASIN whatever their order in the shards.

    Args:
        shards: at least one.
        allocate: gives room for the postings, named as in :class:`IndexArrays`.
        elsewhere: further documents that weights and lengths are reckoned with.
        k1: of :func:`shoprl.search.bm25.length_factors`.
        b: likewise.

    Returns:
        The index's arrays, and the number of tokens of all documents.
    """
    asins = [asin for shard in shards for asin in shard.asins()]
    lengths = np.concatenate([shard.lengths for shard in shards])
    order = np.array(sorted(range(len(asins)), key=asins.__getitem__), dtype=np.intp)
    ranks = np.empty(len(order), dtype=np.int32)
    ranks[order] = np.arange(len(order))
    vocabulary, numbers = _join_terms(shards)
    holding = np.zeros(len(vocabulary), dtype=np.int64)
    for shard, own in zip(shards, numbers, strict=True):
        holding[own] += np.diff(shard.offsets)
    offsets, searchable, tokens = _offsets(holding), int((lengths > 0).sum()), int(lengths.sum(dtype=np.int64))
    own_tokens = tokens
    if elsewhere is not None:
        searchable, tokens = searchable + elsewhere.searchable, tokens + elsewhere.tokens
        holding += elsewhere.holding(vocabulary)
    most = max((int(shard.frequencies.max(initial=0)) for shard in shards), default=0)
    total = int(offsets[-1])
    known = np.array([quantized_length(length) for length in lengths[order].tolist()], dtype=np.float32)
    short, long = fixed_width([asins[place] for place in order.tolist()])
    arrays = IndexArrays(
        asins=short,
        length_factors=factors_of(known, average_length(tokens, searchable), k1, b),
        term_letters=vocabulary.letters,
        term_starts=vocabulary.starts,
        weights=np.array([idf(searchable, number) for number in holding.tolist()], dtype=np.float32),
        peaks=np.zeros(len(vocabulary), dtype=np.float32),
        offsets=offsets,
        documents=allocate("documents", np.int32, total),
        frequencies=allocate("frequencies", np.min_scalar_type(most), total),
        impacts=allocate("impacts", np.float32, total),
        long_letters=long.letters,
        long_starts=long.starts,
    )
    next_free, base = offsets[:-1].copy(), 0
    for shard, own in zip(shards, numbers, strict=True):
        _scatter(shard, next_free[own], ranks[base : base + len(shard.lengths)], arrays)
        next_free[own] += np.diff(shard.offsets)
        base += len(shard.lengths)
    for first, last in _blocks(offsets):
        _finish_block(arrays, first, last)
    return arrays, own_tokens
