"""Evaluation of a policy on goals: success rate and score with intervals, and decisions per second."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from shoprl.evaluation.statistics import INTERVAL_SEED, RATE, Estimate, Summary, bootstrap_mean, summarize
from shoprl.policies.base import Decode, Policy
from shoprl.rollouts.records import Episode
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.goal import Goal
from shoprl.tasks.base import Task

G = TypeVar("G")


@dataclass(frozen=True)
class Evaluation:
    """The result of an evaluation.

    Attributes:
        summary: success rate and score with 95% intervals (bootstrap over goals).
        episodes: one per goal.
        decisions_per_second: actions per second of wall time, environment steps included.
    """

    summary: Summary
    episodes: Sequence[Episode]
    decisions_per_second: float

    def to_json(self) -> dict[str, object]:
        """The result as JSON, without the episodes."""
        return {**self.summary.to_json(), "decisions_per_second": round(self.decisions_per_second, 1)}


def evaluate(
    policy: Policy,
    task: Task[G],
    goals: Sequence[tuple[int, G]],
    decode: Decode = "greedy",
    seed: int = 0,
    label: str | None = None,
) -> Evaluation:
    """Run a policy once on each goal; see :func:`shoprl.rollouts.runner.run_episodes` for the arguments."""
    start = time.perf_counter()
    episodes = run_episodes(policy, task, goals, seed, decode, label)
    seconds = time.perf_counter() - start
    decisions = sum(len(episode.decisions) for episode in episodes)
    summary = summarize(episodes, np.random.default_rng(INTERVAL_SEED))
    return Evaluation(summary, episodes, decisions / seconds)


def success_on(
    episodes: Sequence[Episode], goals: Sequence[Goal], products: Collection[str]
) -> tuple[Estimate | None, int]:
    """Success rate on the goals whose product is not in ``products``.

    Args:
        episodes: any episodes.
        goals: the list that their goal indices point into.
        products: ASINs to leave out, such as those a policy was trained on.

    Returns:
        The estimate, or None if no goal is left, and the number of episodes.
    """
    left = [episode for episode in episodes if goals[episode.goal_index].asin not in products]
    if not left:
        return None, 0
    values = [float(episode.success) for episode in left]
    clusters = [episode.goal_index for episode in left]
    return bootstrap_mean(values, clusters, np.random.default_rng(INTERVAL_SEED), bounds=RATE), len(left)
