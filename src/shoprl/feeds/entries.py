"""What every reader of feeds yields: a row, or why one cannot be read; and what a user is told once."""

import codecs
import datetime
import decimal
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from shoprl.errors import ConfigError
from shoprl.settings import Settings

COUNT = "{count}"  # where a counted note has its number
DETAIL = 200  # characters of a fault's detail
_NO_TEXT = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "unicode_escape", "mbcs", "oem"}


class Row(NamedTuple):
    """A row as read, before anything is made of it.

    Attributes:
        source: the file's name as given, "-" for stdin, "a.zip/b.csv" for a member; the start of a query.
        line: the line it starts on (delimited text, JSON lines) or its number (other formats), from 1.
        fields: name -> value: text of delimited files, which leave empty cells out, and JSON values of others.
    """

    source: str
    line: int
    fields: dict[str, Any]


class Fault(NamedTuple):
    """A row that cannot be read.

    Attributes:
        source, line: as of a :class:`Row`.
        reason: a short fixed phrase to count by.
        detail: what exactly is wrong and what to do, in at most 200 characters.
    """

    source: str
    line: int
    reason: str
    detail: str


def fault(source: str, line: int, reason: str, detail: str) -> Fault:
    """A fault whose detail is cut to what it may hold."""
    detail = "".join(char if char.isprintable() else " " for char in detail[: 2 * DETAIL])
    return Fault(source, line, reason, detail if len(detail) <= DETAIL else f"{detail[: DETAIL - 3]}...")


@dataclass(frozen=True)
class Origin(Settings):
    """How a feed is read, where that is not to be found out from its content.

    Attributes:
        delimiter: what stands between the cells of delimited text: one character, or "tab".
        encoding: of text, by its usual name; a row that is not in it cannot be read.
        query: what to read of a database: a SELECT.

    Raises:
        ConfigError: the delimiter is no single character, or there is no such encoding.
    """

    delimiter: str | None = None
    encoding: str | None = None
    query: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.delimiter is not None and (self.separator is None or self.separator in '"\r\n\\\0'):
            raise ConfigError(f"delimiter {self.delimiter[:20]!r}: must be one character, or tab.")
        if self.encoding is not None and not is_encoding(self.encoding):
            raise ConfigError(
                f"encoding {self.encoding[:40]!r}: is not known. Examples: utf-8, utf-16, windows-1252, shift_jis."
            )

    @property
    def separator(self) -> str | None:
        """The delimiter as one character."""
        named = {"tab": "\t", "\\t": "\t"}.get((self.delimiter or "").lower(), self.delimiter)
        return named if named and len(named) == 1 else None


def is_encoding(name: str) -> bool:
    """Whether there is an encoding of text with this name."""
    try:
        found = codecs.lookup(name)
        return found.name not in _NO_TEXT and isinstance(b"a".decode(name, "replace"), str)
    except (LookupError, ValueError, UnicodeError):  # a ValueError: the name holds a zero byte
        return False


class Notes:
    """Collects what a user is told once, and counts what happens many times."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}
        self._counts: dict[tuple[str, str], list[int]] = {}

    def clear(self) -> None:
        """Forget all notes."""
        self._said.clear()
        self._counts.clear()

    def say(self, source: str, text: str) -> None:
        """Note something."""
        self._said[f"{source}: {text}"] = None

    def count(self, source: str, text: str, line: int, times: int = 1) -> None:
        """Note something that happens again and again; ``text`` holds :data:`COUNT`."""
        seen = self._counts.setdefault((source, text), [0, line])
        seen[0] += times

    def texts(self) -> list[str]:
        """All notes so far."""
        counted = [
            f"{source}: {text.replace(COUNT, f'{count:,}')} (first: {line:,})"
            for (source, text), (count, line) in self._counts.items()
        ]
        return [*self._said, *counted]


def distinct_names(names: Iterable[str]) -> list[str]:
    """Names of columns, where a name that was there before gets a number, "x (2)", and a missing one its place."""
    found: dict[str, None] = {}
    for place, given in enumerate(names, 1):
        name, number = given or f"column {place}", 1
        while name in found:
            number += 1
            name = f"{given or f'column {place}'} ({number})"
        found[name] = None
    return list(found)


def json_value(value: Any) -> Any:
    """A value of a database or a Parquet file as JSON has it; None where it has none.

    Numbers that are none, and bytes that are no text, are None; dates are ISO text, and infinite numbers are text, so
    that a price of that kind is not taken for a missing one.
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, (float, decimal.Decimal)):
        return float(value) if math.isfinite(value) else None if math.isnan(value) else str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return None
    if isinstance(value, (datetime.date, datetime.time)):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {str(key): json_value(part) for key, part in value.items()}
    if isinstance(value, list) and value and all(isinstance(each, tuple) and len(each) == 2 for each in value):
        return {str(key): json_value(part) for key, part in value}  # a map of a Parquet file
    if isinstance(value, (list, tuple, set, frozenset)):
        return [json_value(part) for part in value]
    return str(value)  # a UUID, a network address, a range


def json_fields(names: Iterable[str], values: Iterable[Any], source: str, line: int, notes: Notes) -> dict[str, Any]:
    """The fields of a row of values that are not from JSON; those without a value are left out."""
    fields = {}
    for name, value in zip(names, values, strict=True):
        kept = json_value(value)
        if kept is not None:
            fields[name] = kept
        elif isinstance(value, (bytes, bytearray, memoryview)):
            notes.count(source, f"{COUNT} values of {name[:60]} are bytes that are no text, left out", line)
    return fields
