"""Whether a learned policy still finds what its shop's eval goals ask for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from shoprl.errors import GoalError
from shoprl.evaluation.statistics import INTERVAL_SEED, RATE, Estimate, paired_difference
from shoprl.policies.base import Policy
from shoprl.progress import track
from shoprl.recommender.recommend import recommend
from shoprl.recommender.scored import LENGTH, ListScores, Place, scored
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal
from shoprl.tasks.shop.task import ShopTask

RUNS = 3  # of a list; more cost time and change little of it


@dataclass(frozen=True, slots=True)
class Guard:
    """The lists of a policy less those of its parent, on the same goals.

    Attributes:
        goals: how many.
        hit1: of the share of lists that start with the goal's own product, in -1..1.
        reward5: of the mean reward of the first five places, in -1..1.
    """

    goals: int
    hit1: Estimate
    reward5: Estimate

    @property
    def worse(self) -> bool:
        """Whether an interval lies below zero."""
        return self.hit1.high < 0 or self.reward5.high < 0

    def to_json(self) -> dict[str, Any]:
        """The comparison as JSON."""
        differences = {"hit1_difference": self.hit1.to_json(), "reward5_difference": self.reward5.to_json()}
        return {"goals": self.goals, **differences, "worse": self.worse}


def eval_goals(read: Callable[[], ShopData]) -> ShopData | None:
    """A shop with its goals; None where none can be had."""
    try:
        return read()
    except GoalError:
        return None


def guarded(policies: Mapping[str, Policy], data: ShopData | None, first: int) -> dict[str, Guard]:
    """The lists that policies make for the first eval goals of a shop, compared with the parent's.

    Args:
        policies: ``parent`` and others.
        data: the shop and its goals; None for none.
        first: how many goals.

    Returns:
        Of each policy but the parent; empty where there are no goals.
    """
    goals = [] if data is None else [data.goals[index] for index in data.split.part("eval")[:first]]
    if data is None or not goals:
        return {}
    scores = {name: _scores(policy, data, goals, f"guard: {name}") for name, policy in policies.items()}
    before = scores.pop("parent")
    return {name: _compared(own, before) for name, own in scores.items()}


def _scores(policy: Policy, data: ShopData, goals: Sequence[Goal], label: str) -> list[ListScores]:
    task, made = ShopTask(data.shop), list[ListScores]()
    for goal in track(goals, label, unit="list"):
        items = recommend(policy, task, goal.instruction, RUNS, LENGTH)
        made.append(scored([Place(each.asin, each.options) for each in items], data.shop, goal))
    return made


def _compared(own: Sequence[ListScores], before: Sequence[ListScores]) -> Guard:
    difference = partial(paired_difference, clusters=range(len(own)), bounds=RATE)
    hit1, reward5 = (
        difference(
            [getattr(each, name) for each in own],
            [getattr(each, name) for each in before],
            rng=np.random.default_rng(INTERVAL_SEED),
        )
        for name in ("hit1", "reward5")
    )
    return Guard(len(own), hit1, reward5)
