"""Off-policy evaluation: estimates what an arm, or another allocation, would have earned from a log of rollouts.

Each rollout is weighted by the probability of its arm under the target divided by that under the log's allocation (its
propensity). Source: Dudík, Langford & Li, "Doubly Robust Policy Evaluation and Learning" (arXiv 1103.4601). For lists
of recommendations see :mod:`shoprl.evaluation.lists`.

The allocation may be adaptive, as in Thompson sampling: if every propensity is the true probability of its arm given
the past, the rollouts' errors are a martingale difference sequence, so that the mean is unbiased and its variance is
estimated by the sum of squared deviations over n^2 (Hadad et al., "Confidence Intervals for Policy Evaluation in
Adaptive Experiments", arXiv 1911.02768). As that paper shows, the normal 95% intervals are valid only if many rollouts
carry the weight (:func:`effective_sample_size`); they fail, mostly around too low a value, if the propensities of the
target's arms approach 0. Intervals are not clipped to the rewards' range.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shoprl.errors import ConfigError
from shoprl.evaluation.statistics import Estimate
from shoprl.evaluation.weighting import Floats, corrected, interval, kish, mean, normalised

Target = Mapping[str, float]  # arm -> its probability; 0 for missing arms
RewardModel = Callable[[int, str], float]  # (goal index, arm) -> expected reward


@dataclass(frozen=True, slots=True)
class Log:
    """Logged rollouts in order.

    Attributes:
        arms: name of each rollout's arm.
        propensities: the probability with which that arm was chosen, in (0, 1].
        rewards: in any unit.
        goals: goal indices; only needed for a callable reward model.

    Raises:
        ConfigError: no rollouts, unequal lengths, a propensity outside (0, 1], or a reward that is not finite.
    """

    arms: Sequence[str]
    propensities: Sequence[float]
    rewards: Sequence[float]
    goals: Sequence[int] = ()

    def __post_init__(self) -> None:
        count = len(self.arms)
        if count == 0:
            raise ConfigError("The log holds no rollouts: not scored is not zero. Run some first.")
        lengths = (len(self.propensities), len(self.rewards), len(self.goals) or count)
        if lengths != (count,) * 3:
            raise ConfigError(f"A log needs {count} propensities, rewards and goals for {count} arms; found {lengths}.")
        for place, (propensity, reward) in enumerate(zip(self.propensities, self.rewards, strict=True)):
            if not (0 < propensity <= 1 and math.isfinite(reward)):
                raise ConfigError(
                    f"Rollout {place} has propensity {propensity} and reward {reward}; a propensity is within (0, 1] "
                    "and a reward is finite. Log the probability with which the arm was chosen."
                )


def ips(log: Log, target: Target) -> Estimate:
    """Inverse propensity score: the mean of weight x reward. Unbiased, with high variance for small propensities.

    Args:
        log: the rollouts.
        target: arm -> probability; usually one arm with probability 1.

    Returns:
        The expected reward under the target, in the rewards' unit, with a normal 95% interval.

    Raises:
        ConfigError: the target does not sum to 1, or has an arm that is not in the log.
    """
    return mean(_weights(log, target) * np.asarray(log.rewards, dtype=np.float64))


def snips(log: Log, target: Target) -> Estimate:
    """Self-normalised :func:`ips`: the weighted mean of the rewards. Within their range, with a bias of order 1/n.

    The interval is by the delta method, with residuals weight x (reward - value) over the sum of the weights.
    """
    return interval(*normalised(_weights(log, target), np.asarray(log.rewards, dtype=np.float64)))


def doubly_robust(log: Log, target: Target, model: RewardModel | Floats | None = None) -> Estimate:
    """A reward model's mean under the target plus the inverse-propensity-weighted mean of its errors.

    Unbiased like :func:`ips` for any model that does not depend on the rollout that it predicts; the better the model,
    the lower the variance.

    Args:
        log: the rollouts; a callable model needs their goals.
        target: as for :func:`ips`.
        model: expected rewards, as a callable or an array of shape (rollouts, arms of ``target`` in its order). By
            default each arm's mean reward over earlier rollouts (later ones depend on this one and would bias the
            estimate); the mean over all arms if it has none yet, and 0 for the first rollout.

    Raises:
        ConfigError: as :func:`ips`, or the model has another shape, or the log no goals for it.
    """
    weights, rewards, names = _weights(log, target), np.asarray(log.rewards, dtype=np.float64), list(target)
    expected = _expected(log, names, model)
    played = np.asarray(log.arms)[:, None] == np.asarray(names)
    guess = (played * expected).sum(axis=1)  # 0 for an arm that is not in the target, whose weight is 0
    return mean(corrected(expected @ np.fromiter(target.values(), dtype=np.float64), weights, rewards, guess))


def effective_sample_size(log: Log, target: Target) -> float:
    """Kish's effective sample size of the log for the target: (sum of weights)^2 / sum of squared weights."""
    return kish(_weights(log, target))


def _weights(log: Log, target: Target) -> Floats:
    """Each rollout's probability under the target over its propensity; shape (rollouts,)."""
    chances = list(target.values())
    if not all(chance >= 0 for chance in chances) or not math.isclose(sum(chances), 1, abs_tol=1e-9):
        raise ConfigError(f"A target's probabilities are at least 0 and sum to 1; found {dict(target)}.")
    unknown = sorted({arm for arm, chance in target.items() if chance > 0} - set(log.arms))
    if unknown:
        raise ConfigError(f"The log has no rollouts of {unknown}, only of {set(log.arms)}. Choose other arms.")
    return np.array([target.get(arm, 0.0) for arm in log.arms]) / np.asarray(log.propensities, dtype=np.float64)


def _expected(log: Log, names: Sequence[str], model: RewardModel | Floats | None) -> Floats:
    """Expected reward of each named arm at each rollout; shape (rollouts, names)."""
    if model is None:
        return np.stack([_mean_before(log, name) for name in names], axis=1)
    if callable(model):
        if len(log.goals) == 0:
            raise ConfigError("A reward model is asked about goals, and the log has none. Give Log(goals=...).")
        return np.array([[model(goal, name) for name in names] for goal in log.goals], dtype=np.float64)
    array = np.asarray(model, dtype=np.float64)
    if array.shape != (len(log.arms), len(names)):
        raise ConfigError(f"The model must have shape {(len(log.arms), len(names))}; found {array.shape}.")
    return array


def _mean_before(log: Log, name: str) -> Floats:
    """The arm's mean reward before each rollout, or that of all arms if it has none; shape (rollouts,)."""
    rewards, played = np.asarray(log.rewards, dtype=np.float64), np.asarray(log.arms) == name
    own, count = np.cumsum(rewards * played) - rewards * played, np.cumsum(played) - played
    every, place = np.cumsum(rewards) - rewards, np.arange(len(rewards))
    return np.where(count > 0, own / np.maximum(count, 1), every / np.maximum(place, 1))
