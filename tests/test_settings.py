"""Settings checked when they are made: type, range, finiteness, choices."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest

from shoprl.errors import ConfigError
from shoprl.settings import Count, Finite, NotNegative, Positive, Range, Seed, Settings, Share, Steps, check_value


@dataclass(frozen=True, slots=True)
class Example(Settings):
    updates: Count = 3
    seed: Seed = 0
    first: Count | None = None
    seeds: tuple[Seed, ...] = (0, 1)
    rate: Positive = 0.1
    weight: NotNegative = 0.0
    share: Share = 0.5
    margin: Finite = -1.0
    smoothing: Annotated[float, Range(0, 0.5, below=True)] = 0.0
    kind: Literal["a", "b"] = "a"
    name: str = "x"
    flag: bool = False
    path: Path | None = None


@dataclass(frozen=True)
class Outer(Settings):
    inner: Example


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("updates", 10**9),
        ("seed", 2**32 - 1),
        ("first", None),
        ("seeds", ()),
        ("rate", 1),  # a whole number is a number
        ("weight", 0),
        ("share", 1.0),
        ("margin", -1e300),
        ("smoothing", 0.49),
        ("name", "Zoë 💄"),
        ("path", Path("x")),
    ],
)
def test_what_fits_is_taken(field: str, value: Any) -> None:
    assert getattr(Example(**{field: value}), field) == value


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("updates", 0, "updates 0: must be from 1 to 1000000000."),
        ("updates", 2.0, "updates 2.0: must be a whole number."),
        ("updates", True, "updates True: must be a whole number."),
        ("seed", -1, "seed -1: must be from 0 to 4294967295."),
        ("seed", 2**32, "seed 4294967296: must be from 0 to 4294967295."),
        ("first", 0, "first 0: must be from 1"),
        ("seeds", (0, -1), "seeds -1: must be from 0"),
        ("rate", 0.0, "rate 0.0: must be above 0, and finite."),
        ("rate", math.nan, "rate nan: must be above 0"),
        ("rate", math.inf, "rate inf: must be above 0"),
        ("rate", "1", "rate '1': must be a number."),
        ("weight", -0.1, "weight -0.1: must be at least 0, and finite."),
        ("share", 1.01, "share 1.01: must be from 0 to 1."),
        ("margin", -math.inf, "margin -inf: must be a finite number."),
        ("smoothing", 0.5, "smoothing 0.5: must be from 0 to below 0.5."),
        ("kind", "c", "kind 'c': must be one of a, b."),
        ("name", "\udcff", "name '\\udcff': is no UTF-8 text."),
        ("flag", 1, "flag 1: must be true or false."),
    ],
)
def test_the_rest_is_refused_by_name(field: str, value: Any, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Example(**{field: value})
    assert str(raised.value).startswith(said)


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        (Range(), "a finite number"),
        (Range(0), "at least 0, and finite"),
        (Range(0, above=True), "above 0, and finite"),
        (Range(0, 1), "from 0 to 1"),
        (Range(0, 1, above=True), "above 0 and at most 1"),
        (Range(0, 1, below=True), "from 0 to below 1"),
        (Range(0, 1, above=True, below=True), "above 0 and below 1"),
    ],
)
def test_ranges_in_words(allowed: Range, words: str) -> None:
    assert str(allowed) == words


def test_numbers_of_numpy_become_ordinary_ones() -> None:
    made = Example(updates=np.int64(2), rate=np.float32(0.5), share=np.float64(0.25))
    assert json.dumps([made.updates, made.rate, made.share]) == "[2, 0.5, 0.25]"
    with pytest.raises(ConfigError, match="updates 0: must be"):
        Example(updates=np.int64(0))


def test_a_number_that_no_float_holds() -> None:
    with pytest.raises(ConfigError, match="rate 1000"):
        Example(rate=10**400)
    with pytest.raises(ConfigError, match="updates 1000"):
        Example(updates=10**400)


def test_settings_in_settings() -> None:
    assert Outer(Example()).inner == Example()
    with pytest.raises(ConfigError, match="inner 'x': must be a Example"):
        Outer("x")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0, 2.5, math.nan, "5", True])
def test_a_value_that_is_no_field(value: Any) -> None:
    check_value("max_steps", None, Steps | None)
    with pytest.raises(ConfigError, match=r"^max_steps "):
        check_value("max_steps", value, Steps | None)
