"""Rewords training goals, so that a policy learns from varied instructions for the same product.

All synthetic goals follow one template ("Find me <attributes> <category> with <option>: <value>"). A reworded goal asks
for the same product as people do: by its category or by words of its title, with some of the attributes and options,
in everyday words for properties and sizes, in one of many sentence forms, sometimes with a typing error.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.phrasing import phrase, phrase_price
from shoprl.catalog.product import Product
from shoprl.catalog.vocabulary.draws import Draws
from shoprl.catalog.vocabulary.everyday import SAID, SIZES
from shoprl.shop.data import ShopData
from shoprl.shop.goal import MAX_INSTRUCTION, NO_CEILING, Goal, goals_hash
from shoprl.shop.reward import normalize_colour
from shoprl.shop.splits import Split, SplitName

_NAME = re.compile(r"[A-Za-z][\w'’-]+")
_LINKS = re.compile(r"(?:with|without|for|that|made|not|in|low in|high in|lined|adjustable in|gentle on) ")
_LIST = re.compile(r",| & | and ")
_LONG = 3  # longer option values, in words, are sometimes cut


def _noun(draws: Draws, goal: Goal, product: Product) -> str:
    """The category, one of its parts, or adjacent words of the title."""
    words = _NAME.findall(product.title)[:14]
    if len(words) >= 2 and draws.chance(0.45):
        return " ".join(draws.run(words, draws.between(2, 4))).lower()
    parts = [part.strip() for part in _LIST.split(goal.query) if part.strip()]
    return draws.pick(parts) if parts and draws.chance(0.3) else goal.query


def _said(draws: Draws, attribute: str) -> str:
    others = SAID.get(attribute, ())
    return draws.pick(others) if others and draws.chance(0.6) else attribute


def _option(draws: Draws, name: str, value: str, product: Product) -> str:
    """An option value in everyday words that still identify it among the product's values."""
    values = product.options.get(name, ())
    if value in SIZES and draws.chance(0.5):
        return draws.pick(SIZES[value])
    if "color" in name.lower() and draws.chance(0.5):
        plain = normalize_colour(value)
        return plain if sum(normalize_colour(other) == plain for other in values) == 1 else value
    if draws.chance(0.3):
        words = value.split()
        short = " ".join(words[:-1])
        only = sum(other.startswith(short) for other in values) == 1 and short.count("(") == short.count(")")
        return short if len(words) > _LONG and only else value
    return value


def _slip(draws: Draws, text: str, kept: Sequence[str]) -> str:
    """Swap two adjacent letters of one word; never in an option value."""
    known = " ".join(kept)
    words = text.split(" ")
    places = [i for i, word in enumerate(words) if len(word) > 4 and word.isalpha() and word not in known]
    if places:
        place = draws.pick(places)
        word, at = words[place], draws.between(1, len(words[place]) - 3)
        words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return " ".join(words)


def reword(goal: Goal, product: Product, rng: np.random.Generator) -> Goal:
    """Reword a goal for the same product.

    Args:
        goal: its options must be named (option name -> value), as in synthetic goals; others are left out.
        product: the goal's product.
        rng: of all draws.

    Returns:
        A goal with some of the attributes (at least one) and some of the options; the options are a list of values, as
        in WebShop's human goals. If the text names no price, there is no ceiling.
    """
    draws = Draws(rng, block=64)
    named = dict(goal.options) if isinstance(goal.options, dict) else {}
    attributes = draws.sample(goal.attributes, draws.between(1, len(goal.attributes)))
    options = {name: value for name, value in named.items() if draws.chance(0.8)}
    shown = {name: _option(draws, name, value, product) for name, value in options.items()}
    said = [_said(draws, attribute) for attribute in attributes]
    clauses = [each for each in said if _LINKS.match(each)]
    text = phrase(rng, _noun(draws, goal, product), [each for each in said if each not in clauses], shown)
    text = draws.pick((" ", ", ", " and ")).join([text, *clauses])
    if draws.chance(0.15):
        text = _slip(draws, text, list(shown.values()))
    priced = goal.price_upper < NO_CEILING and draws.chance(0.75)
    text += phrase_price(rng, goal.price_upper) if priced else ""
    return replace(
        goal,
        instruction=text[:MAX_INSTRUCTION],
        attributes=tuple(attributes),
        options=tuple(options.values()),
        price_upper=goal.price_upper if priced else NO_CEILING,
    )


def reworded(
    catalog: Catalog, goals: Sequence[Goal], indices: Sequence[int], copies: int, rng: np.random.Generator
) -> list[Goal]:
    """:func:`reword` for the goals at some indices.

    Args:
        catalog: holds their products.
        goals: the goal list.
        indices: training goals.
        copies: wordings of each goal.
        rng: of all draws.

    Returns:
        ``copies`` times as many goals as ``indices``, all of the first wording before any of the second.
    """
    return [reword(goals[index], catalog[goals[index].asin], rng) for _ in range(copies) for index in indices]


def with_reworded(data: ShopData, copies: int, rng: np.random.Generator) -> ShopData:
    """A shop with reworded training goals appended; all other goals keep their indices.

    Args:
        data: the shop.
        copies: wordings of each training goal.
        rng: of all draws.
    """
    more = reworded(data.catalog, data.goals, data.split.train, copies, rng)
    goals = (*data.goals, *more)
    places = dict(zip(range(len(data.goals), len(goals)), (*data.split.train,) * copies, strict=True))
    split = _longer(data.split, places, goals)
    return replace(data, goals=goals, split=split, disjoint=data.disjoint and _longer(data.disjoint, places, goals))


def _longer(split: Split, places: Mapping[int, int], goals: Sequence[Goal]) -> Split:
    """The split with each new goal in the part of the goal that it was made from."""
    parts = {}
    for name in get_args(SplitName):
        own = split.part(name)
        known = frozenset(own)
        parts[name] = (*own, *(new for new, old in places.items() if old in known))
    return Split(split.kind, parts["train"], parts["eval"], parts["test"], goals_hash(goals))
