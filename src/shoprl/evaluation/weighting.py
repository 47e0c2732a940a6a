"""Estimates from weighted rewards: the formulas that every off-policy estimate is made of.

A weight is the probability of what was logged under the target over that under the log. Source: Dudík, Langford & Li,
"Doubly Robust Policy Evaluation and Learning" (arXiv 1103.4601).
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from shoprl.evaluation.statistics import Estimate

Floats = NDArray[np.float64]


def mean(terms: Floats) -> Estimate:
    """The mean of independent terms, shape (n,), with its normal 95% interval."""
    value = float(terms.mean())
    return interval(value, terms - value)


def interval(value: float, deviations: Floats) -> Estimate:
    """The estimate of a mean with its normal 95% interval, from the deviations of its terms, shape (n,).

    It holds where many terms carry the value, and too seldom where a few do: see :func:`kish`.
    """
    half = NormalDist().inv_cdf(0.975) * float(np.linalg.norm(deviations)) / len(deviations)
    return Estimate(value, value - half, value + half)


def normalised(weights: Floats, rewards: Floats) -> tuple[float, Floats]:
    """The weighted mean of rewards, and each term's deviation by the delta method, shape (n,).

    Args:
        weights: shape (n,), one at least above 0.
        rewards: shape (n,).
    """
    value = float(weights @ rewards / weights.sum())
    return value, weights * (rewards - value) / weights.mean()


def corrected(expected: Floats, weights: Floats, rewards: Floats, guesses: Floats) -> Floats:
    """The terms of a doubly robust mean: what a model expects, and the weighted error of its guesses.

    Args:
        expected: the model's mean under the target.
        weights: of what was logged.
        rewards: of it.
        guesses: the model's, for what was logged.
    """
    return expected + weights * (rewards - guesses)


def kish(weights: Floats) -> float:
    """Kish's effective sample size: (sum of weights)^2 / sum of squared weights; 0 where all weights are 0."""
    squares = (weights**2).sum()
    return float(weights.sum() ** 2 / squares) if squares > 0 else 0.0
