"""BM25 search over the products of a catalogue."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoprl.catalog.product import Product
from shoprl.errors import CatalogError, ConfigError
from shoprl.search.analysis import iter_terms
from shoprl.search.arrays import IndexArrays, Vocabulary, load_arrays, save_arrays
from shoprl.search.bm25 import Floats, term_scores
from shoprl.search.merging import count_terms, merge

MAX_QUERY_TERMS = 1000  # further terms of a query are ignored

_REMEMBERED_TERMS = 65536
_MANY_POSTINGS = 100_000  # of a query's terms; from here on not every document is scored
_SLACK = 1.0001  # covers the rounding of sums in 32 bits


class Hit(NamedTuple):
    """A search result.

    Attributes:
        asin: which product.
        score: its BM25 score, above 0; a 32-bit float's value.
    """

    asin: str
    score: float


def indexed_text(product: Product) -> str:
    """The text that a product is indexed by: title, description, first bullet point and options, in lower case."""
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
        self._places: dict[str, tuple[int, int, int] | None] = {}
        self._folder: Path | None = None

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
        shard = count_terms([product.asin for product in products], map(indexed_text, products))
        return cls(*merge([shard]))

    @classmethod
    def load(cls, folder: Path) -> "SearchIndex":
        """Open a saved index; its arrays stay on disk and are shared by all processes that open them.

        Args:
            folder: what `save` was given.

        Raises:
            CatalogError: the folder holds no index, or a damaged one.
        """
        index = cls(*load_arrays(folder))
        index._folder = folder
        return index

    def __reduce__(self) -> tuple[Any, ...]:
        if self._folder is not None:
            return SearchIndex.load, (self._folder,)  # another process opens it itself
        return SearchIndex, (self._arrays, self.token_count)

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
            query: any text; terms beyond the first `MAX_QUERY_TERMS` are ignored.
            k: how many products at most.

        Returns:
            Those that hold at least one of its terms, by descending score, equal scores by ascending ASIN.

        Raises:
            ConfigError: ``k`` is less than 1.
            CatalogError: the index on disk is damaged.
        """
        if k < 1:
            raise ConfigError(f"k is {k}, but a search returns at least one product. Give a k of 1 or more.")
        documents, scores = self._found(query, k)
        return list(map(Hit, self._arrays.asins[documents].tolist(), scores.tolist()))

    def _found(self, query: str, k: int) -> tuple[NDArray[np.integer], Floats]:
        try:
            return self._search(query, k)
        except (IndexError, ValueError) as error:  # numbers that no index holds
            if self._folder is None:
                raise
            raise CatalogError(f"{self._folder}: the index is damaged ({error}). Build it again.") from error

    def best(self, query: str, k: int) -> NDArray[np.integer]:
        """The products of :meth:`search` by their numbers in :attr:`asins`."""
        return self._found(query, k)[0]

    @property
    def asins(self) -> NDArray[np.str_]:
        """Of all products, ascending."""
        return self._arrays.asins

    def _search(self, query: str, k: int) -> tuple[NDArray[np.integer], Floats]:
        """The numbers of the best documents, best first, and their scores."""
        counts = Counter(islice(iter_terms(query), MAX_QUERY_TERMS))
        terms = [_Term(*place, count) for term, count in counts.items() if (place := self._place(term)) is not None]
        if not terms:
            return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.float32)
        if sum([term.end - term.start for term in terms]) > _MANY_POSTINGS:
            documents, totals = self._best_of_many(terms, k)
            best = _best(totals, k)
            return documents[best], totals[best]
        totals = self._score_all(terms)
        best = _best(totals, k)
        return best, totals[best]

    def _score_all(self, terms: list["_Term"]) -> Floats:
        """The scores of all documents up to the last that holds a term."""
        postings = [self._postings(term) for term in terms]
        documents, scores = (np.concatenate(parts) for parts in zip(*postings, strict=True))
        return np.bincount(documents, weights=scores).astype(np.float32)

    def _best_of_many(self, terms: list["_Term"], k: int) -> tuple[NDArray[np.int32], Floats]:
        """Documents in ascending order, among them the best ``k``, and their scores.

        Terms are taken by how much they can add, most first. Once all those left together cannot lift a document with
        none of the terms so far into the best ``k``, only documents that can still get there are looked up in the rest
        (MaxScore: Turtle & Flood, "Query evaluation: strategies and optimizations", 1995).
        """
        arrays = self._arrays
        peaks = [float(arrays.peaks[term.number]) * term.times * _SLACK for term in terms]
        order = sorted(range(len(terms)), key=lambda i: -peaks[i])
        left = np.cumsum([0.0, *(peaks[i] for i in reversed(order))])[::-1]  # what the terms from each place on can add
        sums = np.zeros(len(self), dtype=np.float32)
        candidates: NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        seen = 0
        while seen < len(order):
            documents, scores = self._postings(terms[order[seen]])
            candidates = np.concatenate((candidates, documents[sums[documents] == 0]))
            sums[documents] += scores
            seen += 1
            if 2 * left[seen] < left[0] and left[seen] < _kth(sums[candidates], k):
                break
        partial = sums[candidates]
        for place in range(seen, len(order)):
            bound = _kth(partial, k) / _SLACK - left[place]
            candidates, partial = candidates[partial >= bound], partial[partial >= bound]
            partial = partial + self._contribution(terms[order[place]], candidates)
        candidates = np.sort(candidates[partial >= _kth(partial, k) / _SLACK])
        totals = np.zeros(len(candidates))
        for term in terms:  # in the order of the query, as all other scores are summed
            totals += self._contribution(term, candidates)
        return candidates, totals.astype(np.float32)

    def _contribution(self, term: "_Term", wanted: NDArray[np.int32]) -> Floats:
        """What a term adds to the scores of some documents, 0 where they do not hold it."""
        holding = self._arrays.documents[term.start : term.end]
        places = np.minimum(np.searchsorted(holding, wanted), len(holding) - 1)
        return np.where(holding[places] == wanted, self._scores(term, term.start + places), np.float32(0))

    def _postings(self, term: "_Term") -> tuple[NDArray[np.int32], Floats]:
        """The documents that hold a term, and what it adds to their scores."""
        postings = slice(term.start, term.end)
        return self._arrays.documents[postings], self._scores(term, postings)

    def _scores(self, term: "_Term", postings: NDArray[np.intp] | slice) -> Floats:
        """What a term adds at some of its postings."""
        arrays = self._arrays
        if term.times == 1:
            return arrays.impacts[postings]
        weight = arrays.weights[term.number] * np.float32(term.times)
        return term_scores(weight, arrays.frequencies[postings], arrays.length_factors[arrays.documents[postings]])

    def _place(self, term: str) -> tuple[int, int, int] | None:
        """A term's number in the vocabulary and where its postings start and end; on disk the first time only."""
        try:
            return self._places[term]
        except KeyError:
            number = self._vocabulary.find(term)
        place = None
        if number is not None:
            start, end = self._arrays.offsets[number : number + 2].tolist()
            place = number, start, end
        if len(self._places) >= _REMEMBERED_TERMS:
            self._places.clear()
        self._places[term] = place
        return place


class _Term(NamedTuple):
    """A term of a query: its number in the vocabulary, where its postings are, and how often the query holds it."""

    number: int
    start: int
    end: int
    times: int


def _kth(scores: Floats, k: int) -> float:
    """The ``k``-th greatest score, or 0 where there are fewer."""
    return float(np.partition(scores, -k)[-k]) if len(scores) >= k else 0.0


def _best(scores: Floats, k: int) -> NDArray[np.intp]:
    """The numbers of the ``k`` greatest scores above 0, greatest first, equal ones in ascending order."""
    positions = np.flatnonzero(scores)
    if len(positions) > k:
        least = np.partition(scores[positions], -k)[-k]
        positions = np.flatnonzero(scores >= least)
    order = np.argsort(-scores[positions], kind="stable")[:k]
    best: NDArray[np.intp] = positions[order]
    return best
