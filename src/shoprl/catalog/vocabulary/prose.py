"""Titles, bullet points and descriptions: blueprints put into words, with the flaws of real shops' texts."""

from collections.abc import Sequence

from shoprl.catalog.style import Style
from shoprl.catalog.vocabulary import ROLES
from shoprl.catalog.vocabulary import sentences as say
from shoprl.catalog.vocabulary.blueprint import Blueprint
from shoprl.catalog.vocabulary.draws import Draws
from shoprl.catalog.vocabulary.nouns import article, heading, singular, unit
from shoprl.catalog.vocabulary.untidy import cut, measure, noisy, stuffing

_USUAL = 25  # words of a title that tails alone may fill
_CHATTER = (0, 1, 2, 3, 4, 6, 9, 13)  # sentences about the shop, in a description


def _stain(draws: Draws, text: str) -> str:
    """``text`` with a flaw: a stray sign, a doubled or lost space, or a shouted word."""
    if not text:
        return text
    where = text.find(" ", draws.below(len(text)))
    if where < 0:
        return text + draws.pick(say.STAINS)
    what = draws.uniform()
    if what < 0.5:
        return text[:where] + draws.pick(say.STAINS) + text[where:]
    if what < 0.65:
        return text[:where] + "  " + text[where:]
    if what < 0.75:
        return text.replace(". ", ".").replace(", ", " ,", 1)
    word, space, rest = text[where + 1 :].partition(" ")
    return text[: where + 1] + word.upper() + space + rest


def _title_pieces(blueprint: Blueprint, draws: Draws, style: Style) -> list[str]:
    """The title's pieces, the likeliest to be kept first."""
    shown = blueprint.attributes[: blueprint.shown]
    if style.hidden:
        shown = tuple(name for name in shown if not draws.chance(style.hidden))
    lead = [name for name in shown if ROLES[name] == "trait"][: blueprint.lead]
    kind = singular(blueprint.kind)
    noun = kind if blueprint.theme.lower() in kind else f"{blueprint.theme} {kind}"
    head = heading(" ".join([*lead, noun]))
    if blueprint.host:
        link = ("for", "Compatible with", "Made to Fit", "Goes with")[blueprint.lead]
        head = f"{head} {link} {heading(blueprint.host)}"
    pieces = [head] if draws.chance(1 - style.branded) else [f"{blueprint.brand} {head}"]
    if blueprint.model:
        pieces.append(blueprint.model)
    prefix = {"trait": "", "part": "with ", "use": "for "}
    pieces += [prefix[ROLES[name]] + heading(name) for name in shown if name not in lead]
    if draws.chance(0.3):
        pieces.append(heading(blueprint.family.query))
    if blueprint.options and draws.chance(0.3):
        pieces.append(next(iter(blueprint.options.values()))[0])
    if style.sized and draws.chance(style.sized):
        pieces.append(measure(draws, blueprint))
    pieces += blueprint.tails
    return draws.sample(pieces, len(pieces)) if style.shuffled and draws.chance(style.shuffled) else pieces


def _fewest(draws: Draws, style: Style) -> int:
    """How many words a title is filled up to."""
    if style.longest > _USUAL and draws.chance(0.5):
        return draws.between(style.shortest, style.longest - 2)
    return style.shortest


