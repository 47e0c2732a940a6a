"""Reads JSON lines from untrusted sources: lines are bounded, and every field is checked before use."""

import gzip
import json
import math
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from shoprl.errors import TrajectoryError
from shoprl.files import without_half_pairs
from shoprl.shop.session import MAX_ACTION

T = TypeVar("T", str, int, list[Any], dict[str, Any])
Fields = Mapping[str, Any]

MAX_LINE = 1 << 24  # bytes
MAX_ACTIONS = 1_000  # of a trajectory
MAX_TEXT = 200_000  # characters of a page or a prompt

_WORDS: dict[type, str] = {str: "a text", int: "a whole number", list: "a list", dict: "an object"}
_FIX = "Fix or remove the line."


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:20]}")
    return number


def _whole(text: str) -> int:
    if len(text) > 18:
        raise ValueError(f"the number {text[:20]}")
    return int(text)


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        text = line.decode()
        row = without_half_pairs(json.loads(text, parse_float=_finite, parse_int=_whole, parse_constant=_finite), text)
    except UnicodeDecodeError as cause:
        raise TrajectoryError(f"{where}: not UTF-8 text ({cause.reason}). Save the file as UTF-8.") from cause
    except (ValueError, RecursionError) as cause:
        raise TrajectoryError(f"{where}: invalid JSON ({str(cause)[:100]}). {_FIX}") from cause
    if not isinstance(row, dict):
        raise TrajectoryError(f"{where}: expected a JSON object, found {type(row).__name__}. {_FIX}")
    return row


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number from 1, object) for each non-blank line; gzipped if the name ends in ``.gz``.

    Raises:
        TrajectoryError: the file is missing or truncated, or a line is too long or not a JSON object.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            number = 0
            while line := stream.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    raise TrajectoryError(f"{path}: line {number}: longer than {MAX_LINE:,} bytes. Remove the line.")
                if line.strip():
                    yield number, _object(line, f"{path}: line {number}")
    except FileNotFoundError as cause:
        raise TrajectoryError(f"{path}: no such file. Check the path.") from cause
    except (OSError, EOFError, zlib.error) as cause:
        raise TrajectoryError(
            f"{path}: cannot be read ({cause}). The file may be truncated; fetch it again."
        ) from cause


def take(row: Fields, name: str, kind: type[T], where: str) -> T:
    """A field of type ``str``, ``int``, ``list`` or ``dict``.

    Raises:
        TrajectoryError: it is missing, of another type or too long.
    """
    if name not in row:
        raise TrajectoryError(f"{where}: field {name!r} is missing. {_FIX}")
    value = row[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TrajectoryError(f"{where}: field {name!r} must be {_WORDS[kind]}, found {type(value).__name__}. {_FIX}")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise TrajectoryError(f"{where}: field {name!r} is longer than {MAX_TEXT:,} characters. {_FIX}")
    return value


def take_texts(row: Fields, name: str, where: str, longest: int = MAX_ACTION) -> list[str]:
    """A field with a list of at most :data:`MAX_ACTIONS` texts of at most ``longest`` characters.

    Raises:
        TrajectoryError: it is missing or of another form.
    """
    value = take(row, name, list, where)
    if not all(isinstance(text, str) and len(text) <= longest for text in value):
        raise TrajectoryError(f"{where}: field {name!r} must hold texts of at most {longest:,} characters. {_FIX}")
    if len(value) > MAX_ACTIONS:
        raise TrajectoryError(f"{where}: field {name!r} holds {len(value)} texts; at most {MAX_ACTIONS} are read.")
    return value


def stored_hash(path: Path) -> str:
    """Hash of the goal list of a trajectory or preference file: ``goals_sha256`` of its first line.

    Raises:
        TrajectoryError: the file is missing, malformed or empty.
    """
    for number, row in read_lines(path):
        return take(row, "goals_sha256", str, f"{path}: line {number}")
    raise TrajectoryError(f"{path}: holds no line. Write one JSON object per line.")
