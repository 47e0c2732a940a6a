"""The goals that WebShop makes of its files, in WebShop's order, each made when it is asked for."""

import bisect
import hashlib
import itertools
import math
import random
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import overload

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.product import Product, Request
from shoprl.catalog.webshop import DEFAULT_PRICE
from shoprl.errors import GoalError
from shoprl.files import list_hash
from shoprl.shop.goal import GOAL_SEED, NO_CEILING, Goal
from shoprl.shop.making import CEILINGS, GoalKind, goal_of, no_goals, price_clause, synthetic_text, weighted

MOST_GOALS = 100_000_000  # whose order takes 400 MB and two minutes


class TooManyGoalsError(GoalError):
    """Goals are too many to be put in WebShop's order."""


def ceiling_of(product: Product, place: int) -> float:
    """The price ceiling of a product's request: the higher of two of the next four multiples of ten dollars.

    WebShop draws the two anew in each process. Here the ASIN and the request's ``place`` among the product's requests
    of its kind decide, so that a ceiling is the same in every process, and in every catalogue that holds the product.
    """
    price = DEFAULT_PRICE if product.price is None else product.price
    pairs = list(itertools.combinations([each for each in CEILINGS if each > price][:4], 2))
    if not pairs or product.price is None:
        return NO_CEILING
    digest = hashlib.sha256(f"ceiling:{product.asin}:{place}".encode()).digest()
    return pairs[int.from_bytes(digest[:8]) % len(pairs)][1]


def requests_of(product: Product, kind: GoalKind) -> list[Request]:
    """A product's requests of a kind, in order."""
    return [request for request in product.requests if (request.options is not None) == (kind == "human")]


def _goal_count(product: Product, request: Request) -> int:
    """How many goals WebShop makes of a request: one for every combination of options, one of a person's."""
    return 1 if request.options is not None else math.prod(map(len, product.options.values()))


def _combination(product: Product, number: int) -> dict[str, str]:
    """One combination of a product's options: those of the first name, in the alphabet, change last."""
    chosen = {}
    for name in sorted(product.options, reverse=True):
        number, place = divmod(number, len(product.options[name]))
        chosen[name] = product.options[name][place]
    return dict(reversed(chosen.items()))


def _made(product: Product, request: Request, ceiling: float, number: int) -> Goal:
    said = price_clause(ceiling) if ceiling < NO_CEILING else ""
    if request.options is not None:
        return goal_of(product, request, request.text.strip(".") + said, request.options, ceiling)
    options = _combination(product, number)
    return goal_of(product, request, synthetic_text(request, options) + said, options, ceiling)


def webshop_order(count: int) -> Sequence[int]:
    """The places of so many goals after WebShop's ``random.seed(233); random.shuffle(goals)``.

    Raises:
        TooManyGoalsError: there are more than :data:`MOST_GOALS`.
    """
    _check_count(count)
    places = array("I", range(count))
    random.Random(GOAL_SEED).shuffle(places)
    return places


def _check_count(count: int) -> None:
    if count > MOST_GOALS:
        raise TooManyGoalsError(
            f"The products' options have more than {MOST_GOALS:,} combinations: too many goals to be put in WebShop's "
            "order. Take the goals synthetic-numpy, of at most 200 combinations a request, or human ones."
        )


class WebShopGoals(Sequence[Goal]):
    """WebShop's goals of a catalogue in its order; of each only four bytes are held, however many there are.

    Args:
        catalog: products with requests.
        kind: ``synthetic`` (one a combination of options) or ``human`` (one a person's request).

    Raises:
        GoalError: no product has a request of this kind.
        TooManyGoalsError: there are more than :data:`MOST_GOALS`.
    """

    def __init__(self, catalog: Catalog, kind: GoalKind) -> None:
        self._catalog, self._kind = catalog, kind
        self._counts: Counter[str] = Counter()
        self._asked, self._starts = array("I"), array("I")  # a request's product, and the number of its first goal
        total = 0
        for number, product in enumerate(catalog):
            for request in requests_of(product, kind):
                self._asked.append(number)
                self._starts.append(total)
                made = _goal_count(product, request)
                total += made
                for attribute in request.attributes:
                    self._counts[attribute] += made
                _check_count(total)
        if not total:
            raise no_goals(kind)
        self._order = webshop_order(total)

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, number: int) -> Goal: ...
    @overload
    def __getitem__(self, number: slice) -> list[Goal]: ...
    def __getitem__(self, number: int | slice) -> Goal | list[Goal]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        place = self._order[number]
        row = bisect.bisect_right(self._starts, place) - 1
        product = self._catalog.products[self._asked[row]]
        nth = row - bisect.bisect_left(self._asked, self._asked[row])
        request = requests_of(product, self._kind)[nth]
        goal = _made(product, request, ceiling_of(product, nth), place - self._starts[row])
        return weighted(goal, self._counts) if self._kind == "synthetic" else goal

    def asins(self) -> Iterator[str]:
        """The ASIN of each goal in order, without the goals being made."""
        for place in self._order:
            yield self._catalog.products[self._asked[bisect.bisect_right(self._starts, place) - 1]].asin

    @cached_property
    def content_hash(self) -> str:
        """Their :func:`shoprl.shop.goal.goals_hash`."""
        return list_hash(goal.to_json() for goal in self)
