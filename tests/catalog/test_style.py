"""Styles of generated catalogues: their ranges, what is refused, and how unlike each other drawn ones are."""

from collections import Counter
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np
import pytest

from shoprl.catalog.style import EVERY, Style, draw_style, ranges, style_named
from shoprl.errors import ConfigError


def styles(count: int) -> list[Style]:
    return [draw_style(np.random.default_rng(seed)) for seed in range(count)]


def test_every_number_has_a_range_and_keeps_to_it() -> None:
    bounds = ranges()
    assert set(bounds) == {field.name for field in fields(Style)} - {"departments"}
    for name, (low, high) in bounds.items():
        assert low < high
        for wrong in (low - 1, high + 1):
            with pytest.raises(ConfigError, match=f"^{name} "):
                replace(Style(), **{name: wrong})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"departments": ("beauty", "fishing")}, "departments 'fishing'"),
        ({"departments": ()}, "one or more"),
        ({"departments": ("beauty", "beauty")}, "each named once"),
        ({"shortest": 9, "longest": 9}, "shortest 9: must be below longest"),
        ({"values": 2.5}, "values 2.5: must be a whole number"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(Style(), **changes)


def test_one_seed_one_style() -> None:
    assert styles(5) == styles(5)
    assert len(set(styles(50))) == 50


def test_drawn_styles_reach_far() -> None:
    drawn = [asdict(style) for style in styles(300)]
    for name, (low, high) in ranges().items():
        if name in ("shortest", "longest"):
            continue
        values = [style[name] for style in drawn]
        assert min(values) < low + 0.05 * (high - low), name
        assert max(values) > high - 0.15 * (high - low), name
    assert {(style["shortest"] < 5, style["longest"] > 30) for style in drawn} == {
        (a, b) for a in (0, 1) for b in (0, 1)
    }
    sizes = Counter(len(style["departments"]) for style in drawn)
    assert set(sizes) == set(range(1, len(EVERY) + 1))


def test_some_are_tidy_in_all_and_some_noisy_in_much() -> None:
    noise = [style.dropped / 0.7 + style.foreign + style.disguised + style.stuffed for style in styles(300)]
    assert min(noise) < 0.2
    assert max(noise) > 3


def test_a_plain_shop_has_no_noise() -> None:
    plain = Style.plain()
    assert plain.dropped == plain.foreign == plain.disguised == plain.stuffed == plain.keywords == 0
    assert plain != Style()


def test_a_style_is_named() -> None:
    assert style_named("plain", 1) == Style.plain()
    assert style_named("default", 1) == Style()
    assert style_named("drawn", 1) == style_named("drawn", 1) != style_named("drawn", 2)
