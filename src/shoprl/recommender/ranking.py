"""The order of a list: by a score of what was seen, or drawn by it."""

from collections.abc import Sequence

import numpy as np

from shoprl.policies.base import pick
from shoprl.recommender.evidence import Seen

FIT_WEIGHT = 1.0  # of the estimated fit, from 0 to 1
BOUGHT_WEIGHT = 0.2  # of the share of runs that bought the product
DIGITS = 4  # of a score


def score(seen: Seen) -> float:
    """How good a product is for the request.

    Of an agent that judges: the weighted sum of the estimated fit and of the share of runs that bought the product. Of
    any other: that share, less one for each round after which it was bought, so that earlier purchases come first.
    """
    if seen.fit is None:
        return round(seen.share - seen.round, DIGITS)
    return round(FIT_WEIGHT * seen.fit + BOUGHT_WEIGHT * seen.share, DIGITS)


def ranked(seen: Sequence[Seen], count: int) -> list[tuple[Seen, float]]:
    """The best products by score, equal ones in the search's order, each with the propensity 1."""
    order = sorted(seen, key=lambda each: (-score(each), each.rank, each.asin))
    return [(each, 1.0) for each in order[:count]]


def drawn(seen: Sequence[Seen], count: int, temperature: float, rng: np.random.Generator) -> list[tuple[Seen, float]]:
    """Draw products one after the other without replacement: Plackett-Luce over the scores divided by a temperature.

    R. L. Plackett, "The Analysis of Permutations" (1975).

    Args:
        seen: to draw from.
        count: how many at most.
        temperature: above 0; the higher, the more even.
        rng: of the draws.

    Returns:
        The products in the order drawn, each with its propensity: the probability with which it was drawn at its place,
        given those drawn before it.
    """
    left = sorted(seen, key=lambda each: (-score(each), each.rank, each.asin))
    order = []
    for _ in range(min(count, len(left))):
        logits = np.array([score(each) for each in left]) / temperature
        weights = np.exp(logits - logits.max())
        place, propensity = pick(weights / weights.sum(), rng, "sample")
        order.append((left.pop(place), propensity))
    return order
