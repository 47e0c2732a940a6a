"""Scores documents whose postings lie together: all of an index, or its base and its changes apart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoprl.search.arrays import IndexArrays, Vocabulary
from shoprl.search.bm25 import Floats, idf, term_scores

_REMEMBERED_TERMS = 65536
_MANY_POSTINGS = 100_000  # of a query's terms; from here on not every document is scored
_SLACK = 1.0001  # covers the rounding of sums in 32 bits
_ROUNDING = 1e-6  # of a term's weight: covers the rounding of what it adds, computed twice


class Hit(NamedTuple):
    """A search result.

    Attributes:
        asin: which product.
        score: its BM25 score, above 0; a 32-bit float's value.
    """

    asin: str
    score: float


@dataclass(frozen=True)
class Correction:
    """What makes the scores of an index those of one that was built after its documents changed.

    Attributes:
        dead: documents of the index that are gone, ascending.
        codes: the place of each document's quantised length in ``factors``.
        factors: `bm25.factors_of` each length that occurs, with the average of all documents there are now.
        searchable: how many documents with any token there are now.
        touched: terms of the index that another number of documents holds now, ascending.
        holding: how many documents hold each of them now.
        stretch: the average length now, divided by that of the index.
    """

    dead: NDArray[np.int32]
    codes: NDArray[np.uint8]
    factors: Floats
    searchable: int
    touched: NDArray[np.int32]
    holding: NDArray[np.int32]
    stretch: float


class _Place(NamedTuple):
    """A term's number in the vocabulary, where its postings are, and its weight, of which its impacts have a share."""

    number: int
    start: int
    end: int
    weight: np.float32
    scale: float


class _Term(NamedTuple):
    """A term of a query, and how often the query holds it."""

    place: _Place
    times: int


