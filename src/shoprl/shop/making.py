"""Makes goals from a catalogue's requests in WebShop's words, with every draw from the generator given.

The order is the generator's; :mod:`shoprl.shop.webshop_goals` has WebShop's.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from shoprl.catalog.product import Product, Request
from shoprl.catalog.webshop import DEFAULT_PRICE
from shoprl.errors import GoalError
from shoprl.shop.goal import NO_CEILING, Goal

GoalKind = Literal["synthetic", "human"]
MadeGoals = Literal["synthetic", "human", "synthetic-numpy", "human-numpy"]  # in WebShop's order, or in make_goals'
CEILINGS = tuple(10.0 * step for step in range(1, 100))  # dollars
MAX_COMBINATIONS = 200  # goals of one product and request


def price_clause(ceiling: float) -> str:
    """WebShop's words for a price ceiling."""
    return f", and price lower than {ceiling:.2f} dollars"


def webshop_price(rng: np.random.Generator, ceiling: float) -> str:
    """:func:`price_clause`, with the parameters of words that are drawn."""
    return price_clause(ceiling)


def _combinations(product: Product, rng: np.random.Generator) -> Iterator[dict[str, str]]:
    """Every combination of option values in WebShop's order, or a sample where there are very many."""
    names = sorted(product.options)
    values = [product.options[name] for name in names]
    total = int(np.prod([len(each) for each in values], dtype=np.float64))
    if total <= MAX_COMBINATIONS:
        for combination in itertools.product(*values):
            yield dict(zip(names, combination, strict=True))
        return
    for _ in range(MAX_COMBINATIONS):
        yield {name: each[rng.integers(len(each))] for name, each in zip(names, values, strict=True)}


def goal_of(
    product: Product, request: Request, text: str, options: Mapping[str, str] | tuple[str, ...], ceiling: float
) -> Goal:
    """A goal of a request, of weight 1."""
    return Goal(
        asin=product.asin,
        category=product.category,
        query=product.query,
        name=product.title,
        product_category=product.product_category,
        instruction=text,
        attributes=request.attributes,
        options=options,
        price_upper=ceiling,
    )


def synthetic_text(request: Request, options: Mapping[str, str]) -> str:
    """WebShop's words for a synthetic request with chosen options, without a price ceiling."""
    listed = ", and ".join(f"{name}: {value}" for name, value in options.items())
    return f"{request.text} with {listed}" if listed else request.text


def _goals_of(
    product: Product,
    request: Request,
    rng: np.random.Generator,
    price_words: Callable[[np.random.Generator, float], str],
) -> Iterator[Goal]:
    # The price ceiling: the higher of two distinct draws from the four next multiples of ten dollars above the price.
    price = DEFAULT_PRICE if product.price is None else product.price
    above = [ceiling for ceiling in CEILINGS if ceiling > price][:4]
    drawn = ceiling = NO_CEILING
    if len(above) >= 2:
        drawn = max(above[int(i)] for i in rng.choice(len(above), size=2, replace=False))
        ceiling = NO_CEILING if product.price is None else drawn

    def words() -> str:
        said = (
            price_words(rng, drawn) if drawn < NO_CEILING else ""
        )  # drawn in any case: other goals stay what they are
        return said if ceiling < NO_CEILING else ""

    if request.options is not None:
        text = request.text.strip(".") + words()
        yield goal_of(product, request, text, request.options, ceiling)
        return
    for options in _combinations(product, rng):
        yield goal_of(product, request, synthetic_text(request, options) + words(), options, ceiling)


def weighted(goal: Goal, counts: Mapping[str, int]) -> Goal:
    """A synthetic goal with WebShop's weight: the mean inverse frequency of its attributes among all goals."""
    return replace(goal, weight=sum(1 / counts[attribute] for attribute in goal.attributes) / len(goal.attributes))


def iter_goals(
    products: Iterable[Product],
    rng: np.random.Generator,
    kind: GoalKind = "synthetic",
    price_words: Callable[[np.random.Generator, float], str] = webshop_price,
) -> Iterator[Goal]:
    """Yield the goals of products in order, all of weight 1; see :func:`make_goals`."""
    for product in products:
        for request in product.requests:
            if (request.options is not None) == (kind == "human"):
                yield from _goals_of(product, request, rng, price_words)


_FILES = {
    "synthetic": "items_ins_v2*.json (with attributes, instruction and instruction_attributes; `shoprl catalog "
    "attributes` writes it)",
    "human": "items_human_ins.json (with instruction, instruction_attributes and instruction_options of its products)",
}


def no_goals(kind: GoalKind) -> GoalError:
    """The error of a catalogue that no goal can be made of."""
    return GoalError(
        f"The catalogue has no {kind} instructions to make goals of. "
        f"Put goals.jsonl into the data folder, or WebShop's {_FILES[kind]}."
    )


def make_goals(
    products: Iterable[Product],
    rng: np.random.Generator,
    kind: GoalKind = "synthetic",
    price_words: Callable[[np.random.Generator, float], str] = webshop_price,
) -> list[Goal]:
    """Make and shuffle goals.

    Args:
        products: with requests.
        rng: decides price ceilings, order and, past 200 option combinations a request, which ones.
        kind: ``synthetic`` (one a combination of options) or ``human`` (one a person's request).
        price_words: words for a price ceiling.

    Raises:
        GoalError: no product has a request of this kind.
    """
    goals = list(iter_goals(products, rng, kind, price_words))
    if not goals:
        raise no_goals(kind)
    if kind == "synthetic":
        counts = Counter(attribute for goal in goals for attribute in goal.attributes)
        goals = [weighted(goal, counts) for goal in goals]
    return [goals[i] for i in rng.permutation(len(goals))]
