"""What one product is, before it is put into words: drawn from a family, or a near-duplicate of another."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shoprl.catalog.style import Style
from shoprl.catalog.vocabulary import DEPARTMENTS
from shoprl.catalog.vocabulary import sentences as say
from shoprl.catalog.vocabulary.disguise import disguised
from shoprl.catalog.vocabulary.draws import Draws
from shoprl.catalog.vocabulary.family import Family
from shoprl.catalog.vocabulary.kin import accessory, kin, with_kin
from shoprl.catalog.vocabulary.nouns import singular

_GROUPS = (1, 1, 1, 1, 1, 2, 2, 2, 2, 3)
_VALUES = (2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 7, 8, 10, 12, 16, 25)
_MOST_VALUES = 25  # what _VALUES goes up to
_ENDINGS = (0.99, 0.99, 0.99, 0.95, 0.49, 0.0, 0.88)

Options = dict[str, list[str]]
Stock = Mapping[str, tuple[Family, ...]]  # department -> what a shop sells of it


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One product, not yet in words.

    Attributes:
        department: one of :data:`shoprl.catalog.vocabulary.DEPARTMENTS`.
        family: its family.
        query: the type that it is filed under, mostly its family's.
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
        plain: option value as the shop writes it -> what it is, where the two differ.
        model: a model number, or an empty string.
    """

    department: str
    family: Family
    query: str
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
    plain: Mapping[str, str] = field(default_factory=dict)
    model: str = ""


def draw_brand(draws: Draws) -> str:
    """An invented brand name: tens of thousands are possible."""
    name = draws.pick(say.BRAND_STARTS) + draws.pick(say.BRAND_MIDDLES) + draws.pick(say.BRAND_ENDS)
    style = draws.uniform()
    if style < 0.25:
        return name.upper()
    return f"{name} {draws.pick(say.BRAND_SUFFIXES)}" if style < 0.45 else name


def stock(draws: Draws, style: Style) -> Stock:
    """What a shop of a style sells: all families of its departments, or a share of them."""
    if style.families == 1.0:
        return {name: DEPARTMENTS[name] for name in style.departments}
    sold = {name: DEPARTMENTS[name] for name in style.departments}
    return {
        name: tuple(draws.sample(families, max(1, round(style.families * len(families)))))
        for name, families in sold.items()
    }


def draw_options(draws: Draws, family: Family, style: Style) -> tuple[Options, Mapping[str, str]]:
    """One to three options, no value of which occurs twice, not even in two options; and what disguised values are."""
    count = min(draws.pick(_GROUPS), style.groups, len(family.pools))
    first = 0 if count > 1 or draws.chance(0.65) else draws.below(len(family.pools))
    taken: set[str] = set()
    drawn: Options = {}
    plain: dict[str, str] = {}
    for pool in family.pools[first : first + count]:
        size = draws.pick(_VALUES)
        if style.values != _MOST_VALUES:
            size = max(2, round(size * style.values / _MOST_VALUES))
        values = draws.run(pool.values, size) if pool.ordered else [draws.pick(pool.values) for _ in range(size)]
        kept = [value for value in dict.fromkeys(values) if value.lower() not in taken]
        if style.disguised and draws.chance(style.disguised):
            shown = disguised(draws, pool.name, kept)
            kept = [value for value in shown if value.lower() not in taken]
            plain |= {value: shown[value] for value in kept if value != shown[value]}
        taken.update(value.lower() for value in kept)
        if kept:
            drawn[pool.name] = kept
    return drawn, plain


def draw_prices(draws: Draws, family: Family, style: Style) -> tuple[float, ...]:
    """No price, one price, or the two ends of a range."""
    place = draws.uniform()
    if place < style.unpriced:
        return ()
    low, high = family.price
    price = max(0.99, int(low * (high / low) ** draws.uniform()) + draws.pick(_ENDINGS))
    if draws.chance(style.ranged):
        return price, round(price * (1.2 + 1.3 * draws.uniform()), 2)
    return price, price


def _other_prices(draws: Draws, original: Blueprint, family: Family, style: Style) -> tuple[float, ...]:
    """The prices of a look-alike: those of any product of the family, or some near the original's."""
    if style.spread == 1.0 or not original.prices:
        return draw_prices(draws, family, style)
    low, high = family.price
    factor = (high / low) ** (style.spread * (draws.uniform() - 0.5))
    return tuple(max(0.99, round(price * factor, 2)) for price in original.prices)


