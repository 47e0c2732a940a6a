"""Colours as WebShop's reward knows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.catalog.colours import COLOURS, normalize_colour


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("red", "red"),
        ("dark red", "dark"),  # the first by the alphabet, not in the text
        ("light blue", "blue"),
        ("a1-black", "black"),
        ("tandem", "tan"),
        ("xl", "xl"),
        ("RED", "RED"),
        ("", ""),
    ],
)
def test_a_text_stands_for_the_first_colour_in_it(text: str, colour: str) -> None:
    assert normalize_colour(text) == colour


@given(st.text())
def test_a_normalised_colour_stays(text: str) -> None:
    once = normalize_colour(text)
    assert once == text or once in COLOURS
    assert normalize_colour(once) in (once, *COLOURS)


def test_colours_are_sorted_once_each() -> None:
    assert list(COLOURS) == sorted(set(COLOURS))
