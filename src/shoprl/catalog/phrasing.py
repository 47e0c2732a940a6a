"""Requests in a shopper's words: many forms, every attribute and option value verbatim."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from shoprl.catalog.money import SIGNS, currency_name, digits
from shoprl.catalog.vocabulary import ROLES
from shoprl.catalog.vocabulary.draws import Draws
from shoprl.catalog.vocabulary.nouns import counted, is_many, singular

_OPENERS = (
    *("i need", "i want", "i am looking for", "looking for", "i'm looking for", "im looking for", "find me", "show me"),
    *("can you find me", "could you get me", "please find", "please help me find", "help me pick", "i would like"),
    *("i'd like to buy", "i want to buy", "i am in need of", "i'm after", "get me", "i am shopping for", "i could use"),
    *("searching for", "do you have", "where can i get", "i have to get", "in search of", "let me see", "order me"),
    # Slang, and slips of the finger; these never touch an attribute or an option.
    *("gotta get", "hey, i need", "i ned", "lookin for", "plz find me", "gimme", "i m looking for", "can u find me"),
    *("anyone got", "i was hoping to find", "i wnat", "really want", "hi, looking for", "Find me", "I need", "Show me"),
)
_DEMANDS = ("it should be", "it must be", "make sure it is", "it has to be", "i want it to be", "ideally it is")
_DEMANDS_MANY = (
    *("they should be", "they must be", "make sure they are", "they have to be", "i want them to be"),
    "ideally they are",
)
_CLOSERS = ("", "", "", "", "", "", "", " please", " thanks", " if you have it", " asap")
_PART_LINKS = ("with", "with", "with", "that comes with", "featuring", "having")
_USE_LINKS = ("for", "for", "for", "suitable for", "good for", "to use for")
_OPTION_FORMS: Mapping[str, tuple[str, ...]] = {
    "color": ("in {}", "in {}", "in the color {}", "the color should be {}", "in {} color", "color {}"),
    "size": ("size {}", "in size {}", "in a size {}", "the size {}", "and the size should be {}", "in {} size"),
    "flavor": ("in {} flavor", "flavor {}", "{} flavor", "i like the {} one", "with the flavor {}"),
    "scent": ("{} scent", "in {} scent", "smelling of {}", "scent {}", "with the scent {}"),
    "quantity": ("in a pack of {}", "quantity {}", "item package quantity {}", "{} in the package"),
    "style": ("in the {} style", "{} style", "style {}", "i prefer the {} version"),
    "fit": ("{} fit", "in a {} fit", "fit type {}"),
    "pattern": ("with the {} pattern", "{} print", "showing {}", "pattern {}"),
}
_OTHER_FORMS = ("with {name} {value}", "{name}: {value}", "{name} {value}", "the {name} should be {value}")
_BEFORE_NOUN = ("color", "flavor")
_PRICE_FORMS = (
    *(", and price lower than {cents} dollars", " under {short} dollars", " for less than ${short}"),
    *(", below {short} dollars", " that costs less than {cents} dollars", ", my budget is {short} dollars"),
    *(" under ${cents}", ", no more than {short} dollars", ", cheaper than ${short}", ", max {short} bucks"),
    *(" priced below ${cents}", ", with a price lower than {short} dollars", ", and i can spend up to ${short}"),
)


@dataclass(frozen=True, slots=True)
class _Request:
    """A request, its parts sorted by where they go in a sentence."""

    noun: str
    before: tuple[str, ...]
    traits: tuple[str, ...]
    parts: tuple[str, ...]
    uses: tuple[str, ...]
    options: tuple[str, ...]


def _join(items: Sequence[str], last: str = " and ") -> str:
    """Items in a row: "a, b and c"."""
    return ", ".join(items[:-1]) + last + items[-1] if len(items) > 1 else "".join(items)


@lru_cache(maxsize=256)
def _option_kind(name: str) -> str:
    """The wording that fits an option's name, or an empty string."""
    lower = name.lower().replace("colour", "color").replace("flavour", "flavor")
    if "number" in lower:
        return "quantity"
    return next((kind for kind in ("quantity", *_OPTION_FORMS) if kind in lower), "")


