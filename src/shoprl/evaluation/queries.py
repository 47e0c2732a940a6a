"""How good a query policy is: its words against those that people typed, and what its searches find in a shop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shoprl.errors import ConfigError
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


MEASURES = ("precision", "recall", "f1", "exact")


def agreement(query: str, typed: Sequence[str]) -> Agreement:
    """Hold a query against those that people typed for the same instruction."""
    return max((_against(terms_of(query), terms_of(other)) for other in typed), key=lambda found: found.f1)


def _against(terms: frozenset[str], other: frozenset[str]) -> Agreement:
    both = len(terms & other)
    if not both:
        return Agreement(0.0, 0.0, 0.0, 0.0)
    return Agreement(both / len(terms), both / len(other), 2 * both / (len(terms) + len(other)), float(terms == other))


def word_report(policy: QueryPolicy, data: Sequence[Typed]) -> dict[str, Any]:
    """The policy's best query, and the whole wish, against the closest of people's queries.

    Returns:
        ``instructions``, and under ``query`` and ``wish`` each measure of :class:`Agreement`: its mean and 95%
        interval (bootstrap over instructions).

    Raises:
        ConfigError: there is no instruction. Not scored is not zero.
    """
    if not data:
        raise ConfigError("This part of the pairs holds no instruction to score queries on. Choose another part.")
    instructions = [parse_instruction(typed.instruction) for typed in data]
    found: dict[str, Any] = {"instructions": len(data)}
    for name, query_of in (("query", lambda each: policy.queries(each, 1)[0]), ("wish", _wish)):
        asked = track(instructions, f"words of the {name}", unit="text")
        rows = [agreement(query_of(each), typed.queries) for each, typed in zip(asked, data, strict=True)]
        found[name] = {measure: _mean([getattr(row, measure) for row in rows]).to_json() for measure in MEASURES}
    return found


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
) -> dict[str, Any]:
    """Whether the goal's product is found: by the best ``n`` queries together, and by the whole wish alone.

    Several searches show more products than one, so the wish is also read as far down as they go together.

    Args:
        policy: writes the queries.
        index: the shop's search.
        goals: whose products are looked for; only their instructions reach the policy.
        counts: how many queries an instruction.

    Returns:
        ``goals``; and a row for each count under ``rows``: ``n``, and the recall in the first page (``_10``) and in all
        that a search shows (``_50``) of ``queries``, ``wish``, ``wish_as_deep`` (n pages, n times 50) and
        ``queries_and_wish``, with 95% intervals (bootstrap over goals); ``difference`` is queries less the wish as
        deep.

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
        rows.append({"n": n, **_recalls(own, wish, n, PAGE), **_recalls(own, wish, n, ALL)})
    return {"goals": len(goals), "rows": rows}


def _recalls(own: Sequence[int], wish: Sequence[int], n: int, k: int) -> dict[str, Any]:
    """A row's figures for one depth."""
    queries, deep = [float(place < k) for place in own], [float(place < k * n) for place in wish]
    both = [float(min(first, second) < k) for first, second in zip(own, wish, strict=True)]
    difference = paired_difference(queries, deep, range(len(own)), np.random.default_rng(INTERVAL_SEED))
    return {
        f"queries_{k}": _mean(queries).to_json(),
        f"wish_{k}": _mean([float(place < k) for place in wish]).to_json(),
        f"wish_as_deep_{k}": _mean(deep).to_json(),
        f"queries_and_wish_{k}": _mean(both).to_json(),
        f"difference_{k}": difference.to_json(),
    }