class Segment:
    """Documents that are scored together.

    Args:
        arrays: their postings.
        correction: what has changed since these were written.
    """

    def __init__(self, arrays: IndexArrays, correction: Correction | None = None) -> None:
        self._arrays, self._correction = arrays, correction
        self._vocabulary = Vocabulary(arrays.term_letters, arrays.term_starts)
        self._places: dict[str, _Place | None] = {}

    def __len__(self) -> int:
        gone = 0 if self._correction is None else len(self._correction.dead)
        return len(self._arrays.asins) - gone

    def best(self, counts: Mapping[str, int], k: int) -> list[Hit]:
        """The best ``k`` documents.

        Args:
            counts: the terms of a query, and how often it holds each.
            k: how many documents at most.

        Returns:
            Those that hold at least one of the terms, by descending score, equal scores by ascending ASIN.
        """
        numbers, scores = self._found(counts, k)
        return list(map(Hit, self._arrays.asins_of(numbers), scores.tolist()))

    def numbers(self, counts: Mapping[str, int], k: int) -> NDArray[np.integer]:
        """The documents of :meth:`best` by their numbers."""
        return self._found(counts, k)[0]

    def _found(self, counts: Mapping[str, int], k: int) -> tuple[NDArray[np.integer], Floats]:
        terms = [_Term(place, times) for term, times in counts.items() if (place := self._place(term)) is not None]
        if not terms:
            return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.float32)
        if sum([term.place.end - term.place.start for term in terms]) > _MANY_POSTINGS:
            documents, totals = self._best_of_many(terms, k)
            best = _best(totals, k)
            numbers: NDArray[np.integer] = documents[best]
        else:
            totals = self._score_all(terms)
            numbers = best = _best(totals, k)
        return numbers, totals[best]

    def _score_all(self, terms: list[_Term]) -> Floats:
        """The scores of all documents up to the last that holds a term, 0 of those that are gone."""
        slices = [slice(term.place.start, term.place.end) for term in terms]
        documents = np.concatenate([self._arrays.documents[each] for each in slices])
        scores = np.concatenate([self._scores(term, each) for term, each in zip(terms, slices, strict=True)])
        totals = np.bincount(documents, weights=scores).astype(np.float32)
        if self._correction is not None:
            dead = self._correction.dead
            totals[dead[: np.searchsorted(dead, np.int32(len(totals)))]] = 0
        return totals

    def _best_of_many(self, terms: list[_Term], k: int) -> tuple[NDArray[np.int32], Floats]:
        """Documents in ascending order, among them the best ``k``, and their scores.

        Terms are taken by how much they can add, most first. Once all those left together cannot lift a document with
        none of the terms so far into the best ``k``, only documents that can still get there are looked up in the rest
        (MaxScore: Turtle & Flood, "Query evaluation: strategies and optimizations", 1995). Where the documents have
        changed, impacts are only near the scores; candidates are those that could get there with the greatest error.
        """
        low, high, error = self._bounds(terms)
        peaks = [self._peak(term, high) for term in terms]
        order = sorted(range(len(terms)), key=lambda i: -peaks[i])
        left = np.cumsum([0.0, *(peaks[i] for i in reversed(order))])[::-1]  # what the terms from each place on can add
        sums = np.zeros(len(self._arrays.asins), dtype=np.float32)
        if self._correction is not None:
            sums[self._correction.dead] = -np.inf  # so that none is new, whatever is added
        candidates: NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        seen = 0
        while seen < len(order):
            term = terms[order[seen]]
            postings = slice(term.place.start, term.place.end)
            documents = self._arrays.documents[postings]
            candidates = np.concatenate((candidates, documents[sums[documents] == 0]))
            sums[documents] += self._near(term, postings)
            seen += 1
            if 2 * left[seen] < left[0] and left[seen] < low * _kth(sums[candidates], k) - error:
                break
        partial = sums[candidates]
        for place in range(seen, len(order)):
            kept = partial >= (low * _kth(partial, k) - 2 * error - left[place]) / high
            candidates, partial = candidates[kept], partial[kept]
            partial = partial + self._contribution(terms[order[place]], candidates, self._near)
        candidates = np.sort(candidates[partial >= (low * _kth(partial, k) - 2 * error) / high])
        totals = np.zeros(len(candidates))
        for term in terms:  # in the order of the query, as all other scores are summed
            totals += self._contribution(term, candidates, self._scores)
        return candidates, totals.astype(np.float32)

    def _bounds(self, terms: list[_Term]) -> tuple[float, float, float]:
        """Between which multiples of a document's sum its score is, and what it may be off beyond them."""
        if self._correction is None:
            return 1 / _SLACK, 1.0, 0.0
        stretch = self._correction.stretch  # a longer average raises scores, at most in its proportion
        error = sum(_ROUNDING * float(term.place.weight) * term.times for term in terms)
        return min(stretch, 1.0) / _SLACK, max(stretch, 1.0) * _SLACK, error

    def _peak(self, term: _Term, high: float) -> float:
        """The most that a term can add."""
        peak = float(self._arrays.peaks[term.place.number]) * term.times * _SLACK
        if self._correction is None:
            return peak
        return peak * term.place.scale * high + _ROUNDING * float(term.place.weight) * term.times

    def _contribution(
        self, term: _Term, wanted: NDArray[np.int32], scores: "Callable[[_Term, NDArray[np.intp]], Floats]"
    ) -> Floats:
        """What a term adds to the scores of some documents, 0 where they do not hold it."""
        holding = self._arrays.documents[term.place.start : term.place.end]
        places = np.minimum(np.searchsorted(holding, wanted), len(holding) - 1)
        return np.where(holding[places] == wanted, scores(term, term.place.start + places), np.float32(0))

    def _near(self, term: _Term, postings: NDArray[np.intp] | slice) -> Floats:
        """About what a term adds at some of its postings: all that candidates are found with."""
        if self._correction is None:
            return self._scores(term, postings)
        near: Floats = self._arrays.impacts[postings] * np.float32(term.place.scale * term.times)
        return near

    def _scores(self, term: _Term, postings: NDArray[np.intp] | slice) -> Floats:
        """What a term adds at some of its postings."""
        arrays, changed = self._arrays, self._correction
        if changed is None and term.times == 1:
            return arrays.impacts[postings]
        documents = arrays.documents[postings]
        factors = arrays.length_factors[documents] if changed is None else changed.factors[changed.codes[documents]]
        return term_scores(term.place.weight * np.float32(term.times), arrays.frequencies[postings], factors)

    def _place(self, term: str) -> _Place | None:
        """Where a term is, if a document holds it; looked up on disk the first time only."""
        try:
            return self._places[term]
        except KeyError:
            number = self._vocabulary.find(term)
        place = None if number is None else self._read_place(number)
        if len(self._places) >= _REMEMBERED_TERMS:
            self._places.clear()
        self._places[term] = place
        return place

    def _read_place(self, number: int) -> _Place | None:
        start, end = self._arrays.offsets[number : number + 2].tolist()
        weight, changed = np.float32(self._arrays.weights[number]), self._correction
        if changed is None:
            return _Place(number, start, end, weight, 1.0)
        holding, place = end - start, int(np.searchsorted(changed.touched, np.int32(number)))
        if place < len(changed.touched) and changed.touched[place] == number:
            holding = int(changed.holding[place])
        if holding <= 0:  # all that held it are gone
            return None
        now = idf(changed.searchable, holding)
        return _Place(number, start, end, now, float(now) / float(weight))


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
