"""Simulated shoppers of a service: what they ask for, what they like besides, and how they react to a list.

A shopper looks down a list from the top, and at each further item with a smaller probability (the cascade model: N.
Craswell et al., "An Experimental Comparison of Click Position-Bias Models", WSDM 2008). What suits the request is
clicked on now and then; the first item that suits the request and the shopper's taste is bought. The request does not
name the taste.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from shoprl.catalog.ids import asin_of
from shoprl.catalog.product import Product
from shoprl.errors import ConfigError
from shoprl.service.feedback import EventType
from shoprl.settings import Settings, Share
from shoprl.shop.goal import Goal
from shoprl.shop.session import Shop
from shoprl.trajectories.shoppers import plan_for

TasteName = Literal["family", "price", "brand", "unseen"]
Taste = Callable[[Product, Goal], bool]
"""Whether somebody who has a goal likes a product."""

LIKED_SHARE = 0.2  # of the products, where a taste is drawn
FAMILY = 3  # letters that the names of a family of brands begin with
THRIFTY = 0.25  # of the ceiling named


def brand_of(product: Product) -> str:
    """The brand as a title shows it, in lower case: its first word."""
    words = product.title.split()
    return words[0].strip(",;|-–").lower() if words else ""


def _drawn_brands(shop: Shop, goals: Sequence[Goal], rng: np.random.Generator, letters: int | None) -> Taste:
    """Brands drawn until they hold :data:`LIKED_SHARE` of the branded products; those with the same beginning together.

    A brand is the first word of several titles that nobody asks for.
    """
    asked = {word for goal in goals for word in goal.instruction.lower().split()}
    counts = Counter(map(brand_of, shop.catalog))
    products: Counter[str] = Counter()
    for name, count in counts.items():
        if count > 1 and name.isalpha() and name not in asked:
            products[name[:letters]] += count
    names, liked, held = sorted(products), set[str](), 0
    for place in rng.permutation(len(names)).tolist():
        if held >= LIKED_SHARE * products.total():
            break
        liked.add(names[place])
        held += products[names[place]]
    known = frozenset(name for name in counts if name[:letters] in liked)
    return lambda product, goal: brand_of(product) in known


def insist_on_families(shop: Shop, goals: Sequence[Goal], rng: np.random.Generator) -> Taste:
    """Some families of brands, whose names begin alike, as a maker's own brands often do."""
    return _drawn_brands(shop, goals, rng, FAMILY)


def insist_on_brands(shop: Shop, goals: Sequence[Goal], rng: np.random.Generator) -> Taste:
    """Some brands, whatever they are called: each must be learned by itself."""
    return _drawn_brands(shop, goals, rng, None)


def insist_on_price(shop: Shop, goals: Sequence[Goal], rng: np.random.Generator) -> Taste:
    """At most :data:`THRIFTY` of the price ceiling that the request names."""
    return lambda product, goal: product.price is not None and product.price <= THRIFTY * goal.price_upper


def insist_on_the_unseen(shop: Shop, goals: Sequence[Goal], rng: np.random.Generator) -> Taste:
    """Products drawn at random: nothing that a page shows tells them from others."""
    drawn = rng.random(len(shop.catalog)) < LIKED_SHARE
    liked = {product.asin for product, own in zip(shop.catalog, drawn.tolist(), strict=True) if own}
    return lambda product, goal: product.asin in liked


TASTES: Mapping[TasteName, Callable[[Shop, Sequence[Goal], np.random.Generator], Taste]] = {
    "family": insist_on_families,
    "price": insist_on_price,
    "brand": insist_on_brands,
    "unseen": insist_on_the_unseen,
}


@dataclass(frozen=True)
class Habits(Settings):
    """How shoppers react.

    Attributes:
        patience: probability of looking at the next item, after each one.
        suits: reward from which on a product suits the request, with the options that suit it best.
        click: probability of a click on what suits the request but not the taste.
        declines: probability of turning down what suits the request but not the taste.
        refuses: probability of turning down what does not suit the request.
        likes: probability of saying so of what was bought.
    """

    patience: Share = 0.6
    suits: Share = 0.6
    click: Share = 0.1
    declines: Share = 0.3
    refuses: Share = 0.05
    likes: Share = 0.2


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a shopper does to an item of a list."""

    item_id: str
    type: EventType
    value: float | None = None


class Population:
    """Shoppers of one taste in a shop.

    Args:
        shop: where they shop.
        goals: all that anybody asks for there.
        taste: what they insist on.
        rng: draws what the taste leaves open, such as the brands.
        habits: how they react.

    Raises:
        ConfigError: there is no such taste.
    """

    def __init__(
        self,
        shop: Shop,
        goals: Sequence[Goal],
        taste: TasteName,
        rng: np.random.Generator,
        habits: Habits | None = None,
    ) -> None:
        if taste not in TASTES:
            raise ConfigError(f"taste {taste!r}: must be one of {', '.join(get_args(TasteName))}.")
        self.shop, self.habits = shop, habits or Habits()
        self.likes = TASTES[taste](shop, goals, rng)

    def suits(self, product: Product, goal: Goal) -> bool:
        """Whether a product suits a request, whatever else somebody likes."""
        return plan_for(product, goal, self.shop).reward >= self.habits.suits

    def buys(self, product: Product, goal: Goal) -> bool:
        """Whether a shopper who looks at a product buys it."""
        return self.likes(product, goal) and self.suits(product, goal)

    def could_buy(self, goal: Goal) -> bool:
        """Whether the shop sells anything that a shopper would buy."""
        return any(self.buys(product, goal) for product in self.shop.catalog)

    def visit(self, goal: Goal, items: Sequence[Mapping[str, Any]], rng: np.random.Generator) -> list[Reaction]:
        """Look down a list.

        Args:
            goal: what the shopper asked for.
            items: as the service answers them.
            rng: draws what the shopper does; each item takes as many draws, so that two lists are seen alike.

        Returns:
            What happened, in order.
        """
        habits, happened = self.habits, list[Reaction]()
        for item in items:
            looks_on, reacts, adds = rng.random(3).tolist()
            name, product = item["id"], self.shop.catalog[asin_of(item["id"])]
            happened.append(Reaction(name, "impression"))
            if self.buys(product, goal):
                happened += [Reaction(name, "click"), Reaction(name, "purchase", item["price"])]
                happened += [Reaction(name, "like")] if adds < habits.likes else []
                break
            if self.suits(product, goal):
                happened += [Reaction(name, "click")] if reacts < habits.click else []
                happened += [Reaction(name, "declined")] if adds < habits.declines else []
            elif reacts < habits.refuses:
                happened.append(Reaction(name, "declined"))
            if looks_on >= habits.patience:
                break
        return happened


def bought(reactions: Sequence[Reaction]) -> bool:
    """Whether somebody bought something."""
    return any(each.type == "purchase" for each in reactions)
