"""Off-policy evaluation of lists: what another policy's recommendations would have earned, from a log of decisions.

Each decision lists items at places 1, 2, ...; the log keeps the probability of each at its place, and what it earned.
The value is the expected sum of rewards of a list. Two readings of what people do:

- ``cascade``: they look from the top down, and what an item earns may depend on all above it. The weight of a place is
  the product of the ratios (the target's probability over the logged one) of the places down to it. McInerney et al.,
  "Counterfactual Evaluation of Slate Recommendations with Sequential Reward Interactions" (RIPS, arXiv 2007.12986).
  The probabilities are those of an item given the ones above it, as the service logs them.
- ``independent``: what an item earns depends on it and its place alone, so that a place's weight is its own ratio. Li
  et al., "Offline Evaluation of Ranking Policies with Click Models" (IIPS, arXiv 1804.10488). Narrower for long lists.
  The probabilities are then *marginal*: of the item at its place, whatever stands above. Conditional ones, where items
  are drawn without replacement, keep the log's distribution of what stands above, and give a biased value from the
  second place on.

**When the intervals are not valid.** They are normal ones, of decisions that are independent of each other or whose
probabilities are exact given the past. They hold where many decisions carry the weight. Where
:attr:`ListEstimate.effective_sample_size` is below :data:`TRUSTED`, they miss the truth more often than one time in
twenty, mostly from below: the rare decisions with large weights, which hold the value up, are not in the log yet. The
same holds where rewards are rare, however large the sample is: count the rewarded decisions
(:attr:`ListEstimate.effective_rewards`). Nor does an interval know of lists that the log could not show
(:attr:`ListEstimate.unsupported`), of items that the target alone would find, or of feedback that changes with what
people were shown before. Intervals are not clipped to the rewards' range.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from shoprl.errors import ConfigError, SupportError
from shoprl.evaluation.statistics import Estimate
from shoprl.evaluation.weighting import Floats, corrected, interval, kish, mean, normalised

Reading = Literal["cascade", "independent"]
TRUSTED = 100.0  # effective sample size from which intervals were found to hold; see tests/evaluation/test_lists.py
FOLDS = 5
PRIOR = 10.0  # rewards of the place's mean that a mean by item starts from
_FULL = 1 - 1e-12


@dataclass(frozen=True, eq=False)
class ListLog:
    """Decisions in the order in which they were made; arrays of shape (decisions, positions).

    Attributes:
        propensities: the probability with which the log's policy put an item at its place, in (0, 1].
        target: the probability with which the target would have put the same item there, in [0, 1].
        rewards: what the item earned, in any unit.
        listed: True where an item stands; the other places pad a short list, and their numbers are not looked at. All
            where it is left out.

    Raises:
        ConfigError: no decisions, unequal shapes, or a number out of range.
        SupportError: the log's lists were not drawn, or the target would show none of them.
    """

    propensities: Floats
    target: Floats
    rewards: Floats
    listed: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        arrays = [np.asarray(each, dtype=np.float64) for each in (self.propensities, self.target, self.rewards)]
        shape = arrays[0].shape
        listed = np.ones(shape, dtype=np.bool_) if self.listed is None else np.asarray(self.listed, dtype=np.bool_)
        if len(shape) != 2 or any(each.shape != shape for each in (*arrays, listed)):
            shapes = ", ".join(str(each.shape) for each in (*arrays, listed))
            raise ConfigError(f"A log of lists has arrays of one shape (decisions, positions); found {shapes}.")
        if not listed.any():
            raise ConfigError("The log holds no items: not scored is not zero. Serve some requests first.")
        for name, array, pad in zip(("propensities", "target", "rewards"), arrays, (1.0, 1.0, 0.0), strict=True):
            object.__setattr__(self, name, np.where(listed, array, pad))
        object.__setattr__(self, "listed", listed)
        self._check_numbers()
        self._check_support()

    def __len__(self) -> int:
        """How many decisions there are."""
        return len(self.rewards)

    def _check_numbers(self) -> None:
        fine = (self.propensities > 0) & (self.propensities <= 1) & (self.target >= 0) & (self.target <= 1)
        wrong = np.argwhere(~(fine & np.isfinite(self.rewards)))
        if len(wrong):
            at = tuple(wrong[0])
            raise ConfigError(
                f"Decision {at[0]}, place {at[1] + 1}: propensity {self.propensities[at]:g}, the target's "
                f"{self.target[at]:g}, reward {self.rewards[at]:g}; a propensity is within (0, 1], the target's within "
                "[0, 1], and a reward is finite. Log the probability with which the item was put there."
            )

    def _check_support(self) -> None:
        if (self.propensities >= _FULL).all() and (self.target < _FULL).any():
            raise SupportError(
                "Every propensity is 1: the lists were not drawn, so that the log says nothing of what another policy "
                "would show. Serve with a temperature above 0, and use the decisions made since."
            )
        if not (self.target[:, 0] > 0).any():
            raise SupportError(
                "The target would put none of the logged items where they stood. Check that its probabilities are of "
                "the logged items, or log decisions of a policy that is more like it."
            )

    def unsupported(self) -> int:
        """How many decisions have a place where the log had no choice and the target has one."""
        return int(((self.propensities >= _FULL) & (self.target < _FULL)).any(axis=1).sum())


@dataclass(frozen=True, slots=True)
class ListEstimate:
    """The expected reward of a list under the target.

    Attributes:
        estimate: in the rewards' unit, with a normal 95% interval.
        effective_sample_size: how many decisions of the target's own would weigh as much (Kish); of the whole lists'
            weights for ``cascade``, of the places' over the mean length for ``independent``.
        effective_rewards: the same of the weighted rewards: about how many rewarded decisions carry the value.
        unsupported: decisions in which the log had no choice at a place and the target has; each pulls the value down.
    """

    estimate: Estimate
    effective_sample_size: float
    effective_rewards: float
    unsupported: int

    @property
    def trusted(self) -> bool:
        """Whether enough decisions carry the weight for the interval to mean what it says."""
        return self.effective_sample_size >= TRUSTED and self.unsupported == 0

    def to_json(self) -> dict[str, Any]:
        """The estimate as JSON."""
        return {
            **self.estimate.to_json(),
            "effective_sample_size": self.effective_sample_size,
            "effective_rewards": self.effective_rewards,
            "unsupported": self.unsupported,
            "trusted": self.trusted,
        }


@dataclass(frozen=True, eq=False)
class Expected:
    """What a model of the rewards expects; arrays of shape (decisions, positions).

    A model must not have seen the decision that it is asked about, or the estimate is biased.

    Attributes:
        logged: what the logged item at its place earns, given those above it; of a cascade with all that the list earns
            below it.
        target: the mean of that over the items that the target would put there, given the logged ones above.
    """

    logged: Floats
    target: Floats


def ips(log: ListLog, reading: Reading = "cascade") -> ListEstimate:
    """Inverse propensity score: the mean of a list's sum of weight x reward. Unbiased, and wide for small propensities.

    See the module for when the interval is not valid.

    Raises:
        SupportError: a weight is too large for a number.
    """
    weights = _weights(log, reading)
    return _reported(log, reading, weights, mean((weights * log.rewards).sum(axis=1)))


def snips(log: ListLog, reading: Reading = "cascade") -> ListEstimate:
    """Self-normalised :func:`ips`: of each place the weighted mean of its rewards, summed over the places.

    Within the rewards' range, with a bias of order 1/n; the interval by the delta method. A place that some lists do
    not have counts by the share of lists that have it. See the module for when the interval is not valid.

    Raises:
        SupportError: as :func:`ips`, or the target would show no logged item at a place.
    """
    weights = _weights(log, reading)
    value, deviations = 0.0, np.zeros(len(log))
    for place, (own, rewards, listed) in enumerate(zip(weights.T, log.rewards.T, _listed(log).T, strict=True)):
        if not listed.any():
            continue
        if not own[listed].any():
            raise SupportError(
                f"Place {place + 1}: the target would put no logged item there. Estimate shorter lists, or log more "
                "decisions."
            )
        found, errors = normalised(own[listed], rewards[listed])
        value += listed.mean() * found
        deviations[listed] += errors
        deviations += (listed - listed.mean()) * found
    return _reported(log, reading, weights, interval(float(value), deviations))


def doubly_robust(log: ListLog, reading: Reading = "cascade", model: Expected | None = None) -> ListEstimate:
    """What a model expects of the target, plus the weighted mean of the model's errors; the narrowest as a rule.

    Unbiased for any model that has not seen the decision it is asked about; the better it is, the narrower the
    interval. Of a cascade the model counts at each place with the weight of what stands above (Kiyohara et al., "Doubly
    Robust Off-Policy Evaluation for Ranking Policies under the Cascade Behavior Model", arXiv 2202.01562). See the
    module for when the interval is not valid.

    Args:
        log: the decisions.
        reading: what people are taken to do.
        model: what is expected; by default :func:`cross_fitted`, by place.

    Raises:
        ConfigError: the model has another shape, or a number that is not finite.
        SupportError: as :func:`ips`.
    """
    weights, model = _weights(log, reading), model or cross_fitted(log, reading)
    shapes = np.shape(model.logged), np.shape(model.target)
    if shapes != (log.rewards.shape,) * 2:
        raise ConfigError(f"The model must have two arrays of shape {log.rewards.shape}; found {shapes}.")
    guesses, expected = (np.where(_listed(log), each, 0.0) for each in (model.logged, model.target))
    if not (np.isfinite(guesses).all() and np.isfinite(expected).all()):
        raise ConfigError("The model expects a reward that is not finite. Check it.")
    if reading == "cascade":  # what is expected of a place counts as often as the target would have shown what is above
        above = np.concatenate([np.ones((len(log), 1)), _products(log)[:, :-1]], axis=1)
        expected = above * expected
    terms = corrected(expected, weights, log.rewards, guesses).sum(axis=1)
    return _reported(log, reading, weights, mean(terms))


def cross_fitted(
    log: ListLog, reading: Reading = "cascade", items: NDArray[np.int64] | None = None, choices: Floats | None = None
) -> Expected:
    """The mean reward by place, or by place and item, over decisions other than the one asked about.

    Of a cascade the reward of a place is that of all places from it on.

    The decisions are dealt out to :data:`FOLDS` folds in turn; each fold's model is the mean over the others. By item,
    the mean starts from :data:`PRIOR` rewards of the place's mean. A mean by item needs all that the target might have
    shown, since its expectation under the target is part of the estimate; a mean by place needs nothing.

    Args:
        log: the decisions.
        reading: what people are taken to do.
        items: the logged items as numbers from 0, shape (decisions, positions); only with ``choices``.
        choices: the target's probability of every item, given the logged ones above; shape (decisions, positions,
            items), or without the first where it is the same for all decisions.

    Raises:
        ConfigError: one of items and choices is given alone, or does not fit the log.
    """
    if (items is None) != (choices is None):
        raise ConfigError("A mean by item needs both items and choices. Give both, or neither.")
    decisions, positions = log.rewards.shape
    if items is None or choices is None:
        items, choices = np.zeros((decisions, positions), dtype=np.int64), np.ones((positions, 1))
    items, choices, listed = np.asarray(items), np.asarray(choices, dtype=np.float64), _listed(log)
    fits = choices.ndim in (2, 3) and choices.shape[:-1] in ((positions,), (decisions, positions))
    if not fits or items.shape != log.rewards.shape:
        raise ConfigError(f"items {items.shape} and choices {choices.shape}: must fit a log of {log.rewards.shape}.")
    number = choices.shape[-1]
    if not ((items >= 0) & (items < number))[listed].all():
        raise ConfigError(f"items: must be numbers from 0 to {number - 1}, the last that choices has.")
    cells = np.where(listed, np.arange(positions) * number + items, 0).astype(np.int64)
    rewards = np.cumsum(log.rewards[:, ::-1], axis=1)[:, ::-1] if reading == "cascade" else log.rewards
    logged, expected = np.zeros(rewards.shape), np.zeros(rewards.shape)
    folds = np.arange(decisions) % FOLDS
    for fold in range(min(FOLDS, decisions)):
        own, kept = folds == fold, listed & (folds != fold)[:, None]
        means = _means(cells[kept], rewards[kept], positions, number)
        logged[own] = means.ravel()[cells[own]]
        given = choices[own] if choices.ndim == 3 else choices[None]
        expected[own] = (given * means).sum(axis=-1)
    return Expected(logged, expected)


def _means(cells: NDArray[np.int64], rewards: Floats, positions: int, number: int) -> Floats:
    """The mean reward of each place and item; shape (positions, items)."""
    size = positions * number
    sums = np.bincount(cells, rewards, size).reshape(positions, number)
    counts = np.bincount(cells, minlength=size).reshape(positions, number)
    of_place = sums.sum(axis=1, keepdims=True) / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return np.asarray((sums + PRIOR * of_place) / (counts + PRIOR))


def _listed(log: ListLog) -> NDArray[np.bool_]:
    assert log.listed is not None
    return log.listed


def _products(log: ListLog) -> Floats:
    """The product of the ratios of the places down to each; shape (decisions, positions)."""
    return np.asarray(np.cumprod(log.target / log.propensities, axis=1))


def _weights(log: ListLog, reading: Reading) -> Floats:
    """The weight of each place's reward, 0 where no item stands; shape (decisions, positions)."""
    if reading not in ("cascade", "independent"):
        raise ConfigError(f"reading {str(reading)[:40]!r}: must be cascade or independent.")
    with np.errstate(over="ignore", invalid="ignore"):
        weights = _products(log) if reading == "cascade" else log.target / log.propensities
        squares = weights.sum() ** 2
    if not np.isfinite(squares):
        raise SupportError(
            "The propensities are so small that the weights are too large for numbers. Serve with a higher "
            "temperature, or estimate shorter lists."
        )
    return np.where(_listed(log), weights, 0.0)


def _reported(log: ListLog, reading: Reading, weights: Floats, estimate: Estimate) -> ListEstimate:
    listed = _listed(log)
    if reading == "cascade":
        size = kish(_products(log)[listed.any(axis=1), -1])  # places without an item have the ratio 1
    else:
        size = kish(weights[listed]) / (listed.sum() / listed.any(axis=1).sum())
    rewards = (weights * log.rewards).sum(axis=1)
    return ListEstimate(estimate, float(size), kish(rewards), log.unsupported())
