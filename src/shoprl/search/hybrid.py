"""Hybrid search: what products say, by BM25 over all their fields, and what they mean, by vectors of their texts.

The two lists are fused by reciprocal rank (Cormack, Clarke & Büttcher, SIGIR 2009).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shoprl.search.encoder import Encoder
from shoprl.search.engine import RESULTS
from shoprl.search.index import SearchIndex
from shoprl.search.neighbours import Neighbours

DEPTH = 200  # products of each list that are fused
MEANING = 0.45  # the weight of the vectors' list; the rest is BM25's
CONSTANT = 60  # of reciprocal ranks: how slowly their weight falls

Numbers = NDArray[np.integer]


class HybridSearch:
    """A search engine over products with vectors.

    Args:
        index: of all fields (:mod:`shoprl.search.fields`).
        neighbours: finds the nearest of the index's products, by their numbers in it.
        encoder: of queries.
        newer: an index that holds products which ``index`` does not, and their ASINs: they are found by it alone.
    """

    def __init__(
        self,
        index: SearchIndex,
        neighbours: Neighbours,
        encoder: Encoder,
        newer: tuple[SearchIndex, frozenset[str]] | None = None,
    ) -> None:
        self._index, self._neighbours, self._encoder, self._newer = index, neighbours, encoder, newer

    def find_many(self, queries: Sequence[str]) -> list[list[str]]:
        """See :class:`shoprl.search.engine.SearchEngine`; more than its number of products, since some may be gone."""
        by_meaning = self._neighbours.nearest(self._encoder.encode(queries), DEPTH)
        return [
            self._fused(query, nearest) if query.strip() else []
            for query, nearest in zip(queries, by_meaning, strict=True)
        ]

    def _fused(self, query: str, by_meaning: Numbers) -> list[str]:
        """The products of both lists by descending sum of their weighted reciprocal ranks."""
        by_terms = self._index.best(query, DEPTH)
        shares = _share(1 - MEANING, len(by_terms)), _share(MEANING, len(by_meaning))
        numbers, places = np.unique(np.concatenate((by_terms, by_meaning)), return_inverse=True)
        scores = np.bincount(places, weights=np.concatenate(shares))
        if self._newer is None:
            return self._index.asins_of(numbers[np.argsort(-scores, kind="stable")])
        index, newer = self._newer
        hits = zip(_share(1 - MEANING, RESULTS).tolist(), index.search(query, RESULTS), strict=False)
        added = [(-score, hit.asin) for score, hit in hits if hit.asin in newer]
        own = zip((-scores).tolist(), self._index.asins_of(numbers), strict=True)
        return [asin for _, asin in sorted([*own, *added])]


class VectorSearch:
    """A search engine by the vectors alone, to measure them.

    Args:
        index: of the products.
        neighbours, encoder: as of :class:`HybridSearch`.
    """

    def __init__(self, index: SearchIndex, neighbours: Neighbours, encoder: Encoder) -> None:
        self._index, self._neighbours, self._encoder = index, neighbours, encoder

    def find_many(self, queries: Sequence[str]) -> list[list[str]]:
        """See :class:`shoprl.search.engine.SearchEngine`."""
        found = self._neighbours.nearest(self._encoder.encode(queries), RESULTS)
        return [self._index.asins_of(numbers) for numbers in found]


class TermSearch:
    """A search engine by the terms of all fields alone, for who has no encoder."""

    def __init__(self, index: SearchIndex) -> None:
        self._index = index

    def find_many(self, queries: Sequence[str]) -> list[list[str]]:
        """See :class:`shoprl.search.engine.SearchEngine`; more than its number of products, since some may be gone."""
        return [self._index.asins_of(self._index.best(query, DEPTH)) for query in queries]


def _share(weight: float, count: int) -> NDArray[np.float64]:
    """What a list adds to the scores of its products, best first."""
    return weight / (CONSTANT + 1 + np.arange(count))
