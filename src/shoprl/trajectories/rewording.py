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
from shoprl.catalog.colloquial import phrase_said, say_attribute, say_option
from shoprl.catalog.phrasing import phrase_price
from shoprl.catalog.product import Product
from shoprl.catalog.vocabulary.draws import Draws
from shoprl.shop.data import ShopData
from shoprl.shop.goal import MAX_INSTRUCTION, NO_CEILING, Goal, goals_hash
from shoprl.shop.splits import Split, SplitName

_NAME = re.compile(r"[A-Za-z][\w'’-]+")
_LIST = re.compile(r",| & | and ")


def _noun(draws: Draws, goal: Goal, product: Product) -> str:
    """The category, one of its parts, or adjacent words of the title."""
    words = _NAME.findall(product.title)[:14]
    if len(words) >= 2 and draws.chance(0.45):
        return " ".join(draws.run(words, draws.between(2, 4))).lower()
    parts = [part.strip() for part in _LIST.split(goal.query) if part.strip()]
    return draws.pick(parts) if parts and draws.chance(0.3) else goal.query


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
    values = {name: product.options.get(name, ()) for name in options}
    shown = {name: say_option(draws, name, value, values[name]) for name, value in options.items()}
    said = [say_attribute(draws, attribute) for attribute in attributes]
    text = phrase_said(draws, rng, _noun(draws, goal, product), said, shown)
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
