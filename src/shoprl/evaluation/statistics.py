"""What is said of an agent: a value and the interval that the choice of goals leaves around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoprl.errors import ConfigError
from shoprl.rollouts.records import Episode

_CELLS = 4_000_000  # numbers drawn at a time, which bounds the memory (32 MB)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval, all in the unit of the value."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        """A JSON-able form."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Summary:
    """How an agent did on a set of episodes.

    Attributes:
        episodes: how many there were.
        success_rate: share of episodes with reward exactly 1, in 0..1.
        score: 100 x mean reward, in 0..100.
    """

    episodes: int
    success_rate: Estimate
    score: Estimate

    def to_json(self) -> dict[str, Any]:
        """A JSON-able form: a row of the agents' table of a report."""
        return {
            "episodes": self.episodes,
            "success_rate": self.success_rate.value,
            "success_rate_interval": [self.success_rate.low, self.success_rate.high],
            "score": self.score.value,
            "score_interval": [self.score.low, self.score.high],
        }


def bootstrap_mean(
    values: Sequence[float],
    clusters: Sequence[int],
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """The mean of ``values`` with a percentile interval from resampling whole clusters.

    Episodes of one goal are alike, so the goal, not the episode, is what is resampled. Clusters may differ in size:
    each draw is the ratio of the resampled clusters' sums to their counts (percentile interval: Efron & Tibshirani,
    "An Introduction to the Bootstrap", 1993, chapter 13). Values that are all equal, or all of one cluster, give an
    interval of no width: such data do not show what another goal would have brought.

    Args:
        values: one number an episode.
        clusters: the goal index of each, in the same order.
        rng: where the draws come from.
        draws: how many times the clusters are resampled.
        level: the interval's coverage, in (0, 1).

    Raises:
        ConfigError: nothing to average, unequal lengths, a value not finite, or ``draws`` or ``level`` out of range.
    """
    array = _checked(values, clusters)
    if draws < 1 or not 0 < level < 1:
        raise ConfigError(f"draws must be at least 1 and level within (0, 1); found draws={draws}, level={level}.")
    _, members = np.unique(np.asarray(clusters), return_inverse=True)
    sums, counts = np.bincount(members, weights=array).astype(np.float64), np.bincount(members)
    means = _resampled_means(sums, counts, rng, draws)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(array.mean()), float(low), float(high))


def paired_difference(
    a: Sequence[float],
    b: Sequence[float],
    clusters: Sequence[int],
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """The mean of ``a`` - ``b``, two agents' numbers on the same goals in the same order, with its interval.

    Raises:
        ConfigError: as :func:`bootstrap_mean`, or ``a`` and ``b`` differ in length.
    """
    if len(a) != len(b):
        raise ConfigError(
            f"A paired difference needs both agents on the same goals; found {len(a)} and {len(b)} episodes. "
            "Evaluate both on one split."
        )
    difference = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    return bootstrap_mean(difference.tolist(), clusters, rng, draws, level)


def summarize(episodes: Sequence[Episode], rng: np.random.Generator) -> Summary:
    """Success rate and score of ``episodes`` with 95% intervals (bootstrap over goals).

    Raises:
        ConfigError: there are no episodes. Not scored is not zero.
    """
    if not episodes:
        raise ConfigError("There are no episodes to summarize: not scored is not zero. Play at least one goal.")
    goals = [episode.goal_index for episode in episodes]
    return Summary(
        episodes=len(episodes),
        success_rate=bootstrap_mean([float(episode.success) for episode in episodes], goals, rng),
        score=bootstrap_mean([100 * episode.reward for episode in episodes], goals, rng),
    )


def _checked(values: Sequence[float], clusters: Sequence[int]) -> NDArray[np.float64]:
    """``values`` as an array, or the error that says why they cannot be averaged."""
    if len(values) == 0:
        raise ConfigError("There are no values to average: not scored is not zero. Play at least one goal.")
    if len(values) != len(clusters):
        raise ConfigError(f"Each value needs its cluster; found {len(values)} values and {len(clusters)} clusters.")
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        position = int(np.flatnonzero(~np.isfinite(array))[0])
        raise ConfigError(f"Value {position} is {array[position]}, which cannot be averaged. Look at that episode.")
    return array


def _resampled_means(
    sums: NDArray[np.float64], counts: NDArray[np.intp], rng: np.random.Generator, draws: int
) -> NDArray[np.float64]:
    """The mean in each of ``draws`` resamples (with replacement) of the clusters; shape (draws,)."""
    size = len(sums)
    means = np.empty(draws)
    step = max(1, _CELLS // size)
    for start in range(0, draws, step):
        picked = rng.integers(size, size=(min(step, draws - start), size))
        means[start : start + len(picked)] = sums[picked].sum(axis=1) / counts[picked].sum(axis=1)
    return means
