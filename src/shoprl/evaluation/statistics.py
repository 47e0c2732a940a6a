"""Statistics of policies: estimates with intervals, comparisons and sample sizes."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoprl.errors import ConfigError
from shoprl.evaluation.student_t import student_t
from shoprl.rollouts.records import Episode

INTERVAL_SEED = 0  # of the bootstrap
RATE, POINTS = (0.0, 1.0), (0.0, 100.0)  # the ranges of a success rate and of a score
_CELLS = 4_000_000  # numbers drawn at once, which bounds the memory (32 MB)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval, in the unit of the value."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        """The estimate as JSON."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Summary:
    """Success rate and score of a policy on some episodes.

    Attributes:
        episodes: number of episodes.
        success_rate: share of episodes with reward exactly 1, in 0..1.
        score: 100 x mean reward, in 0..100.
    """

    episodes: int
    success_rate: Estimate
    score: Estimate

    def to_json(self) -> dict[str, Any]:
        """The summary as JSON: a row of a report's table."""
        return {
            "episodes": self.episodes,
            "success_rate": self.success_rate.value,
            "success_rate_interval": [self.success_rate.low, self.success_rate.high],
            "score": self.score.value,
            "score_interval": [self.score.low, self.score.high],
        }


@dataclass(frozen=True, slots=True)
class McNemar:
    """McNemar's test of two policies on the same goals.

    Attributes:
        only_first, only_second: number of goals on which only the first, or only the second, succeeds.
        p_value: probability of a split of those goals at least as uneven under the null hypothesis, in (0, 1].
    """

    only_first: int
    only_second: int
    p_value: float


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """The first policy less the second, on the same goals.

    Attributes:
        episodes: number of episodes of each policy.
        success_rate_difference: in -1..1.
        score_difference: in points, -100..100.
        mcnemar: the test of the success rates; None if a goal occurs more than once.
    """

    episodes: int
    success_rate_difference: Estimate
    score_difference: Estimate
    mcnemar: McNemar | None

    def to_json(self) -> dict[str, object]:
        """The comparison as JSON."""
        return asdict(self)


