"""Dataclasses that are written as JSON objects and read back with type checks.

A field that is None stands for an absent key, except for the fields in ``null``; unknown keys are ignored when reading.

A library such as cattrs would need as much code in hooks (to reject ``"3"`` and NaN as numbers, to distinguish absent
keys from ``null``, to name the faulty field), and would become a dependency of the core.
"""

import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Self, TypeVar, Union, get_args, get_origin, get_type_hints

from shoprl.errors import RunError

R = TypeVar("R")


class NotRecorded(Enum):
    """The value of a field whose key is absent, where None is written as ``null``."""

    NOT_RECORDED = "not recorded"


NOT_RECORDED = NotRecorded.NOT_RECORDED
LARGEST = 1e18  # no run counts, takes or measures more
_ANY = (-LARGEST, LARGEST)
_ROUNDING = 1e-6  # by which a number may leave its range


@dataclass(frozen=True)
class Record:
    """A JSON object with known keys.

    Attributes:
        null: fields that are written as ``null`` if they are None.
        ranges: fields -> lowest and highest value of their number or numbers, checked when reading.
    """

    null: ClassVar[tuple[str, ...]] = ()
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = MappingProxyType({})

    def to_json(self) -> dict[str, object]:
        """The JSON object, keys in the order of the fields."""
        return {name: _written(value) for name in self._keys() if self._is_written(name, value := getattr(self, name))}

    @classmethod
    def from_json(cls, value: object, path: Path | str) -> Self:
        """Read what :meth:`to_json` writes.

        Args:
            value: a JSON document.
            path: its file, for error messages.

        Raises:
            RunError: a field has the wrong type or is out of range; the message names it and the file.
        """
        if not isinstance(value, Mapping):
            raise RunError(f"{path}: expected a JSON object, found {type(value).__name__}. Make the run again.")
        try:
            return _read_record(cls, value, "")
        except _MalformedError as error:
            raise RunError(f"{path}: {error.field} is not {error.expected}. Make the run again.") from error

    @classmethod
    def _prepared(cls, value: Mapping[str, object]) -> Mapping[str, object]:
        """A JSON object, converted from older formats before it is read."""
        return value

    def _keys(self) -> tuple[str, ...]:
        return tuple(types_of(type(self)))

    def _is_written(self, name: str, value: object) -> bool:
        return value is not NOT_RECORDED and (value is not None or name in self.null)


def _written(value: object) -> object:
    """A field's value as JSON."""
    if isinstance(value, Record):
        return value.to_json()
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _written(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {name: _written(part) for name, part in value.items()}
    return [_written(part) for part in value] if isinstance(value, tuple | list) else value


class _MalformedError(Exception):
    """A field with a value of an unexpected type."""

    def __init__(self, field: str, expected: str) -> None:
        self.field, self.expected = field, expected


def types_of(kind: type) -> dict[str, object]:
    """Name -> type of each field of a dataclass."""
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in fields(kind)}


def _read(kind: object, value: object, where: str, bounds: tuple[float, float] = _ANY) -> object:
    """Convert ``value`` to a field of type ``kind``.

    Raises:
        _MalformedError: it is of another type, or a number in it is not within the bounds.
    """
    arguments = get_args(kind)
    if kind is object:
        return value
    if get_origin(kind) in (Union, types.UnionType):
        return _read_one_of(arguments, value, where, bounds)
    if get_origin(kind) is tuple:
        return tuple(_read_items(arguments, value, where, bounds))
    if isinstance(kind, type) and issubclass(kind, str | int | float):
        return _read_scalar(kind, value, where, bounds)
    if not isinstance(value, Mapping):
        raise _MalformedError(where, "a JSON object")
    if isinstance(kind, type) and is_dataclass(kind):
        return _read_record(kind, value, where, bounds)
    return {str(name): _read(arguments[1], part, _inside(where, name), bounds) for name, part in value.items()}


def _read_one_of(kinds: tuple[object, ...], value: object, where: str, bounds: tuple[float, float]) -> object:
    """Convert to a union: of a type and None, or of a record and a number."""
    if value is None and types.NoneType in kinds:
        return None
    left = [kind for kind in kinds if kind not in (types.NoneType, NotRecorded)]
    simple = [kind for kind in left if kind is int]
    return _read(simple[0] if simple and isinstance(value, int) else left[0], value, where, bounds)


def _read_scalar(kind: type, value: object, where: str, bounds: tuple[float, float]) -> object:
    if kind is float:
        known = isinstance(value, int | float) and not isinstance(value, bool)
    else:
        known = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if not known:
        names = {float: "a number", int: "a whole number", bool: "true or false", str: "a text"}
        raise _MalformedError(where, names[kind])
    low, high = bounds
    if isinstance(value, int | float) and not low - _ROUNDING <= value <= high + _ROUNDING:
        raise _MalformedError(where, f"a number from {low:g} to {high:g}")
    return value


def _read_items(kinds: tuple[object, ...], value: object, where: str, bounds: tuple[float, float]) -> Iterator[object]:
    """Convert the items of an array of any length, or of an interval's two ends."""
    if not isinstance(value, list | tuple):
        raise _MalformedError(where, "a JSON array")
    if kinds[-1] is not ... and len(value) != len(kinds):
        raise _MalformedError(where, f"an array of {len(kinds)}")
    for i, part in enumerate(value):
        yield _read(kinds[0], part, f"{where}[{i}]", bounds)


def _read_record(kind: type[R], value: Mapping[str, object], where: str, bounds: tuple[float, float] = _ANY) -> R:
    known = types_of(kind)
    value = kind._prepared(value) if issubclass(kind, Record) else value
    # A record knows its own ranges; another dataclass, such as an estimate, has those of the field that holds it.
    ranges, others = (kind.ranges, _ANY) if issubclass(kind, Record) else ({}, bounds)
    read = {
        name: _read(each, value[name], _inside(where, name), ranges.get(name, others))
        for name, each in known.items()
        if name in value
    }
    for each in fields(kind):  # type: ignore[arg-type]
        if each.name not in read and each.default is MISSING:
            raise _MalformedError(_inside(where, each.name), "there")
    return kind(**read)


def _inside(where: str, name: str) -> str:
    return f"{where}.{name}" if where else str(name)
