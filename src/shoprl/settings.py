"""Checks settings when they are made, from Python as from the command line: each field against its type and range."""

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from shoprl.errors import ConfigError


@dataclass(frozen=True)
class Range:
    """The numbers that a field may hold; they are finite, whatever the bounds.

    Attributes:
        low, high: bounds; an infinite one is none.
        above: ``low`` itself is left out.
        below: ``high`` itself is left out.
    """

    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    below: bool = False

    def __contains__(self, value: float) -> bool:
        if not _is_finite(value):
            return False
        low = value > self.low if self.above else value >= self.low
        return low and (value < self.high if self.below else value <= self.high)

    def __str__(self) -> str:
        low = f"above {self.low:g}" if self.above else f"from {self.low:.10g}"
        high = f"below {self.high:g}" if self.below else f"{self.high:.10g}"
        if math.isinf(self.high):
            if math.isinf(self.low):
                return "a finite number"
            return f"{low}, and finite" if self.above else f"at least {self.low:.10g}, and finite"
        return f"{low} {'and' if self.above else 'to'} {'' if self.below or not self.above else 'at most '}{high}"


Count = Annotated[int, Range(1, 10**9)]
Whole = Annotated[int, Range(0, 10**9)]
Size = Annotated[int, Range(1, 10**5)]  # of what is held in memory at a time
Seed = Annotated[int, Range(0, 2**32 - 1)]  # what every generator takes
Threads = Annotated[int, Range(1, 1_024)]
MOST_STEPS = 10**5
Steps = Annotated[int, Range(1, MOST_STEPS)]
Finite = Annotated[float, Range()]
Positive = Annotated[float, Range(0, above=True)]
NotNegative = Annotated[float, Range(0)]
Share = Annotated[float, Range(0, 1)]

_KINDS: Mapping[Any, tuple[Any, str]] = {  # what a field of a type takes
    bool: (bool, "true or false"),
    int: (numbers.Integral, "a whole number"),
    float: (numbers.Real, "a number"),
    str: (str, "a text"),
}


class Settings:
    """Base of the dataclasses that hold settings: each field is checked when one is made.

    A numeric field says in its type what it may hold: ``updates: Annotated[int, Range(1, 1_000)]``.

    Raises:
        ConfigError: a field is of another type, out of its range, not finite, none of its choices, or no UTF-8 text.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        kind: Any = type(self)
        for name, hint in _hints(kind).items():
            value = getattr(self, name)
            check_value(name, value, hint)
            if _is_number(value) and not isinstance(value, (int, float)):  # NumPy's, which JSON does not take
                object.__setattr__(self, name, int(value) if isinstance(value, numbers.Integral) else float(value))


def check_value(name: str, value: Any, hint: Any) -> None:
    """Check a value that is no field of settings as if it were one.

    Raises:
        ConfigError: see :class:`Settings`.
    """
    fault = _fault(value, hint)
    if fault:
        raise ConfigError(f"{name} {fault}.")


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind)}


def _fault(value: Any, hint: Any) -> str | None:
    """What is wrong with a value, after the name of its field; None if it fits."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        allowed = [each for each in parts[1:] if isinstance(each, Range)]
        outside = [f"{value}: must be {each}" for each in allowed if _is_number(value) and value not in each]
        return next(iter(outside), None) or _fault(value, parts[0])
    if origin in (Union, UnionType):
        faults = [_fault(value, part) for part in parts if part is not NoneType]
        return None if (value is None and NoneType in parts) or None in faults else faults[0]
    if origin is Literal:
        return None if value in parts else f"{value!r}: must be one of {', '.join(map(str, parts))}"
    if origin is tuple and isinstance(value, tuple):
        return next(filter(None, (_fault(each, parts[0]) for each in value)), None)
    return _kind_fault(value, hint)


def _kind_fault(value: Any, hint: Any) -> str | None:
    if isinstance(hint, type) and issubclass(hint, Settings):
        return None if isinstance(value, hint) else f"{str(value)[:40]!r}: must be a {hint.__name__}"
    if hint not in _KINDS:
        return None  # a path
    kind, words = _KINDS[hint]
    if not isinstance(value, kind) or (isinstance(value, bool) and hint is not bool):
        return f"{value!r}: must be {words}"
    if hint is float and not _is_finite(value):
        return f"{value}: must be a finite number"
    if hint is str and any("\ud800" <= char <= "\udfff" for char in value):
        return f"{value!r}: is no UTF-8 text"
    return None


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float holds
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