def bootstrap_mean(
    values: Sequence[float],
    clusters: Sequence[int],
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
) -> Estimate:
    """The mean of ``values`` with a percentile interval from resampling whole clusters.

    Episodes on one goal are correlated, so goals are resampled, not episodes. Clusters may differ in size: each draw is
    the ratio of the resampled clusters' sums to their counts (percentile interval: Efron & Tibshirani, "An Introduction
    to the Bootstrap", 1993, chapter 13). If all clusters agree, the resamples do too and say nothing of the variation
    over goals; then the interval is that of :func:`agreeing`, or of zero width without ``bounds``.

    Args:
        values: one number per episode.
        clusters: the goal index of each, in the same order.
        rng: of the draws.
        draws: number of resamples.
        level: the interval's coverage, in (0, 1).
        bounds: lowest and highest possible value; None if there are none.

    Raises:
        ConfigError: no values, unequal lengths, a value that is not finite, or ``draws`` or ``level`` out of range.
    """
    array = _checked(values, clusters)
    if draws < 1 or not 0 < level < 1:
        raise ConfigError(f"draws must be at least 1 and level within (0, 1); found draws={draws}, level={level}.")
    _, members = np.unique(np.asarray(clusters), return_inverse=True)
    sums, counts = np.bincount(members, weights=array).astype(np.float64), np.bincount(members)
    means = np.empty(draws)
    step = max(1, _CELLS // len(sums))
    for start in range(0, draws, step):
        picked = rng.integers(len(sums), size=(min(step, draws - start), len(sums)))  # clusters of each resample
        means[start : start + len(picked)] = sums[picked].sum(axis=1) / counts[picked].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    if bounds is not None and np.ptp(own := sums / counts) <= 1e-9 * max(1.0, float(np.abs(own).max())):
        return agreeing(float(array.mean()), len(sums), bounds, level)
    return Estimate(float(array.mean()), float(low), float(high))


def agreeing(value: float, clusters: int, bounds: tuple[float, float], level: float = 0.95) -> Estimate:
    """An interval of the mean where all clusters have the same one.

    By Wilson's score interval for n of n (Wilson, "Probable inference, the law of succession, and statistical
    inference", JASA 22, 1927), as little as 1 - w of all clusters may agree, w = z^2 / (n + z^2); the mean of the
    others may be anywhere in the bounds. For a rate of 0 or 1 this is Wilson's interval.

    Args:
        value: the mean.
        clusters: their number n.
        bounds: lowest and highest possible value.
        level: the interval's coverage, in (0, 1).
    """
    squared = NormalDist().inv_cdf((1 + level) / 2) ** 2
    others = squared / (clusters + squared)
    below, above = max(0.0, value - bounds[0]), max(0.0, bounds[1] - value)
    return Estimate(value, value - others * below, value + others * above)


def paired_difference(
    a: Sequence[float],
    b: Sequence[float],
    clusters: Sequence[int],
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
) -> Estimate:
    """The mean of ``a`` - ``b``, two policies' values on the same goals in the same order, with its interval.

    Args:
        a: one number per episode of the first policy.
        b: of the second.
        clusters: the goal index of each, in the same order.
        rng: of the draws.
        draws: number of resamples.
        level: the interval's coverage, in (0, 1).
        bounds: lowest and highest possible value of each policy; None if there are none.

    Raises:
        ConfigError: as :func:`bootstrap_mean`, or ``a`` and ``b`` differ in length.
    """
    if len(a) != len(b):
        raise ConfigError(
            f"A paired difference needs both policies on the same goals; found {len(a)} and {len(b)} episodes. "
            "Evaluate both on one split."
        )
    difference = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    widest = None if bounds is None else (bounds[0] - bounds[1], bounds[1] - bounds[0])
    return bootstrap_mean(difference.tolist(), clusters, rng, draws, level, widest)


def summarize(episodes: Sequence[Episode], rng: np.random.Generator) -> Summary:
    """Success rate and score of ``episodes`` with 95% intervals (bootstrap over goals; Wilson's where goals agree).

    Raises:
        ConfigError: there are no episodes.
    """
    if not episodes:
        raise ConfigError("There are no episodes to summarize: not scored is not zero. Run at least one goal.")
    goals = [episode.goal_index for episode in episodes]
    return Summary(
        episodes=len(episodes),
        success_rate=bootstrap_mean([float(episode.success) for episode in episodes], goals, rng, bounds=RATE),
        score=bootstrap_mean([100 * episode.earned for episode in episodes], goals, rng, bounds=POINTS),
    )


def mcnemar(a: Sequence[bool], b: Sequence[bool]) -> McNemar:
    """McNemar's exact two-sided test of whether two policies succeed equally often on the same goals in the same order.

    Under the null hypothesis, of the n goals on which only one policy succeeds, the first succeeds on X ~ Binomial(n,
    1/2); p = min(1, 2 P(X <= the smaller count)), or 1 if n = 0 (McNemar, "Note on the sampling error of the difference
    between correlated proportions or percentages", Psychometrika 12, 1947). Pairs must be independent: use one episode
    per goal.

    Raises:
        ConfigError: there are no episodes, or ``a`` and ``b`` differ in length.
    """
    if len(a) != len(b) or len(a) == 0:
        raise ConfigError(
            f"McNemar's test needs both policies on the same goals; found {len(a)} and {len(b)} episodes. "
            "Evaluate both on one split."
        )
    pairs = [(bool(first), bool(second)) for first, second in zip(a, b, strict=True)]
    only_first, only_second = pairs.count((True, False)), pairs.count((False, True))
    n, ways, tail = only_first + only_second, 1, 0
    for k in range(min(only_first, only_second) + 1):
        tail += ways
        ways = ways * (n - k) // (k + 1)  # integer binomial coefficients: no rounding, no underflow
    return McNemar(only_first, only_second, min(1.0, 2 * tail / 2**n))


def compare_paired(first: Sequence[Episode], second: Sequence[Episode]) -> PairedComparison:
    """Compare two policies' episodes on the same goals in the same order, ``first`` less ``second``.

    The intervals are 95% bootstraps over goals with a fixed seed, so that a comparison is reproducible.

    Raises:
        ConfigError: there are no episodes, or the goals differ; the message names the first difference.
    """
    goals, others = ([episode.goal_index for episode in episodes] for episodes in (first, second))
    for place, (goal, other) in enumerate(zip(goals, others, strict=False)):
        if goal != other:
            raise ConfigError(
                f"Episode {place} is of goal {goal} for the first policy and of goal {other} for the second. "
                "Evaluate both on the same goals in the same order."
            )
    won, lost = ([episode.success for episode in episodes] for episodes in (first, second))
    points, others_points = ([100 * episode.earned for episode in episodes] for episodes in (first, second))
    rate, score = (np.random.default_rng(INTERVAL_SEED) for _ in range(2))
    return PairedComparison(
        episodes=len(goals),
        success_rate_difference=paired_difference(won, lost, goals, rate, bounds=RATE),
        score_difference=paired_difference(points, others_points, goals, score, bounds=POINTS),
        mcnemar=mcnemar(won, lost) if len(set(goals)) == len(goals) else None,
    )


def over_seeds(values: Sequence[float], level: float = 0.95) -> Estimate:
    """The mean over training seeds with Student's t interval.

    Args:
        values: one number per seed, such as the success rate of the policy trained with it.
        level: the interval's coverage, in (0, 1).

    Raises:
        ConfigError: fewer than two values, a value that is not finite, or ``level`` out of range.
    """
    if len(values) < 2:
        raise ConfigError(f"One seed shows no spread; found {len(values)}. Train and evaluate with at least two seeds.")
    if not 0 < level < 1:
        raise ConfigError(f"level must be within (0, 1); found {level}.")
    array = _checked(values, range(len(values)))
    half = student_t(level, len(array) - 1) * float(array.std(ddof=1)) / math.sqrt(len(array))
    return Estimate(float(array.mean()), float(array.mean()) - half, float(array.mean()) + half)


def goals_needed(
    difference: float = 0.05,
    first: float = 0.5,
    level: float = 0.95,
    power: float = 0.8,
    correlation: float = 0.0,
) -> int:
    """Number of goals needed to detect a difference between two policies' success rates.

    n = (z(level) + z(power))^2 (p1 q1 + p2 q2 - 2 correlation sqrt(p1 q1 p2 q2)) / difference^2, with q = 1 - p: the
    normal approximation with unpooled variance (Chow, Shao & Wang, "Sample Size Calculations in Clinical Research",
    section 4.2, less the covariance where the goals are the same; the pooled variance of Fleiss, Levin & Paik,
    "Statistical Methods for Rates and Proportions", chapter 4, needs a few goals more).
    Rough below about 200 goals.

    Args:
        difference: the second policy's success rate less the first's, such as 0.05 for 5 points.
        first: the first policy's success rate.
        level: 1 less the probability of a false positive; the test is two-sided.
        power: the probability of detecting a difference of this size.
        correlation: between the two policies' successes on a goal; 0 if they have different goals (unpaired).

    Raises:
        ConfigError: no difference, a rate, level or power outside (0, 1), or a correlation that these rates exclude.
    """
    second = first + difference
    if difference == 0 or not (0 < first < 1 and 0 < second < 1 and 0 < level < 1 and 0 < power < 1):
        raise ConfigError(
            "goals_needed takes a difference other than 0 and rates, level and power within (0, 1); found rates "
            f"{first} and {second}, level {level}, power {power}."
        )
    spread = math.sqrt(first * (1 - first) * second * (1 - second))
    both = first * second + correlation * spread  # the probability that both succeed on a goal
    if not max(0.0, first + second - 1) <= both <= min(first, second):
        raise ConfigError(f"Success rates of {first} and {second} cannot have a correlation of {correlation}.")
    variance = first * (1 - first) + second * (1 - second) - 2 * correlation * spread
    quantiles = NormalDist().inv_cdf((1 + level) / 2) + NormalDist().inv_cdf(power)
    return math.ceil(quantiles**2 * variance / difference**2)


def _checked(values: Sequence[float], clusters: Sequence[int]) -> NDArray[np.float64]:
    """``values`` as an array.

    Raises:
        ConfigError: they cannot be averaged.
    """
    if len(values) == 0:
        raise ConfigError("There are no values to average: not scored is not zero. Run at least one goal.")
    if len(values) != len(clusters):
        raise ConfigError(f"Each value needs its cluster; found {len(values)} values and {len(clusters)} clusters.")
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        position = int(np.flatnonzero(~np.isfinite(array))[0])
        raise ConfigError(f"Value {position} is {array[position]}, which cannot be averaged. Check its source.")
    return array
