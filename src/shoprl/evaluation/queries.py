"""Evaluation of query policies: agreement with the queries that people typed, and recall of the goal's product."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shoprl.errors import ConfigError
from shoprl.evaluation.json_records import Record
from shoprl.evaluation.statistics import INTERVAL_SEED, RATE, Estimate, bootstrap_mean, paired_difference
from shoprl.policies.query.data import Typed
from shoprl.policies.query.policy import QueryPolicy
from shoprl.progress import track
from shoprl.search.index import SearchIndex
from shoprl.shop.goal import Goal
from shoprl.tasks.instruction import Instruction, parse_instruction, queries_for, terms_of

PAGE, ALL = 10, 50  # products on the first page of a search, and on all its pages
COUNTS = (1, 2, 3, 5)  # queries per instruction


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of a query's search terms with those of the closest typed query, all in 0..1.

    Attributes:
        precision: share of the query's terms that are in the typed query.
        recall: share of the typed query's terms that are in the query.
        f1: their harmonic mean, which decides the closest typed query.
        exact: 1 if both have the same terms.
    """

    precision: float
    recall: float
    f1: float
    exact: float


@dataclass(frozen=True)
class WordReport(Record):
    """Agreement with the closest typed query, per measure of :class:`Agreement`, with 95% intervals.

    Attributes:
        instructions: number of instructions.
        query: of the policy's best query.
        wish: of the whole wish.
    """

    instructions: int
    query: Mapping[str, Estimate]
    wish: Mapping[str, Estimate]


@dataclass(frozen=True)
class SearchRow(Record):
    """Recall of the goals' products with ``n`` queries, in the first 10 (``_10``) and the first 50 results (``_50``).

    Attributes:
        n: number of queries.
        recalls: with 95% intervals (bootstrap over goals): ``queries``, by the policy's best queries together;
            ``wish``, by the wish as the only query; ``wish_as_deep``, by the wish in the first n x 10 and n x 50
            results; ``queries_and_wish``, by either; ``difference``, ``queries`` less ``wish_as_deep``. In JSON they
            stand beside ``n``.
    """

    n: int
    recalls: Mapping[str, Estimate]

    def to_json(self) -> dict[str, object]:
        """The row as JSON."""
        return {"n": self.n, **{name: recall.to_json() for name, recall in self.recalls.items()}}


@dataclass(frozen=True)
class SearchReport(Record):
    """Recall of the goals' products: number of goals, and a row per number of queries."""

    goals: int
    rows: tuple[SearchRow, ...]


@dataclass(frozen=True)
class QueryResults(Record):
    """The results of a query policy's training.

    Attributes:
        model: kind of the query model.
        split: the part that was measured.
        instructions: part -> number of instructions with typed queries.
        last: the last row of the log.
        words, search: None if there was nothing to measure.
    """

    model: str
    split: str
    instructions: Mapping[str, int]
    last: Mapping[str, float]
    words: WordReport | None = None
    search: SearchReport | None = None


MEASURES = ("precision", "recall", "f1", "exact")


def agreement(query: str, typed: Sequence[str]) -> Agreement:
    """Compare a query with those that people typed for the same instruction."""
    terms = terms_of(query)
    agreements = []
    for other in map(terms_of, typed):
        both = len(terms & other)
        f1 = 2 * both / (len(terms) + len(other)) if both else 0.0
        shares = (both / len(terms), both / len(other), f1, float(terms == other)) if both else (0.0, 0.0, 0.0, 0.0)
        agreements.append(Agreement(*shares))
    return max(agreements, key=lambda each: each.f1)


def word_report(policy: QueryPolicy, data: Sequence[Typed]) -> WordReport:
    """Compare the policy's best query, and the whole wish, with the closest typed query.

    Returns:
        Means and 95% intervals (bootstrap over instructions).

    Raises:
        ConfigError: there is no instruction.
    """
    if not data:
        raise ConfigError("This part of the pairs holds no instruction to score queries on. Choose another part.")
    instructions = [parse_instruction(typed.instruction) for typed in data]

    def agreed(name: str, query_of: Callable[[Instruction], str]) -> dict[str, Estimate]:
        asked = track(instructions, f"words of the {name}", unit="instruction")
        rows = [agreement(query_of(each), typed.queries) for each, typed in zip(asked, data, strict=True)]
        return {measure: _mean([getattr(row, measure) for row in rows]) for measure in MEASURES}

    query = agreed("query", lambda each: policy.queries(each, 1)[0])
    return WordReport(len(data), query, agreed("wish", _wish))


def _wish(instruction: Instruction) -> str:
    return queries_for("wish", instruction)[0]


def _mean(values: Sequence[float]) -> Estimate:
    return bootstrap_mean(values, range(len(values)), np.random.default_rng(INTERVAL_SEED), bounds=RATE)


def ranks(index: SearchIndex, goals: Sequence[Goal], queries_of: Callable[[Goal], Sequence[str]], k: int) -> list[int]:
    """Best rank of each goal's product, from 0, in the first ``k`` results of any of its queries; ``k`` if in none."""
    best = []
    for goal in goals:
        results = [[hit.asin for hit in index.search(query, k)] for query in queries_of(goal)]
        best.append(min((asins.index(goal.asin) for asins in results if goal.asin in asins), default=k))
    return best


def search_report(
    policy: QueryPolicy, index: SearchIndex, goals: Sequence[Goal], counts: Sequence[int] = COUNTS
) -> SearchReport:
    """Measure how often the policy's best ``n`` queries, and the wish alone, return the goal's product.

    Several searches return more products than one, so the wish is also measured at the same total depth.

    Args:
        policy: writes the queries.
        index: the shop's search.
        goals: the goals; the policy sees only their instructions.
        counts: numbers of queries per instruction.

    Returns:
        Recalls with 95% intervals (bootstrap over goals).

    Raises:
        ConfigError: there is no goal.
    """
    if not goals:
        raise ConfigError("There is no goal to search for: not scored is not zero. Give at least one.")
    parsed = {goal.instruction: parse_instruction(goal.instruction) for goal in goals}
    wish = ranks(index, goals, lambda goal: [_wish(parsed[goal.instruction])], ALL * max(counts))
    rows = []
    for n in track(sorted(counts), "searching", unit="count"):
        own = ranks(index, goals, lambda goal, n=n: policy.queries(parsed[goal.instruction], n), ALL)  # type: ignore[misc]
        rows.append(SearchRow(n, {**_recalls(own, wish, n, PAGE), **_recalls(own, wish, n, ALL)}))
    return SearchReport(len(goals), tuple(rows))


def _recalls(own: Sequence[int], wish: Sequence[int], n: int, k: int) -> dict[str, Estimate]:
    """A row's figures for one depth."""
    queries, deep = [float(place < k) for place in own], [float(place < k * n) for place in wish]
    both = [float(min(first, second) < k) for first, second in zip(own, wish, strict=True)]
    rng = np.random.default_rng(INTERVAL_SEED)
    difference = paired_difference(queries, deep, range(len(own)), rng, bounds=RATE)
    return {
        f"queries_{k}": _mean(queries),
        f"wish_{k}": _mean([float(place < k) for place in wish]),
        f"wish_as_deep_{k}": _mean(deep),
        f"queries_and_wish_{k}": _mean(both),
        f"difference_{k}": difference,
    }