def _role(attribute: str) -> str:
    return ROLES.get(attribute) or ("part" if ": " in attribute else "trait")


def said(attribute: str) -> str:
    """An attribute as people say it: "display diagonal: 17 inch" without its colon, "touchscreen: yes" by its name."""
    name, colon, value = attribute.partition(": ")
    if not colon:
        return attribute
    return name if value.strip().lower() in ("yes", "true", "y") else f"{name} {value}"


def find_me(query: str, attributes: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """A synthetic instruction in WebShop's form: "Find me A, B query with C, D for E".

    Args:
        query: the product type.
        attributes: properties asked for.

    Returns:
        The text, and the attributes in its order.
    """
    by_role = {role: [name for name in attributes if _role(name) == role] for role in ("trait", "part", "use")}
    traits = [", ".join(by_role["trait"])] if by_role["trait"] else []
    text = " ".join(["Find me", *traits, query])
    for link, role in (("with", "part"), ("for", "use")):
        if by_role[role]:
            text += f" {link} {', '.join(by_role[role])}"
    return text, tuple(name for names in by_role.values() for name in names)


def _sort(draws: Draws, query: str, attributes: Sequence[str], options: Mapping[str, str]) -> _Request:
    by_role: dict[str, list[str]] = {"trait": [], "part": [], "use": []}
    for attribute in draws.sample(attributes, len(attributes)):
        by_role[_role(attribute)].append(said(attribute))
    front = draws.pick((0, 1, 1, 2, 2))
    before = by_role["trait"][:front]
    worded = []
    for name, value in options.items():
        kind, lower = _option_kind(name), value.lower()
        if kind in _BEFORE_NOUN and draws.chance(0.3):
            before.append(lower)
        elif kind:
            worded.append(draws.pick(_OPTION_FORMS[kind]).replace("{}", lower))
        else:
            worded.append(draws.pick(_OTHER_FORMS).replace("{name}", name.lower()).replace("{value}", lower))
    traits = tuple(by_role["trait"][front:])
    return _Request(query, tuple(before), traits, tuple(by_role["part"]), tuple(by_role["use"]), tuple(worded))


def _clauses(draws: Draws, request: _Request) -> list[str]:
    """What follows the noun, each with a space before it."""
    clauses = []
    if request.parts:
        clauses.append(f" {draws.pick(_PART_LINKS)} {_join(request.parts)}")
    if request.uses:
        clauses.append(f" {draws.pick(_USE_LINKS)} {_join(request.uses)}")
    if request.traits:
        clauses.append(f" that {'are' if is_many(request.noun) else 'is'} {_join(request.traits)}")
    return clauses


def _named(draws: Draws, request: _Request) -> str:
    return counted(request.noun, draws.pick((" ", ", ")).join(request.before))


def _straight(draws: Draws, request: _Request) -> str:
    options = "".join(f", {option}" for option in request.options)
    return f"{draws.pick(_OPENERS)} {_named(draws, request)}{''.join(_clauses(draws, request))}{options}"


def _shuffled(draws: Draws, request: _Request) -> str:
    clauses = _clauses(draws, request)
    options = f" {_join(request.options)}" if request.options else ""
    ordered = [*draws.sample(clauses, len(clauses)), options]
    return f"{draws.pick(_OPENERS)} {_named(draws, request)}{''.join(ordered)}"


def _options_near(draws: Draws, request: _Request) -> str:
    options = f" {_join(request.options, ', ')}" if request.options else ""
    return f"{draws.pick(_OPENERS)} {_named(draws, request)}{options}{''.join(_clauses(draws, request))}"


def _keywords(draws: Draws, request: _Request) -> str:
    comma = draws.pick((", ", ", ", " "))
    noun = " ".join([*request.before, singular(request.noun)])
    return comma.join(
        [noun, *request.traits, *request.parts, *(f"for {use}" for use in request.uses), *request.options]
    )


def _two_sentences(draws: Draws, request: _Request) -> str:
    text = f"{draws.pick(_OPENERS)} {_named(draws, request)}"
    many = is_many(request.noun)
    if request.uses:
        text += f" for {_join(request.uses)}"
    if request.traits:
        text += f". {draws.pick(_DEMANDS_MANY if many else _DEMANDS)} {_join(request.traits)}"
    if request.parts:
        text += f". {'they' if many else 'it'} should come with {_join(request.parts)}"
    if request.options:
        text += (
            f". {draws.pick(('i want', 'i need', 'get', 'choose'))} {'them' if many else 'it'} {_join(request.options)}"
        )
    return text


def _story(draws: Draws, request: _Request) -> str:
    start = draws.pick(("my old one broke so", "as a gift for a friend", "before the weekend", "for my new place"))
    return f"{start} {_straight(draws, request)}"


def _use_first(draws: Draws, request: _Request) -> str:
    if not request.uses:
        return _straight(draws, request)
    rest = _Request(request.noun, request.before, request.traits, request.parts, (), request.options)
    return f"for {_join(request.uses)} {_straight(draws, rest)}"


def _options_last(draws: Draws, request: _Request) -> str:
    text = f"{draws.pick(_OPENERS)} {_named(draws, request)}{''.join(_clauses(draws, request))}"
    link = draws.pick((". i would like", ", preferably", ". only", ", and i want"))
    return f"{text}{link} {_join(request.options)}" if request.options else text


_FORMS: tuple[Callable[[Draws, _Request], str], ...] = (
    *(_straight, _straight, _shuffled, _shuffled, _options_near),
    *(_keywords, _two_sentences, _story, _use_first, _options_last),
)


def phrase(rng: np.random.Generator, query: str, attributes: Sequence[str], options: Mapping[str, str]) -> str:
    """Word a request, without a price, in one of several hundred forms.

    Args:
        rng: decides on the form.
        query: the product type, plural or uncountable ("floor lamps", "popcorn").
        attributes: properties asked for; each occurs verbatim in the text, or as :func:`said` where it has a colon.
        options: option name -> value asked for; each value occurs verbatim, in lower case.

    Returns:
        A text that a price may follow (:func:`phrase_price`): it ends without a stop.
    """
    draws = Draws(rng, block=32)
    request = _sort(draws, query, attributes, options)
    return draws.pick(_FORMS)(draws, request) + draws.pick(_CLOSERS)


_UNITS = re.compile(r"\b(\d+(?:\.\d+)?) (gb|tb|ml|oz|inch|feet|ft|mm|cm|pack)\b")


def keywords(rng: np.random.Generator, noun: str, attributes: Sequence[str], options: Sequence[str]) -> str:
    """What is typed into a search box: "red mug", "laptop 16gb", "bluetooth speaker waterproof".

    Args:
        rng: decides on the order.
        noun: the product type, plural or uncountable.
        attributes: properties asked for, in the words to use.
        options: values asked for, in the words to use.

    Returns:
        A text in lower case without signs between its words; each attribute and value occurs in it, a measure perhaps
        without its space ("16 gb": "16gb").
    """
    draws = Draws(rng, block=16)
    named = noun if draws.chance(0.3) else singular(noun)
    extra = draws.sample([*(said(name) for name in attributes), *options], len(attributes) + len(options))
    front = draws.between(0, min(2, len(extra)))
    text = " ".join([*extra[:front], named, *extra[front:]]).lower()
    return _UNITS.sub(r"\1\2", text) if draws.chance(0.5) else text


def keywords_price(rng: np.random.Generator, price_upper: float, currency: str = "USD") -> str:
    """A price ceiling to follow :func:`keywords`: " under $30"."""
    word = Draws(rng, block=1).pick(("under", "under", "below", "max"))
    return f" {word} {SIGNS.get(currency, f'{currency} ')}{digits(price_upper, currency).removesuffix('.00')}"


def phrase_price(rng: np.random.Generator, price_upper: float, currency: str = "USD") -> str:
    """Word a price ceiling to follow an instruction: ", and price lower than 30.00 dollars"."""
    cents = digits(price_upper, currency)
    form = Draws(rng, block=1).pick(_PRICE_FORMS)
    if currency != "USD":
        form = form.replace("dollars", currency_name(currency)).replace("bucks", currency_name(currency))
        form = form.replace("$", SIGNS.get(currency, f"{currency} "))
    return form.format(cents=cents, short=cents.removesuffix(".00"))
