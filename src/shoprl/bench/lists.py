"""Measures how good ranked lists are, on goals whose wanted product and reward are known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from shoprl.bench.figures import Figures
from shoprl.errors import ConfigError
from shoprl.evaluation.statistics import INTERVAL_SEED, RATE, bootstrap_mean
from shoprl.policies.base import Policy
from shoprl.progress import track
from shoprl.recommender.recommend import recommend
from shoprl.recommender.scored import LENGTH, Place, scored
from shoprl.search.engine import RESULTS, SearchEngine
from shoprl.shop.goal import Goal
from shoprl.shop.session import Shop
from shoprl.tasks.instruction import WISH, parse_instruction
from shoprl.tasks.shop.options import named_options
from shoprl.tasks.shop.task import ShopTask

Interval = tuple[float, float]
Lists = Callable[[Sequence[str]], list[list[Place]]]
"""Requests -> a list of at most :data:`LENGTH` different products for each, best first."""


@dataclass(frozen=True)
class ListFigures(Figures):
    """How good a method's lists are; means over goals.

    Attributes:
        hit1: share of the lists that start with the goal's own product.
        mrr: mean of 1 / the place of that product, 0 where the list does not hold it.
        type5: share of the first five places that hold a product of the right kind (``r_type`` is 1).
        reward5: mean reward of buying the products of the first five places with the options listed.
        length: products in a list, at most ten.
        goals: how many there were.
        hit1_interval, mrr_interval, type5_interval, reward5_interval, length_interval: 95%, from resampling goals.

    An empty place counts 0.
    """

    hit1: float
    mrr: float
    type5: float
    reward5: float
    length: float
    goals: int
    hit1_interval: Interval
    mrr_interval: Interval
    type5_interval: Interval
    reward5_interval: Interval
    length_interval: Interval


def bench_lists(lists: Lists, shop: Shop, goals: Sequence[Goal]) -> ListFigures:
    """Have a list made for each goal's instruction, of which alone it may know, and score it.

    Raises:
        ConfigError: there is no goal, or not one list for each.
    """
    made = lists([goal.instruction for goal in goals])
    if len(made) != len(goals) or not goals:
        raise ConfigError(f"Each of the goals needs a list, and there must be one; found {len(made)} of {len(goals)}.")
    rows = np.array([scored(places[:LENGTH], shop, goal) for places, goal in zip(made, goals, strict=True)])
    bounds = (RATE, RATE, RATE, RATE, (0.0, float(LENGTH)))
    (hit1, mrr, type5, reward5, length), intervals = zip(*map(_mean, rows.T.tolist(), bounds), strict=True)
    return ListFigures(hit1, mrr, type5, reward5, length, len(goals), *intervals)


def _mean(values: Sequence[float], bounds: Interval) -> tuple[float, Interval]:
    estimate = bootstrap_mean(values, range(len(values)), np.random.default_rng(INTERVAL_SEED), bounds=bounds)
    return round(estimate.value, 4), (round(estimate.low, 4), round(estimate.high, 4))


def searched(engine: SearchEngine, shop: Shop, named: bool = False) -> Lists:
    """A search's own order of what it finds for the wish, the request without its price.

    Args:
        engine: finds.
        shop: sells.
        named: whether products are listed with the options that the wish names verbatim; otherwise with none.
    """

    def lists(requests: Sequence[str]) -> list[list[Place]]:
        wishes = [parse_instruction(request) for request in requests]
        found = engine.find_many([WISH(wish)[0].lower() for wish in wishes])
        return [
            [
                Place(asin, named_options(shop.catalog[asin], wish.wish) if named else {})
                for asin in [asin for asin in dict.fromkeys(asins) if asin in shop.catalog][:LENGTH]
            ]
            for wish, asins in zip(wishes, found, strict=True)
        ]

    return lists


@dataclass(frozen=True)
class Agent:
    """A policy's recommendations, as lists for goals and as a search engine for judged queries.

    Attributes:
        policy: recommends.
        task: the shop.
        runs: how often it shops for a request.
        seed: of its actions.
    """

    policy: Policy
    task: ShopTask
    runs: int
    seed: int

    def lists(self, requests: Sequence[str]) -> list[list[Place]]:
        """A list for each request; see :data:`Lists`."""
        return [
            [
                Place(each.asin, each.options)
                for each in recommend(self.policy, self.task, request, self.runs, LENGTH, self.seed)
            ]
            for request in track(requests, f"lists of {self.policy.name}", unit="request")
        ]

    def find_many(self, queries: Sequence[str]) -> list[list[str]]:
        """Lists as long as a search's, since products that nobody rated are left out of them."""
        return [
            [each.asin for each in recommend(self.policy, self.task, query, self.runs, RESULTS, self.seed)]
            for query in track(queries, f"lists of {self.policy.name}", unit="query")
        ]
