"""Measures recommendations: the time of a warm one, and of the first one of a new process."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from shoprl.bench.figures import Figures
from shoprl.bench.process import memory_of, run_measured
from shoprl.errors import ConfigError
from shoprl.policies.base import Policy
from shoprl.recommender.recommend import recommend
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.task import ShopTask

REQUESTS = (
    "running shoes for men in black, size 10, under 80 dollars",
    "find me a long lasting lipstick in dark red, and price lower than 20.00 dollars",
    "i need a machine washable throw blanket",
    "usb c laptop charger 65w",
    "gluten free snacks",
    "a gift for someone who loves to cook",
    "wireless headphones with microphone, budget is $50",
    "large linen shirt for women, sky blue",
    "4k tv 55 inch",
    "something warm to wear in the garden, less than 40 dollars",
)
"""Where a shop has no goals: attributes, options and prices, keywords, and a wish without a product."""
WARM = 5  # requests answered before those that are timed
FRESH = 3  # processes of which the first answer is timed


@dataclass(frozen=True)
class RecommendFigures(Figures):
    """How fast recommendations are.

    Attributes:
        median_ms, p95_ms: milliseconds of one in a process that has answered before; no request is answered twice.
        first_answer_seconds: from the start of a new process to its end, after one recommendation; the median.
        first_answer_peak_mb: its peak resident memory; the highest.
        rss_mb: resident memory of the process that has answered all requests.
        length: products in a list, on average.
        requests, runs, products: how many requests were timed, runs for each, and products in the shop.
    """

    median_ms: float
    p95_ms: float
    first_answer_seconds: float
    first_answer_peak_mb: float
    rss_mb: float
    length: float
    requests: int
    runs: int
    products: int


def requests_of(data: ShopData, count: int, rng: np.random.Generator) -> list[str]:
    """Requests to measure with: instructions of goals of the eval split (of any, if it is empty), none twice.

    Args:
        data: the shop.
        count: how many at most.
        rng: draws them.
    """
    chosen = data.split.part("eval") or range(len(data.goals))
    drawn = rng.permutation(len(chosen))[: 2 * count].tolist()  # goals may share an instruction
    own = dict.fromkeys(data.goals[chosen[place]].instruction for place in drawn)
    return list(own or REQUESTS)[:count]


def bench_recommend(
    policy: Policy, task: ShopTask, requests: Sequence[str], runs: int, command: Sequence[str]
) -> RecommendFigures:
    """Time a recommendation for each request, after some that are not timed.

    Args:
        policy: recommends.
        task: the shop.
        requests: the first ones, at most :data:`WARM` and half of them, warm the process up.
        runs: how often the policy shops for one.
        command: what `shoprl recommend` takes besides the request, to be run in new processes.

    Raises:
        ConfigError: fewer than two requests.
        ShopRLError: a new process failed.
    """
    if len(requests) < 2:
        raise ConfigError(f"At least two requests are needed, one of them to warm up; found {len(requests)}.")
    warm = min(WARM, len(requests) // 2)
    spent, lengths = [], []
    for request in requests:
        start = time.perf_counter()
        found = recommend(policy, task, request, runs)
        spent.append(1e3 * (time.perf_counter() - start))
        lengths.append(len(found))
    middle, high = np.percentile(spent[warm:], [50, 95])
    resident = memory_of(os.getpid()).rss
    fresh = [run_measured(["recommend", request, *command]) for request in requests[:FRESH]]
    return RecommendFigures(
        median_ms=round(float(middle), 1),
        p95_ms=round(float(high), 1),
        first_answer_seconds=round(median(each.seconds for each in fresh), 2),
        first_answer_peak_mb=max(each.peak_mb for each in fresh),
        rss_mb=round(resident, 1),
        length=round(float(np.mean(lengths[warm:])), 2),
        requests=len(requests) - warm,
        runs=runs,
        products=len(task.shop.catalog),
    )
