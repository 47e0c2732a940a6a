"""Goals made from a catalogue itself: of any products that have attributes, whether or not anyone asked for them."""

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from shoprl.catalog.colloquial import phrase_said, say_attribute, say_value
from shoprl.catalog.kinds import LONGEST, kind_of
from shoprl.catalog.money import currency_name, digits
from shoprl.catalog.phrasing import find_me, keywords, keywords_price, phrase, phrase_price
from shoprl.catalog.product import Product
from shoprl.catalog.vocabulary.draws import Draws
from shoprl.catalog.vocabulary.nouns import singular
from shoprl.errors import ConfigError, GoalError
from shoprl.files import write_folder
from shoprl.shop.goal import MAX_NUMBER, NO_CEILING, Goal, write_goals
from shoprl.shop.making import weighted
from shoprl.shop.reward import comparable, reward
from shoprl.shop.splits import disjoint_split, webshop_split, write_split

Wording = Literal["webshop", "people", "everyday", "keywords", "both", "all"]
_SEVERAL: Mapping[Wording, tuple[Wording, ...]] = {
    "both": ("webshop", "people"),
    "all": ("webshop", "people", "everyday", "keywords"),
}
MOST = 20_000  # goals, unless told otherwise
MOST_ATTRIBUTES = 3  # of a goal
MOST_OPTIONS = 10
_TRIES = 50  # at a goal that was not made before
_CEILINGS = 4  # the next round prices above a product's
_KIND_ALONE = 0.3  # of searches by keywords
_PRICED = 0.15  # of searches by keywords

Options = dict[str, str]
Rng = np.random.Generator


@dataclass(frozen=True)
class Made:
    """Goals of a catalogue.

    Attributes:
        goals: in random order.
        products: how many products they ask for.
        askable: how many products could be asked for.
        without: how many could not, as they have no attribute that could be asked for.
    """

    goals: list[Goal]
    products: int
    askable: int
    without: int


class _NoNouns:
    """A tagger that finds no nouns, with which a product's own type counts in full."""

    def nouns(self, text: str) -> tuple[str, ...]:
        return ()


def _askable(texts: Iterable[str]) -> list[str]:
    """Those of a product's texts that a request may name."""
    return [text for text in dict.fromkeys(texts) if len(text) <= LONGEST and comparable(text)]


def _options(product: Product) -> dict[str, list[str]]:
    """The options to ask for, with their values."""
    named = {name: _askable(product.options[name]) for name in sorted(product.options) if len(name) <= LONGEST}
    return dict(itertools.islice(((name, values) for name, values in named.items() if values), MOST_OPTIONS))


def _combinations(product: Product) -> int:
    """How many combinations of options can be asked for."""
    if product.variants:
        return len(product.variants)
    return math.prod(len(values) for values in _options(product).values())


def _capacity(product: Product) -> int:
    """How many different goals a product has, about."""
    attributes = _askable(product.attributes)
    count = max(1, len(attributes) - (kind_of(product) in attributes))
    return _combinations(product) * sum(math.comb(count, size) for size in range(1, MOST_ATTRIBUTES + 1))


def _chosen(product: Product, draws: Draws) -> Options:
    """A combination of option values in which the product is sold."""
    options = _options(product)
    if product.variants:
        sold = draws.pick(product.variants).options
        return {name: sold[name] for name in sorted(sold) if sold[name] in options.get(name, ())}
    return {name: draws.pick(values) for name, values in options.items()}


def ceilings(price: float) -> list[float]:
    """The next round prices above one: multiples of ten, as WebShop's, and of hundreds and more from a thousand on."""
    step = max(10, 10 ** (math.floor(math.log10(price)) - 1)) if price >= 1 else 10
    first = math.floor(price / step) + 1
    return [float(step * (first + place)) for place in range(_CEILINGS)]


def _ceiling(product: Product, options: Options, rng: np.random.Generator) -> float | None:
    """The higher of two different draws from the next round prices, as in WebShop; none for an unknown price."""
    price = product.price_with(options)
    if price is None or price >= MAX_NUMBER / 10:
        return None
    return max(ceilings(price)[int(place)] for place in rng.choice(_CEILINGS, size=2, replace=False))


def _synthetic(product: Product, attributes: Sequence[str], options: Options) -> str:
    text, _ = find_me(kind_of(product), attributes)
    listed = ", and ".join(f"{name}: {value}" for name, value in options.items())
    return f"{text} with {listed}" if listed else text


