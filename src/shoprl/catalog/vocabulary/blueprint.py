"""What one product is, before it is put into words: drawn from a family, or a near-duplicate of another."""

from dataclasses import dataclass, replace

from shoprl.catalog.vocabulary import DEPARTMENTS
from shoprl.catalog.vocabulary import sentences as say
from shoprl.catalog.vocabulary.draws import Draws
from shoprl.catalog.vocabulary.family import Family
from shoprl.catalog.vocabulary.nouns import singular

_DEPARTMENTS = tuple(DEPARTMENTS)
_HAS_OPTIONS = 0.47  # products with options draw more near-duplicates
_GROUPS = (1, 1, 1, 1, 1, 2, 2, 2, 2, 3)
_VALUES = (2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 7, 8, 10, 12, 16, 25)
_ENDINGS = (0.99, 0.99, 0.99, 0.95, 0.49, 0.0, 0.88)

Options = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One product, not yet in words.

    Attributes:
        department: "beauty", "electronics", "garden", "fashion" or "grocery".
        family: its family.
        kind: one of the family's kinds.
        brand: the maker's name.
        theme: a word for its look or line.
        attributes: what is true of it; those asked for come first.
        asked: how many of the attributes an instruction asks for.
        options: option name -> values.
        prices: lowest and highest price, equal where there is but one; none where the price is missing.
        host: the product an accessory goes with, or an empty string.
        lead: how many attributes precede the noun in the title.
        shown: how many attributes the title names.
        tails: further words that end the title.
        separator: what parts the title's pieces.
    """

    department: str
    family: Family
    kind: str
    brand: str
    theme: str
    attributes: tuple[str, ...]
    asked: int
    options: Options
    prices: tuple[float, ...]
    host: str
    lead: int
    shown: int
    tails: tuple[str, ...]
    separator: str


def draw_brand(draws: Draws) -> str:
    """An invented brand name: tens of thousands are possible."""
    name = draws.pick(say.BRAND_STARTS) + draws.pick(say.BRAND_MIDDLES) + draws.pick(say.BRAND_ENDS)
    style = draws.uniform()
    if style < 0.25:
        return name.upper()
    return f"{name} {draws.pick(say.BRAND_SUFFIXES)}" if style < 0.45 else name


def draw_options(draws: Draws, family: Family) -> Options:
    """One to three options; no value occurs twice, not even in two options."""
    count = min(draws.pick(_GROUPS), len(family.pools))
    first = 0 if count > 1 or draws.chance(0.65) else draws.below(len(family.pools))
    taken: set[str] = set()
    drawn: Options = {}
    for pool in family.pools[first : first + count]:
        size = draws.pick(_VALUES)
        values = draws.run(pool.values, size) if pool.ordered else [draws.pick(pool.values) for _ in range(size)]
        kept = [value for value in dict.fromkeys(values) if value.lower() not in taken]
        taken.update(value.lower() for value in kept)
        if kept:
            drawn[pool.name] = kept
    return drawn


def draw_prices(draws: Draws, family: Family) -> tuple[float, ...]:
    """No price, one price, or the two ends of a range."""
    place = draws.uniform()
    if place < 0.08:
        return ()
    low, high = family.price
    price = max(0.99, int(low * (high / low) ** draws.uniform()) + draws.pick(_ENDINGS))
    if draws.chance(0.1):
        return price, round(price * (1.2 + 1.3 * draws.uniform()), 2)
    return price, price


def draw_host(draws: Draws, department: str) -> str:
    """A product of the department that an accessory may go with."""
    hosts = [family for family in DEPARTMENTS[department] if not family.accessory]
    return singular(draws.pick(draws.pick(hosts).kinds))


def draw_blueprint(draws: Draws) -> Blueprint:
    """A product of any family."""
    department = draws.pick(_DEPARTMENTS)
    family = draws.pick(DEPARTMENTS[department])
    count = 0 if draws.chance(0.07) else draws.between(2, 7)
    asked = 0 if count == 0 or draws.chance(0.1) else min(count, draws.pick((1, 2, 2, 2, 3, 3, 4)))
    return Blueprint(
        department=department,
        family=family,
        kind=draws.pick(family.kinds),
        brand=draw_brand(draws),
        theme=draws.pick(family.themes),
        attributes=tuple(draws.sample(family.attributes, count)),
        asked=asked,
        options=draw_options(draws, family) if draws.chance(_HAS_OPTIONS) else {},
        prices=draw_prices(draws, family),
        host=draw_host(draws, department) if family.accessory or draws.chance(0.03) else "",
        lead=draws.below(3),
        shown=draws.pick((0, 1, 1, 2, 2, 3, 4)),
        tails=tuple(draws.sample(say.TAILS, draws.below(5))),
        separator=draws.pick(say.SEPARATORS),
    )


def near_duplicate(draws: Draws, original: Blueprint) -> Blueprint:
    """The same product but for one attribute, its option values, its kind or its theme."""
    what = draws.uniform()
    family = original.family
    if original.options and what < 0.4:
        return replace(original, options=draw_options(draws, family) or original.options)
    if original.asked and what < 0.85:
        place = draws.below(original.asked)
        others = [name for name in family.attributes if name not in original.attributes]
        attributes = list(original.attributes)
        attributes[place] = draws.pick(others)
        return replace(original, attributes=tuple(attributes), prices=draw_prices(draws, family))
    if what < 0.95:
        return replace(original, kind=draws.pick(family.kinds), prices=draw_prices(draws, family))
    return replace(original, theme=draws.pick(family.themes))
