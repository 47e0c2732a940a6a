"""Scores of a list, by a goal whose wanted product and reward are known."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shoprl.shop.goal import Goal
from shoprl.shop.reward import reward
from shoprl.shop.session import Shop

LENGTH = 10  # places of a list
FIRST = 5  # places whose products are scored


class Place(NamedTuple):
    """A product in a list.

    Attributes:
        asin: the product.
        options: those that it is listed with.
    """

    asin: str
    options: Mapping[str, str]


class ListScores(NamedTuple):
    """How good a list is; an empty place counts 0.

    Attributes:
        hit1: whether it starts with the goal's own product.
        reciprocal_rank: 1 / the place of that product, 0 where the list does not hold it.
        type5: share of the first five places that hold a product of the right kind (``r_type`` is 1).
        reward5: mean reward of buying the products of the first five places with the options listed.
        length: of the list.
    """

    hit1: float
    reciprocal_rank: float
    type5: float
    reward5: float
    length: float


def scored(places: Sequence[Place], shop: Shop, goal: Goal) -> ListScores:
    """Score a list by a goal, which whoever made the list does not know."""
    own = next((place for place, listed in enumerate(places, start=1) if listed.asin == goal.asin), 0)
    bought = [reward(shop.catalog[asin], options, goal, shop.tagger) for asin, options in places[:FIRST]]
    right = sum(each.r_type == 1 for each in bought)
    total = float(sum(each.total for each in bought))
    return ListScores(float(own == 1), 1 / own if own else 0.0, right / FIRST, total / FIRST, float(len(places)))
