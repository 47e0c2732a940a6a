"""Requests in everyday words: what people say for the attributes and the option values that shops name."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from shoprl.catalog.colours import normalize_colour
from shoprl.catalog.phrasing import phrase
from shoprl.catalog.vocabulary.draws import Draws
from shoprl.catalog.vocabulary.everyday import SAID, SIZES

_LINKS = re.compile(r"(?:with|without|for|that|made|not|in|low in|high in|lined|adjustable in|gentle on) ")
_BEFORE = re.compile(r"^(?:#\d+\s*|\d+\s*-\s+|[a-z]\d+\s*-\s*|style \d+\s+)(?=\S)")
_BEHIND = re.compile(r"(?<=\S)(?:\s*\([^()]*\)|-[a-z]\d+)$")
_LONG = 3  # longer option values, in words, are sometimes cut


def say_attribute(draws: Draws, attribute: str) -> str:
    """An attribute in other words, or as it is."""
    others = SAID.get(attribute, ())
    return draws.pick(others) if others and draws.chance(0.6) else attribute


def say_option(draws: Draws, name: str, value: str, values: Sequence[str]) -> str:
    """An option's value, in lower case, in everyday words that still identify it among the product's ``values``."""
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


def bare(value: str) -> str:
    """A value without what sellers number it with: "a7-blue", "03 - large", "xl (us 12-14)": "blue", "large", "xl"."""
    plain = _BEHIND.sub("", _BEFORE.sub("", value)).strip()
    return plain if re.search(r"[^\W\d_]{2}|^\d", plain) else value


def say_value(draws: Draws, name: str, value: str, values: Sequence[str]) -> str:
    """:func:`say_option` for a value that sellers may have numbered: mostly as :func:`bare`, where that tells it."""
    bared = [bare(other) for other in values]
    if draws.chance(0.7) and bared.count(bare(value)) == 1:
        return say_option(draws, name, bare(value), bared)
    return say_option(draws, name, value, values)


def phrase_said(
    draws: Draws, rng: np.random.Generator, noun: str, said: Sequence[str], options: Mapping[str, str]
) -> str:
    """:func:`shoprl.catalog.phrasing.phrase` for attributes as :func:`say_attribute` says them.

    Args:
        draws: decides how clauses are linked.
        rng: decides on the form.
        noun: the product type.
        said: attributes; those that begin as a clause does ("that is washed cold") end the sentence.
        options: option name -> value.
    """
    clauses = [each for each in said if _LINKS.match(each)]
    text = phrase(rng, noun, [each for each in said if each not in clauses], options)
    return draws.pick((" ", ", ", " and ")).join([text, *clauses])