def draw_host(draws: Draws, families: tuple[Family, ...]) -> str:
    """A product of a department that an accessory may go with."""
    hosts = [family for family in families if not family.accessory] or families
    return singular(draws.pick(draws.pick(hosts).kinds))


def _filed(draws: Draws, family: Family, families: tuple[Family, ...], style: Style) -> str:
    """The type that a product is filed under."""
    if style.vague and draws.chance(style.vague):
        return draws.pick(family.path.split(" › ")[-2:]).lower()
    if style.misfiled and draws.chance(style.misfiled):
        return draws.pick(families).query
    return family.query


def draw_blueprint(draws: Draws, style: Style, sold: Stock) -> Blueprint:
    """A product of any family that is sold."""
    department = draws.pick(tuple(sold))
    families = sold[department]
    family = draws.pick(families)
    count = 0 if draws.chance(0.07) else draws.between(2, 7)
    asked = 0 if count == 0 or draws.chance(0.1) else min(count, draws.pick((1, 2, 2, 2, 3, 3, 4)))
    kind, brand = draws.pick(family.kinds), draw_brand(draws)
    theme = draws.pick(family.themes)
    attributes = tuple(draws.sample(family.attributes, count))
    options, plain = draw_options(draws, family, style) if draws.chance(style.optioned) else ({}, {})
    return Blueprint(
        department=department,
        family=family,
        query=_filed(draws, family, families, style),
        kind=kind,
        brand=brand,
        theme=theme,
        attributes=attributes,
        asked=asked,
        options=options,
        plain=plain,
        prices=draw_prices(draws, family, style),
        host=draw_host(draws, families) if family.accessory or draws.chance(0.03) else "",
        lead=draws.below(3),
        shown=draws.pick((0, 1, 1, 2, 2, 3, 4)),
        tails=tuple(draws.sample(say.TAILS, draws.below(5))),
        separator=draws.pick(say.SEPARATORS),
        model=_model(draws) if style.models and draws.chance(style.models) else "",
    )


def _model(draws: Draws) -> str:
    """A model number: "KX-4150B"."""
    letters = "".join(draws.pick("ABCDEFGHKLMNPRSTVWXZ") for _ in range(draws.between(1, 3)))
    return f"{letters}{draws.pick(('-', '', ' '))}{draws.between(10, 9999)}{draws.pick(('', '', 'B', 'S', 'X', ' II'))}"


def near_duplicate(draws: Draws, original: Blueprint, style: Style) -> Blueprint:
    """The same product but for one attribute, its option values, its kind, its theme, or whom or what it is for."""
    family = original.family
    if style.kin and with_kin(family) and draws.chance(style.kin):
        return _moved(draws, original, kin(draws, family), "", style)
    if style.accessories and not family.accessory and draws.chance(style.accessories):
        host = singular(original.kind)
        return _moved(draws, original, accessory(original.department, host), host, style)
    what = draws.uniform()
    if original.options and what < 0.4:
        options, plain = draw_options(draws, family, style)
        return replace(original, options=options or original.options, plain=plain if options else original.plain)
    if original.asked and what < 0.85:
        place = draws.below(original.asked)
        others = [name for name in family.attributes if name not in original.attributes]
        attributes = list(original.attributes)
        attributes[place] = draws.pick(others)
        prices = _other_prices(draws, original, family, style)
        return replace(original, attributes=tuple(attributes), prices=prices)
    if what < 0.95:
        kind = draws.pick(family.kinds)
        return replace(original, kind=kind, prices=_other_prices(draws, original, family, style))
    return replace(original, theme=draws.pick(family.themes))


def _moved(draws: Draws, original: Blueprint, family: Family, host: str, style: Style) -> Blueprint:
    """The original as a product of another family, with what of its attributes the two have in common."""
    place = min(original.family.kinds.index(original.kind), len(family.kinds) - 1)
    known = set(family.attributes)
    new = iter(draws.sample([name for name in family.attributes if name not in original.attributes], 7))
    attributes = [name if name in known else next(new, "") for name in original.attributes]
    attributes = [name for name in attributes if name]
    options, plain = draw_options(draws, family, style) if original.options else ({}, {})
    return replace(
        original,
        family=family,
        query=family.query,
        kind=draws.pick(family.kinds) if host else family.kinds[place],
        attributes=tuple(attributes),
        asked=min(original.asked, len(attributes)),
        options=options,
        plain=plain,
        prices=_other_prices(draws, original, family, style),
        host="",
    )
