"""Everyday words for attributes and option values."""

import numpy as np
import pytest

from shoprl.catalog.colloquial import bare, phrase_said, say_attribute, say_option, say_value
from shoprl.catalog.vocabulary.draws import Draws
from shoprl.catalog.vocabulary.everyday import SAID, SIZES

VALUES = ("a7-blue", "a8-navy", "b1-red", "b2-dark red")


def drawn(name: str, value: str, values: tuple[str, ...]) -> set[str]:
    draws = Draws(np.random.default_rng(0))
    return {say_option(draws, name, value, values) for _ in range(200)}


def test_an_attribute_is_said_in_its_own_words_or_others() -> None:
    draws = Draws(np.random.default_rng(0))
    assert {say_attribute(draws, "gluten free") for _ in range(300)} == {"gluten free", *SAID["gluten free"]}
    assert {say_attribute(draws, "left handed") for _ in range(50)} == {"left handed"}


@pytest.mark.parametrize(
    ("name", "value", "values", "said"),
    [
        ("size", "large", ("small", "large"), {"large", *SIZES["large"]}),
        ("color", "a7-blue", VALUES, {"a7-blue", "blue"}),
        ("color", "a7-blue", (*VALUES, "b3-blue"), {"a7-blue"}),  # two are blue
        ("style", "one two three four", ("one two three four", "five"), {"one two three four", "one two three"}),
        ("style", "a b (c d)", ("a b (c d)",), {"a b (c d)"}),  # an open bracket would be left
    ],
)
def test_a_value_is_said_so_that_it_is_still_known(
    name: str, value: str, values: tuple[str, ...], said: set[str]
) -> None:
    assert drawn(name, value, values) == said


def test_clauses_follow_the_sentence() -> None:
    for seed in range(50):
        rng = np.random.default_rng(seed)
        text = phrase_said(Draws(rng), rng, "floor lamps", ["dimmable", "that cleans up easily"], {"color": "navy"})
        assert text.endswith("that cleans up easily")
        assert "dimmable" in text
        assert "navy" in text


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ("a7-blue", "blue"),
        ("03 - large", "large"),
        ("#3 red", "red"),
        ("style 12 gold", "gold"),
        ("xl (us 12-14)", "xl"),
        ("navy-k213", "navy"),
        ("16 fl oz (pack of 2)", "16 fl oz"),
        ("7-8 years", "7-8 years"),
        ("black", "black"),
        ("h5-", "h5-"),
        ("", ""),
    ],
)
def test_a_value_without_its_number(value: str, plain: str) -> None:
    assert bare(value) == plain


def test_a_number_is_left_out_where_the_rest_tells_the_value() -> None:
    draws = Draws(np.random.default_rng(0))
    said = {say_value(draws, "style", "a1-gold", ("a1-gold", "a2-mint")) for _ in range(99)}
    assert said == {"gold", "a1-gold"}
    two = {say_value(draws, "style", "a1-gold", ("a1-gold", "a2-gold")) for _ in range(99)}
    assert two == {"a1-gold"}
