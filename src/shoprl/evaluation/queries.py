"""How good a query policy is: its words against those that people typed, and what its searches find in a shop."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shoprl.errors import ConfigError
from shoprl.evaluation.json_records import Record
from shoprl.evaluation.statistics import INTERVAL_SEED, Estimate, bootstrap_mean, paired_difference
from shoprl.policies.query.data import Typed
from shoprl.policies.query.policy import QueryPolicy
from shoprl.progress import track
from shoprl.search.index import SearchIndex
from shoprl.shop.goal import Goal
from shoprl.tasks.instruction import Instruction, parse_instruction, queries_for, terms_of

PAGE, ALL = 10, 50  # products that a search shows first, and in all
COUNTS = (1, 2, 3, 5)  # queries an instruction


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a query's search terms agree with those of the closest of people's queries, all in 0..1.

    Attributes:
        precision: share of the query's terms that the other holds.
        recall: share of the other's terms that the query holds.
        f1: their harmonic mean, by which the closest query is chosen.
        exact: 1 where both search for the same terms.
    """

    precision: float
    recall: float
    f1: float
    exact: float


@dataclass(frozen=True)
class WordReport(Record):
    """Agreement with people's queries.

    Attributes:
        instructions: how many.
        query, wish: of the policy's best query and of the whole wish: name of a measure of :class:`Agreement` -> its
            mean with a 95% interval (bootstrap over instructions).
    """

    instructions: int
    query: Mapping[str, Estimate]
    wish: Mapping[str, Estimate]


@dataclass(frozen=True)
class SearchRow(Record):
    """Recall by the best ``n`` queries of each goal.

    Attributes:
        n: how many queries.
        recalls: ``queries``, ``wish``, ``wish_as_deep`` (n pages, n times 50) and ``queries_and_wish`` in the first
            page (``_10``) and in all that a search shows (``_50``), with 95% intervals (bootstrap over goals);
            ``difference`` is queries less the wish as deep. In JSON they stand beside ``n``.
    """

    n: int
    recalls: Mapping[str, Estimate]

    def to_json(self) -> dict[str, object]:
        """The JSON object."""
        return {"n": self.n, **{name: recall.to_json() for name, recall in self.recalls.items()}}


@dataclass(frozen=True)
class SearchReport(Record):
    """Whether the product of each goal is among the results: how many goals, and a row for each count of queries."""

    goals: int
    rows: tuple[SearchRow, ...]


@dataclass(frozen=True)
class QueryResults(Record):
    """The results of a query policy's training.

    Attributes:
        model: kind of the policy.
        split: that was measured.
        instructions: name of a split -> how many have people's queries.
        last: the last row of the log.
        words, search: None where there was nothing to measure.
    """

    model: str
    split: str
    instructions: Mapping[str, int]
    last: Mapping[str, float]
    words: WordReport | None = None
    search: SearchReport | None = None


MEASURES = ("precision", "recall", "f1", "exact")


def agreement(query: str, typed: Sequence[str]) -> Agreement:
    """Hold a query against those that people typed for the same instruction."""
    return max((_against(terms_of(query), terms_of(other)) for other in typed), key=lambda found: found.f1)


def _against(terms: frozenset[str], other: frozenset[str]) -> Agreement:
    both = len(terms & other)
    if not both:
        return Agreement(0.0, 0.0, 0.0, 0.0)
    return Agreement(both / len(terms), both / len(other), 2 * both / (len(terms) + len(other)), float(terms == other))


def word_report(policy: QueryPolicy, data: Sequence[Typed]) -> WordReport:
    """The policy's best query, and the whole wish, against the closest of people's queries.

    Raises:
        ConfigError: there is no instruction. Not scored is not zero.
    """
    if not data:
        raise ConfigError("This part of the pairs holds no instruction to score queries on. Choose another part.")
    instructions = [parse_instruction(typed.instruction) for typed in data]

    def agreed(name: str, query_of: Callable[[Instruction], str]) -> dict[str, Estimate]:
        asked = track(instructions, f"words of the {name}", unit="text")
        rows = [agreement(query_of(each), typed.queries) for each, typed in zip(asked, data, strict=True)]
        return {measure: _mean([getattr(row, measure) for row in rows]) for measure in MEASURES}

    query = agreed("query", lambda each: policy.queries(each, 1)[0])
    return WordReport(len(data), query, agreed("wish", _wish))


def _wish(instruction: Instruction) -> str:
    return queries_for("wish", instruction)[0]


def _mean(values: Sequence[float]) -> Estimate:
    return bootstrap_mean(values, range(len(values)), np.random.default_rng(INTERVAL_SEED))


def ranks(index: SearchIndex, goals: Sequence[Goal], queries_of: Callable[[Goal], Sequence[str]], k: int) -> list[int]:
    """Best place of each goal's product, from 0, in the first ``k`` products of any of its queries; else ``k``."""
    found = []
    for goal in goals:
        places = [[hit.asin for hit in index.search(query, k)] for query in queries_of(goal)]
        found.append(min((asins.index(goal.asin) for asins in places if goal.asin in asins), default=k))
    return found


def search_report(
    policy: QueryPolicy, index: SearchIndex, goals: Sequence[Goal], counts: Sequence[int] = COUNTS
) -> SearchReport:
    """Whether the goal's product is found: by the best ``n`` queries together, and by the whole wish alone.

    Several searches show more products than one, so the wish is also read as far down as they go together.

    Args:
        policy: writes the queries.
        index: the shop's search.
        goals: whose products are looked for; only their instructions reach the policy.
        counts: how many queries an instruction.

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
    difference = paired_difference(queries, deep, range(len(own)), np.random.default_rng(INTERVAL_SEED))
    return {
        f"queries_{k}": _mean(queries),
        f"wish_{k}": _mean([float(place < k) for place in wish]),
        f"wish_as_deep_{k}": _mean(deep),
        f"queries_and_wish_{k}": _mean(both),
        f"difference_{k}": difference,
    }