def _natural(product: Product, attributes: Sequence[str], options: Options, rng: np.random.Generator) -> str:
    kind, brand = kind_of(product), product.brand.strip()
    if 0 < len(brand) <= LONGEST and brand.lower() not in kind and rng.random() < 0.2:
        kind = f"{brand} {kind}"
    return phrase(rng, kind, attributes, options)


def _everyday(product: Product, attributes: Sequence[str], options: Options, draws: Draws, rng: Rng) -> str:
    shown = {name: say_value(draws, name, value, product.options[name]) for name, value in options.items()}
    said = [say_attribute(draws, name) for name in attributes]
    return phrase_said(draws, rng, kind_of(product), said, shown)


def _keywords(product: Product, attributes: Sequence[str], options: Options, draws: Draws, rng: Rng) -> str:
    kind = kind_of(product)
    said = [say_attribute(draws, name) for name in attributes if name not in _names_of(kind)]
    shown = [say_value(draws, name, value, product.options[name]) for name, value in options.items()]
    return keywords(rng, kind, said, shown)


def _names_of(kind: str) -> tuple[str, str]:
    """What a search for nothing but a kind asks for: the kind, in the singular or as it is filed."""
    return singular(kind), kind


def _kind_alone(product: Product, bare: Goal) -> Goal | None:
    """A goal that asks for a product's kind and nothing else; None where none of its texts says the kind."""
    own = (replace(bare, attributes=(name,), options=()) for name in _names_of(kind_of(product)) if comparable(name))
    return next((goal for goal in own if reward(product, {}, goal, _NoNouns()).total == 1.0), None)


def _draft(product: Product, wording: Wording, draws: Draws, rng: Rng) -> Goal:
    """One goal of a product that can be asked for."""
    attributes = _askable(product.attributes)
    attributes = [name for name in attributes if name != kind_of(product)] or attributes  # "a lamp that is lamp"
    most = 2 if wording == "keywords" else MOST_ATTRIBUTES
    asked = draws.sample(attributes, draws.between(1, min(most, len(attributes))))
    chosen = _chosen(product, draws)
    ceiling = _ceiling(product, chosen, rng)
    if wording == "keywords" and not draws.chance(_PRICED) and (ceiling or 0) < NO_CEILING:
        ceiling = None
    goal = Goal(
        asin=product.asin,
        category=product.category,
        query=product.query,
        name=product.title,
        product_category=product.product_category,
        instruction="",
        attributes=tuple(asked),
        options=chosen,
        price_upper=NO_CEILING if ceiling is None else ceiling,
    )
    if wording == "webshop":
        return _in_webshops_words(product, goal, ceiling)
    if wording == "keywords" and draws.chance(_KIND_ALONE) and (alone := _kind_alone(product, goal)):
        goal, chosen = alone, {}
    kept = 0.5 if wording == "keywords" else 0.8
    named = {name: value for name, value in chosen.items() if draws.chance(kept)}
    if wording == "people":
        text = _natural(product, asked, named, rng)
    else:
        text = (_everyday if wording == "everyday" else _keywords)(product, goal.attributes, named, draws, rng)
    said = keywords_price if wording == "keywords" else phrase_price
    priced = "" if ceiling is None else said(rng, ceiling, product.currency)
    return replace(goal, instruction=text + priced, options=tuple(named.values()))


def _in_webshops_words(product: Product, goal: Goal, ceiling: float | None) -> Goal:
    """A draft as WebShop's synthetic goals are."""
    chosen = dict(goal.options) if isinstance(goal.options, Mapping) else {}
    text = _synthetic(product, goal.attributes, chosen)
    if ceiling is not None:
        text += f", and price lower than {digits(ceiling, product.currency)} {currency_name(product.currency)}"
    goal = replace(goal, instruction=text)
    # The matcher of WebShop's synthetic goals misses some values, such as "darkred", which their other form finds.
    if not chosen or reward(product, chosen, goal, _NoNouns()).total == 1.0:
        return goal
    return replace(goal, options=tuple(chosen.values()))


def _goals_of(product: Product, count: int, wordings: Iterator[Wording], rng: Rng) -> Iterator[Goal]:
    """Yield up to ``count`` goals that ask for different things."""
    draws = Draws(rng, block=32)
    made: set[tuple[object, ...]] = set()
    for wording in itertools.islice(wordings, count):
        for _ in range(_TRIES):
            goal = _draft(product, wording, draws, rng)
            asks = (frozenset(goal.attributes), goal.option_values)
            if asks not in made:
                made.add(asks)
                yield goal
                break


