"""Noise in product texts: words lost and words that do not belong, as sellers leave them and search engines reward."""

from shoprl.catalog.style import Style
from shoprl.catalog.vocabulary import DEPARTMENTS
from shoprl.catalog.vocabulary import sentences as say
from shoprl.catalog.vocabulary.blueprint import Blueprint, draw_brand
from shoprl.catalog.vocabulary.draws import Draws
from shoprl.catalog.vocabulary.family import Family
from shoprl.catalog.vocabulary.nouns import heading, singular
from shoprl.catalog.vocabulary.options import BASE_COLORS

_FAMILIES = tuple(family for families in DEPARTMENTS.values() for family in families)
_FEWEST = 3  # words that are left of a title
_MOST_FOREIGN = 4  # pieces
_STUFFED = (12, 60)  # words
_SIZED = ("{} Pack", "Pack of {}", "{} pcs", "Set of {}", "{}-Count", "{} Pieces")


def _foreign(draws: Draws, family: Family) -> str:
    """Words that have little to do with the product."""
    what = draws.uniform()
    if what < 0.3:
        return draws.pick(say.SEARCHED)
    if what < 0.55:
        return heading(draws.pick(draws.pick(_FAMILIES).attributes))
    if what < 0.75:
        return heading(singular(draws.pick(draws.pick(_FAMILIES).kinds)))
    if what < 0.9:
        return heading(draws.pick(family.attributes))
    return draw_brand(draws)


def measure(draws: Draws, blueprint: Blueprint) -> str:
    """A size, a pack or a value of an option, as titles name them."""
    if blueprint.options and draws.chance(0.6):
        return draws.pick(draws.pick(tuple(blueprint.options.values())))
    if draws.chance(0.5):
        return draws.pick(_SIZED).format(draws.pick((1, 2, 3, 4, 5, 6, 8, 10, 12)))
    return draws.pick(say.MEASURES).format(draws.between(2, 60))


def noisy(draws: Draws, text: str, blueprint: Blueprint, style: Style) -> str:
    """A title with some of its words left out and foreign ones put in."""
    words = text.split(" ")
    if style.dropped:
        lost = style.dropped * draws.uniform()
        left = [word for word in words if not draws.chance(lost)]
        if len(left) >= min(_FEWEST, len(words)):
            words = left
    if style.foreign and draws.chance(style.foreign):
        for _ in range(draws.between(1, _MOST_FOREIGN)):
            place = len(words) if draws.chance(0.5) else draws.below(len(words) + 1)
            words.insert(place, _foreign(draws, blueprint.family))
    return " ".join(words)


def stuffing(draws: Draws, blueprint: Blueprint) -> str:
    """Words that people search for, in no order: none of the family's attributes is told by them."""
    family = blueprint.family
    attributes, pick = family.attributes, draws.pick
    texts = [pick(attributes) for _ in range(8)] + [pick(family.kinds) for _ in range(3)] + [pick(say.SEARCHED)]
    texts += [pick(BASE_COLORS) for _ in range(draws.below(8))]
    mixed = draws.sample(" ".join(texts).split(" "), draws.between(*_STUFFED))
    return draws.pick((" ", ", ", " ")).join(mixed).lower()


def cut(draws: Draws, text: str, kind: str, longest: int) -> str:
    """A title of at most ``longest`` words, of which those of the product's kind are left out last."""
    words = text.split(" ")
    named = set(heading(kind).split(" "))
    spare = [place for place, word in enumerate(words) if word.strip(",;") not in named]
    out = set(draws.sample(spare, len(words) - longest))
    words = [word for place, word in enumerate(words) if place not in out]
    return " ".join(words[-longest:])
