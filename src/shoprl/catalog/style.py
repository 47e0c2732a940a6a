"""What a generated catalogue is like: tidy or noisy, broad or narrow, with few look-alikes or many."""

from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, get_type_hints

import numpy as np

from shoprl.errors import ConfigError
from shoprl.settings import Range, Settings, Share

TIDY = ("beauty", "electronics", "garden", "fashion", "grocery")
EVERY = (*TIDY, "computers", "tools", "toys", "kitchen", "sports", "pets", "office", "automotive", "jewelry")
_AT_AN_END = 0.2  # chance that a drawn style takes the lowest or the highest value of a knob
_NOISE = ("disguised", "shuffled", "dropped", "foreign", "hidden", "buried", "stuffed", "vague", "misfiled")
_EXTRAS = (*_NOISE, "kin", "accessories", "models", "sized", "everyday", "keywords")
_RARE = ("unpriced", "unlisted", "undescribed", "kin", "accessories")
_TITLES = ((3, 5), (3, 8), (4, 12), (8, 16), (8, 25), (8, 25), (5, 30), (12, 40), (3, 40))  # words


@dataclass(frozen=True, slots=True)
class Style(Settings):
    """The knobs of a generated catalogue; the defaults make a shop about as hard as real ones are.

    Shares are of all products, unless something else is said. A look-alike is made after one of the last 200 products.

    Attributes:
        departments: those that sell something, of :data:`EVERY`.
        families: share of a department's families of products that the shop sells.
        alike: share of products that are look-alikes of another: they differ in one thing, or in two.
        kin: share of look-alikes made for other people: women's for men's, girls' for women's.
        accessories: share of look-alikes that go with the other product: a case for laptops in place of a laptop.
        spread: how far a look-alike's price may lie from the other's: 0 is none, 1 as far as of any of its family.
        unpriced: share without a price.
        ranged: share of prices that are a range.
        optioned: share with options; look-alikes of products with options are more.
        groups: options of a product, at most.
        values: values of an option, at most.
        disguised: share of options whose values are written as only sellers do: "a7-blue", "03 - large".
        shortest, longest: words of a title, before noise.
        branded: share of titles that begin with the brand.
        models: share of titles with a model number.
        sized: share of titles with a measure, a pack, or a value of an option.
        shuffled: share of titles whose pieces stand in no order.
        dropped: share of a title's words that are left out, at most; each product draws its own.
        foreign: share of titles with other products' words in them: kinds, attributes, brands, gift ideas.
        hidden: share of attributes that a title would name and leaves to the other texts.
        buried: share of attributes that stand in one place only, bullet points or description.
        stuffed: share of texts stuffed with words that people search for, so that the search ranks them too high.
        unlisted: share without bullet points.
        undescribed: share without a description.
        vague: share filed under a wider kind: "shoes" for "running shoes".
        misfiled: share filed under another kind of the department.
        everyday: share of requests that use other words than the shop: "without gluten", "xl", "blue" for "a7-blue".
        keywords: share of requests as typed into a search box: "red mug".
    """

    departments: tuple[str, ...] = EVERY
    families: Annotated[float, Range(0.1, 1)] = 0.3
    alike: Annotated[float, Range(0, 0.9)] = 0.65
    kin: Annotated[float, Range(0, 0.6)] = 0.2
    accessories: Annotated[float, Range(0, 0.4)] = 0.02
    spread: Share = 0.5
    unpriced: Annotated[float, Range(0, 0.5)] = 0.08
    ranged: Annotated[float, Range(0, 0.5)] = 0.1
    optioned: Share = 0.6
    groups: Annotated[int, Range(1, 3)] = 3
    values: Annotated[int, Range(2, 40)] = 25
    disguised: Share = 0.35
    shortest: Annotated[int, Range(3, 12)] = 8
    longest: Annotated[int, Range(4, 40)] = 25
    branded: Share = 0.9
    models: Share = 0.1
    sized: Share = 0.15
    shuffled: Share = 0.1
    dropped: Annotated[float, Range(0, 0.7)] = 0.4
    foreign: Share = 0.5
    hidden: Share = 0.2
    buried: Share = 0.2
    stuffed: Share = 0.6
    unlisted: Annotated[float, Range(0, 0.5)] = 0.025
    undescribed: Annotated[float, Range(0, 0.9)] = 0.3
    vague: Annotated[float, Range(0, 0.6)] = 0.03
    misfiled: Annotated[float, Range(0, 0.2)] = 0.01
    everyday: Share = 0.35
    keywords: Annotated[float, Range(0, 0.6)] = 0.05

    def __post_init__(self) -> None:
        Settings.__post_init__(self)
        if unknown := [name for name in self.departments if name not in EVERY]:
            raise ConfigError(f"departments {unknown[0]!r}: must be one of {', '.join(EVERY)}.")
        if not self.departments or len(set(self.departments)) < len(self.departments):
            raise ConfigError(f"departments {self.departments}: must be one or more, each named once.")
        if self.shortest >= self.longest:
            raise ConfigError(f"shortest {self.shortest}: must be below longest ({self.longest}).")

    @staticmethod
    def plain() -> "Style":
        """Tidy texts and few pitfalls: a shop in which learning shows after minutes."""
        usual: dict[str, Any] = {"families": 1.0, "alike": 0.42, "spread": 1.0, "optioned": 0.47, "branded": 0.96}
        usual |= {"unpriced": 0.08, "ranged": 0.1, "unlisted": 0.025, "undescribed": 0.3, "groups": 3, "values": 25}
        usual |= dict.fromkeys(_EXTRAS, 0.0)
        return Style(departments=TIDY, shortest=8, longest=25, **usual)


def ranges() -> dict[str, tuple[float, float]]:
    """Each number of a style -> its lowest and highest value."""
    hints: dict[str, Any] = get_type_hints(Style, include_extras=True)
    return {
        name: (hint.__metadata__[0].low, hint.__metadata__[0].high) for name, hint in hints.items() if name in _NUMBERS
    }


_NUMBERS = {each.name: each.type for each in fields(Style) if each.name != "departments"}


def _departments(rng: np.random.Generator) -> tuple[str, ...]:
    """All of them for three shops in ten, else some."""
    if rng.random() < 0.3:
        return EVERY
    chosen = rng.choice(len(EVERY), size=int(rng.integers(1, len(EVERY) + 1)), replace=False)
    return tuple(EVERY[place] for place in sorted(chosen.tolist()))


def draw_style(rng: np.random.Generator) -> Style:
    """Draw a style: styles differ from each other as shops do, some tidy in all, some noisy in all, most in between.

    Args:
        rng: of every draw.
    """
    mess = rng.random()
    drawn: dict[str, Any] = {"departments": _departments(rng)}
    for name, (low, high) in ranges().items():
        end, place = rng.random(2).tolist()
        if end < _AT_AN_END:
            place = float(place > 0.6)  # tidy more often than wild
        if name in _NOISE:
            place = min(1.0, place * 2 * mess)
        elif name in _RARE:
            place *= place
        drawn[name] = low + (high - low) * place
    drawn["shortest"], drawn["longest"] = _TITLES[int(rng.integers(len(_TITLES)))]
    drawn["groups"], drawn["values"] = round(drawn["groups"]), round(drawn["values"])
    return Style(**drawn)


def style_named(name: Literal["default", "plain", "drawn"], seed: int) -> Style:
    """The default style, the plain one, or the one drawn for a seed."""
    if name == "drawn":
        return draw_style(np.random.default_rng([seed, 4]))
    return Style.plain() if name == "plain" else Style()