def title(blueprint: Blueprint, draws: Draws, style: Style) -> str:
    """A title as sellers write them, of as many words as the style has."""
    pieces = _title_pieces(blueprint, draws, style)
    kept = pieces[:1]
    words = kept[0].count(" ") + 1
    parting = blueprint.separator.count(" ")  # one more word, as a reader of words sees it, for " | "
    for piece in pieces[1:]:
        words += piece.count(" ") + parting
        if words > style.longest:
            break
        kept.append(piece)
    fewest = _fewest(draws, style)
    for tail in draws.sample(say.TAILS, max(5, fewest // 3)) if words < fewest else ():
        kept.append(tail)
        words += tail.count(" ") + parting
        if words >= fewest:
            break
    # "Lamp for Desks with Shade" reads better than "Lamp, for Desks, with Shade".
    text = kept[0] + "".join(
        (" " if piece.startswith(("for ", "with ")) and blueprint.lead else blueprint.separator) + piece
        for piece in kept[1:]
    )
    if text.count(" ") >= style.longest:  # the first piece alone
        text = cut(draws, text, singular(blueprint.kind), style.longest)
    if style.dropped or style.foreign:
        text = noisy(draws, text, blueprint, style)
    if draws.chance(0.03):
        text = text.upper()
    elif draws.chance(0.04):
        text = text.lower()
    return _stain(draws, text).strip() if draws.chance(0.06) else text


def _fill(template: str, blueprint: Blueprint, attribute: str = "") -> str:
    noun = unit(blueprint.kind)
    return template.format(
        a=article(noun),
        attr=attribute,
        Attr=attribute[:1].upper() + attribute[1:],
        kind=blueprint.kind,
        noun=noun,
        brand=blueprint.brand,
        theme=blueprint.theme,
    )


def _about(draws: Draws, blueprint: Blueprint, attribute: str) -> str:
    return _fill(draws.pick(say.LINES[ROLES[attribute]]), blueprint, attribute)


def _service(draws: Draws, blueprint: Blueprint, count: int) -> list[str]:
    return [_fill(line, blueprint) for line in draws.sample(say.SERVICE_LINES, count)]


def told(blueprint: Blueprint, draws: Draws, style: Style) -> tuple[list[str], list[str]]:
    """Attributes that the bullet points name, and those that the description may name."""
    if not style.buried:
        return list(blueprint.attributes), list(blueprint.attributes)
    places = [(name, draws.below(2) if draws.chance(style.buried) else 2) for name in blueprint.attributes]
    return [name for name, place in places if place != 0], [name for name, place in places if place != 1]


def bullets(blueprint: Blueprint, draws: Draws, style: Style, attributes: Sequence[str]) -> list[str]:
    """Bullet points: most attributes in a sentence each, then the shop's own words; sometimes none at all."""
    if draws.chance(style.unlisted):
        return []
    named = [name for name in attributes if draws.chance(0.85)]
    lines = [_about(draws, blueprint, name) for name in named]
    if len(lines) > 2 and draws.chance(0.5):  # the search reads the first bullet point only
        lines[:2] = [f"{lines[0]} {lines[1]}"]
    lines += _service(draws, blueprint, draws.between(0 if lines else 1, 3))
    head = draws.pick(say.BULLET_HEADS)
    if "{" in head:
        names = [*named[-len(lines) :], *("our promise", "good to know", "service", "note")]
        lines = [
            head.format(HEAD=name.upper(), Head=heading(name)) + line for name, line in zip(names, lines, strict=False)
        ]
    elif head:
        lines = [head + line for line in lines]
    if draws.chance(0.12):
        lines[-1] = _stain(draws, lines[-1])
    if style.stuffed and draws.chance(style.stuffed):
        lines.insert(draws.below(len(lines) + 1), stuffing(draws, blueprint))
    return [line + " " for line in lines]


def description(blueprint: Blueprint, draws: Draws, style: Style, attributes: Sequence[str]) -> str:
    """The description: empty for some products, some sentences for most, thousands of characters for a few."""
    if draws.chance(style.undescribed):
        return ""
    lines = [_fill(draws.pick(say.INTROS), blueprint)]
    lines += [_about(draws, blueprint, name) for name in attributes if draws.chance(0.6)]
    if draws.chance(0.05):
        for _ in range(draws.between(2, 8)):  # thousands of characters, as some sellers add for search engines
            lines += _service(draws, blueprint, 8)
            lines += [_about(draws, blueprint, name) for name in attributes]
            lines.append(_fill(draws.pick(say.SEARCH_TERMS), blueprint))
    else:
        lines += _service(draws, blueprint, draws.pick(_CHATTER))
    if style.stuffed and draws.chance(style.stuffed):
        lines.append(stuffing(draws, blueprint))
    text = " ".join(lines)
    return _stain(draws, text) if draws.chance(0.15) else text
