"""The order of a list: by a score of what was seen, or drawn by it."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from shoprl.policies.base import pick
from shoprl.recommender.evidence import Seen

FIT_WEIGHT = 1.0  # of the estimated fit, from 0 to 1
BOUGHT_WEIGHT = 0.05  # of the share of runs that bought the product
KIND_WEIGHT = 0.6  # of being of the kind of the likely ones
KIND_TEMPERATURE = 0.1  # of how likely it is that a product is the wanted one, from the scores
UNLIKELY = 0.01  # products less likely than this say nothing about the kind
BRIEF, SEARCH_WEIGHT = 2, 1.0  # terms of a request that says too little to estimate a fit; of the search's order then
DIGITS = 4  # of a score

Alike = Callable[[str, str], float]
"""How far a product is of the kind of another, from 0 to 1."""


def scores(seen: Sequence[Seen], alike: Alike | None = None, brief: bool = False) -> list[float]:
    """How good products are for a request.

    Of an agent that judges: the weighted sum of the estimated fit, of the share of runs that bought the product, and of
    the kind. The kind is the expected reward for it: each product seen is the wanted one with a probability that grows
    with its fit, and counts by how far the other is of its kind. The best product without that stays the best. Of any
    other agent: the share, less one for each round after which it was bought, so that earlier purchases come first.

    Args:
        seen: the products.
        alike: compares kinds; None where they do not count.
        brief: whether the request says too little to estimate a fit, so that the search's order decides.
    """
    if any(each.fit is None for each in seen):
        return [round(each.share - each.round, DIGITS) for each in seen]
    points = np.array([FIT_WEIGHT * (each.fit or 0.0) + BOUGHT_WEIGHT * each.share for each in seen])
    if brief:
        points -= SEARCH_WEIGHT * np.log1p([each.rank for each in seen])
    if alike is None or not seen:
        return _rounded(points)
    own = _rounded(points)
    best = min(range(len(seen)), key=lambda place: (-own[place], seen[place].rank, seen[place].asin))
    points += KIND_WEIGHT * _kinds(seen, points, alike)
    points[best] = max(points.max() + 2 * 10**-DIGITS, points[best])
    return _rounded(points)


def _rounded(points: NDArray[np.float64]) -> list[float]:
    return [round(point, DIGITS) for point in points.tolist()]


def _kinds(seen: Sequence[Seen], points: NDArray[np.float64], alike: Alike) -> NDArray[np.float64]:
    """The expected reward for each product's kind."""
    likely = np.exp((points - points.max()) / KIND_TEMPERATURE)
    likely /= likely.sum()
    wanted = [(each.asin, chance) for each, chance in zip(seen, likely.tolist(), strict=True) if chance > UNLIKELY]
    return np.array([sum(chance * alike(each.asin, asin) for asin, chance in wanted) for each in seen])


def ranked(seen: Sequence[Seen], points: Sequence[float], count: int) -> list[tuple[Seen, float]]:
    """The best products by score, equal ones in the search's order, each with the propensity 1."""
    return [(each, 1.0) for each, _ in _ordered(seen, points)[:count]]


def _ordered(seen: Sequence[Seen], points: Sequence[float]) -> list[tuple[Seen, float]]:
    pairs = zip(seen, points, strict=True)
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0].rank, pair[0].asin))


def drawn(
    seen: Sequence[Seen], points: Sequence[float], count: int, temperature: float, rng: np.random.Generator
) -> list[tuple[Seen, float]]:
    """Draw products one after the other without replacement: Plackett-Luce over the scores divided by a temperature.

    R. L. Plackett, "The Analysis of Permutations" (1975).

    Args:
        seen: to draw from.
        points: their scores.
        count: how many at most.
        temperature: above 0; the higher, the more even.
        rng: of the draws.

    Returns:
        The products in the order drawn, each with its propensity: the probability with which it was drawn at its place,
        given those drawn before it.
    """
    left = _ordered(seen, points)
    order = []
    for _ in range(min(count, len(left))):
        logits = np.array([own for _, own in left]) / temperature
        weights = np.exp(logits - logits.max())
        place, propensity = pick(weights / weights.sum(), rng, "sample")
        order.append((left.pop(place)[0], propensity))
    return order