def _reservoir(products: Iterable[Product], size: int, rng: np.random.Generator) -> tuple[list[Product], int, int]:
    """Up to ``size`` products that can be asked for, drawn evenly, in order; how many can be, and how many cannot."""
    drawn: list[tuple[int, Product]] = []
    askable = number = 0
    for number, product in enumerate(products, 1):
        if not _askable(product.attributes):
            continue
        askable += 1
        if askable <= size:
            drawn.append((number, product))
        elif (place := int(rng.integers(askable))) < size:
            drawn[place] = (number, product)
    return [product for _, product in sorted(drawn, key=lambda each: each[0])], askable, number - askable


def _shares(capacities: Sequence[int], count: int, rng: np.random.Generator) -> list[int]:
    """How many goals each product gets: equally many, one more for some, and none more than it has."""
    shares = [0] * len(capacities)
    open_, left = [place for place, capacity in enumerate(capacities) if capacity], count
    while open_ and left:
        each = left // len(open_)
        if not each:  # one more for some of them
            for place in rng.choice(len(open_), size=left, replace=False).tolist():
                shares[open_[place]] += 1
            break
        for place in open_:
            more = min(each, capacities[place] - shares[place])
            shares[place] += more
            left -= more
        open_ = [place for place in open_ if shares[place] < capacities[place]]
    return shares


def goals_for(
    products: Iterable[Product], rng: np.random.Generator, wording: Wording = "both", count: int | None = None
) -> Made:
    """Make goals of a catalogue's products, whether or not they bring requests.

    Every product with an attribute gets as many goals as any other, or one fewer; more only where it has no more
    that differ. A goal asks for one to three attributes, options that the product is sold in, and a price.

    Args:
        products: gone through once; at most ``count`` of them are held in memory.
        rng: of every draw.
        wording: WebShop's synthetic form; requests as people phrase them, in the shop's words for properties and
            sizes (people) or in others that say the same (everyday); what is typed into a search box, often no more
            than the kind (keywords); half webshop and half people (both); or a fourth of each (all).
        count: how many goals; one a product, and 20,000 at most, when left out.

    Raises:
        ConfigError: ``count`` is below one.
        GoalError: no product has an attribute.
    """
    if count is not None and count < 1:
        raise ConfigError(f"count {count}: must be at least 1.")
    drawn, askable, without = _reservoir(products, count or MOST, rng)
    if not drawn:
        raise GoalError(
            f"None of the {without} products has an attribute to ask for. Mine attributes with "
            "`shoprl catalog attributes`, and put the file beside the products."
        )
    shares = _shares([_capacity(product) for product in drawn], count or len(drawn), rng)
    kinds = _SEVERAL.get(wording, (wording,))
    wordings = itertools.cycle(kinds)
    made = [
        goal for product, share in zip(drawn, shares, strict=True) for goal in _goals_of(product, share, wordings, rng)
    ]
    if wording == "webshop":
        counts = Counter(attribute for goal in made for attribute in goal.attributes)
        made = [weighted(goal, counts) for goal in made]
    order = rng.permutation(len(made)).tolist()
    return Made([made[place] for place in order], len({goal.asin for goal in made}), askable, without)


def write_catalog_goals(folder: Path, goals: Sequence[Goal], rng: np.random.Generator) -> dict[str, str]:
    """Write ``goals.jsonl.gz``, ``split.json`` and ``split_disjoint.json``; the folder appears once it is complete.

    Args:
        folder: replaced if it exists.
        goals: at least ten, of at least three products.
        rng: decides which products the disjoint split holds out.

    Returns:
        Content hashes of the goals and the splits.

    Raises:
        GoalError: there are too few goals or products to split.
        StorageError: a file cannot be written.
    """
    split, disjoint = webshop_split(goals), disjoint_split(goals, rng)

    def fill(temporary: Path) -> None:
        write_goals(temporary / "goals.jsonl.gz", goals)
        write_split(temporary / "split.json", split)
        write_split(temporary / "split_disjoint.json", disjoint)

    write_folder(folder, fill)
    return {"goals": split.goals_sha256, "split": split.content_hash, "disjoint_split": disjoint.content_hash}
