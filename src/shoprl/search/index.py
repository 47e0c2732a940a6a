"""BM25 search over the products of a catalogue."""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoprl.catalog.product import Product
from shoprl.errors import CatalogError, ConfigError
from shoprl.search.analysis import iter_terms
from shoprl.search.arrays import IndexArrays, Vocabulary, load_arrays, save_arrays
from shoprl.search.bm25 import Floats, idf, length_factors, term_scores

# Terms of a query beyond these are not looked at.
MAX_QUERY_TERMS = 1000

_REMEMBERED_TERMS = 65536


class Hit(NamedTuple):
    """A product found.

    Attributes:
        asin: which product.
        score: its BM25 score, above 0; a 32-bit float's value.
    """

    asin: str
    score: float


def indexed_text(product: Product) -> str:
    """The text that a product is found by: title, description, first bullet point and options, in lower case."""
    options = ", and ".join(f"{name}: {', '.join(values)}" for name, values in product.options.items())
    first_bullet = product.bullets[0] if product.bullets else ""
    return " ".join((product.title, product.description, first_bullet, options)).lower()


class SearchIndex:
    """An inverted index of products; read-only, and cheap to open in many processes at once.

    Scores, order and ties equal those of the Lucene index that WebShop builds with Anserini. Made by
    `SearchIndex.build` or `SearchIndex.load`.

    Attributes:
        token_count: tokens of all products together, stop words left out.
    """

    def __init__(self, arrays: IndexArrays, token_count: int) -> None:
        self.token_count = token_count
        self._arrays = arrays
        self._vocabulary = Vocabulary(arrays.term_letters, arrays.term_starts)
        self._numbers: dict[str, int | None] = {}

    @classmethod
    def build(cls, products: Sequence[Product]) -> "SearchIndex":
        """Index products.

        Args:
            products: at least one; their order makes no difference.

        Raises:
            CatalogError: there is no product.
        """
        if not products:
            raise CatalogError("There is no product to index: the catalogue needs at least one.")
        ordered = sorted(products, key=lambda product: product.asin)
        counts = _count_terms(indexed_text(product) for product in ordered)
        return cls(_arrays([product.asin for product in ordered], counts), sum(counts.lengths))

    @classmethod
    def load(cls, folder: Path) -> "SearchIndex":
        """Open a saved index; its arrays stay on disk and are shared by all processes that open them.

        Args:
            folder: what `save` was given.

        Raises:
            CatalogError: the folder holds no index, or a damaged one.
        """
        return cls(*load_arrays(folder))

    def save(self, folder: Path) -> None:
        """Write the index as ``.npy`` files and a description in JSON.

        Args:
            folder: where to; made where it is missing.

        Raises:
            StorageError: a file cannot be written.
        """
        save_arrays(folder, self._arrays, self.token_count)

    def __len__(self) -> int:
        return len(self._arrays.asins)

    def search(self, query: str, k: int = 50) -> list[Hit]:
        """The products that fit a query best.

        Args:
            query: any text; terms beyond the first `MAX_QUERY_TERMS` are not looked at.
            k: how many products at most.

        Returns:
            Those that hold at least one of its terms, by descending score, equal scores by ascending ASIN.

        Raises:
            ConfigError: ``k`` is less than 1.
        """
        if k < 1:
            raise ConfigError(f"k is {k}, but a search returns at least one product. Give a k of 1 or more.")
        counts = Counter(islice(iter_terms(query), MAX_QUERY_TERMS))
        found = [part for term, count in counts.items() if (part := self._term_scores(term, count)) is not None]
        if not found:
            return []
        documents, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
        totals = np.bincount(documents, weights=scores).astype(np.float32)
        best = _best(totals, k)
        return list(map(Hit, self._arrays.asins[best].tolist(), totals[best].tolist()))

    def _term_scores(self, term: str, count: int) -> tuple[NDArray[np.int32], Floats] | None:
        """The documents that hold a term, and what it adds to their scores when a query holds it ``count`` times."""
        number = self._number(term)
        if number is None:
            return None
        arrays = self._arrays
        postings = slice(arrays.offsets[number], arrays.offsets[number + 1])
        documents = arrays.documents[postings]
        if count == 1:
            return documents, arrays.impacts[postings]
        weight = arrays.weights[number] * np.float32(count)
        return documents, term_scores(weight, arrays.frequencies[postings], arrays.length_factors[documents])

    def _number(self, term: str) -> int | None:
        """The number of a term in the vocabulary, looked up on disk the first time only."""
        try:
            return self._numbers[term]
        except KeyError:
            number = self._vocabulary.find(term)
        if len(self._numbers) >= _REMEMBERED_TERMS:
            self._numbers.clear()
        self._numbers[term] = number
        return number


def _best(scores: Floats, k: int) -> NDArray[np.intp]:
    """The numbers of the ``k`` greatest scores above 0, greatest first, equal ones in ascending order."""
    found = np.flatnonzero(scores)
    if len(found) > k:
        least = np.partition(scores[found], -k)[-k]
        found = np.flatnonzero(scores >= least)
    order = np.argsort(-scores[found], kind="stable")[:k]
    best: NDArray[np.intp] = found[order]
    return best


class _Counts(NamedTuple):
    """How often documents hold terms.

    Attributes:
        lengths: tokens of each document.
        numbers: term -> number, in order of first occurrence.
        terms: number of the term of each posting, the postings of one document after those of the one before.
        documents: number of its document.
        frequencies: how often that document holds the term.
    """

    lengths: list[int]
    numbers: dict[str, int]
    terms: NDArray[np.int32]
    documents: NDArray[np.int32]
    frequencies: NDArray[np.int32]


def _count_terms(texts: Iterable[str]) -> _Counts:
    """Analyse documents and count their terms."""
    numbers: dict[str, int] = {}
    lengths, sizes, terms, frequencies = [], [], array("i"), array("i")
    for text in texts:
        counts = Counter(iter_terms(text))
        lengths.append(counts.total())
        sizes.append(len(counts))
        terms.extend(numbers.setdefault(term, len(numbers)) for term in counts)
        frequencies.extend(counts.values())
    documents = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    return _Counts(lengths, numbers, _int32(terms), documents, _int32(frequencies))


def _int32(values: "array[int]") -> NDArray[np.int32]:
    return np.frombuffer(values, dtype=np.int32) if values else np.zeros(0, dtype=np.int32)


def _arrays(asins: list[str], counts: _Counts) -> IndexArrays:
    """Sort postings by term and work out their scores."""
    terms = sorted(counts.numbers)
    ranks = np.empty(len(terms), dtype=np.int32)
    ranks[[counts.numbers[term] for term in terms]] = np.arange(len(terms))
    rank_of_posting = ranks[counts.terms]
    order = np.argsort(rank_of_posting, kind="stable")
    holding = np.bincount(rank_of_posting, minlength=len(terms))
    searchable = sum(length > 0 for length in counts.lengths)
    weights = np.array([idf(searchable, int(number)) for number in holding], dtype=np.float32)
    documents, frequencies = counts.documents[order], counts.frequencies[order]
    factors = length_factors(counts.lengths)
    vocabulary = Vocabulary.of(terms)
    return IndexArrays(
        asins=np.array(asins),
        length_factors=factors,
        term_letters=vocabulary.letters,
        term_starts=vocabulary.starts,
        weights=weights,
        offsets=np.concatenate([[0], np.cumsum(holding)]).astype(np.int64),
        documents=documents,
        frequencies=frequencies.astype(np.min_scalar_type(int(frequencies.max(initial=0)))),
        impacts=term_scores(np.repeat(weights, holding), frequencies, factors[documents]),
    )
