"""Checks the fields of JSON lines from untrusted sources before they are used."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from shoprl.errors import TrajectoryError
from shoprl.reading import read_json_lines
from shoprl.shop.session import MAX_ACTION

T = TypeVar("T", str, int, list[Any], dict[str, Any])
Fields = Mapping[str, Any]

MAX_ACTIONS = 1_000  # of a trajectory
MAX_TEXT = 200_000  # characters of a page or a prompt

OTHER_GOALS = (
    "made on another goal list. Use the goals it was made on, with `goals` where the shop has others by now: earlier "
    "versions made synthetic-numpy of the same files."
)

_WORDS: dict[type, str] = {str: "a text", int: "a whole number", list: "a list", dict: "an object"}
_FIX = "Fix or remove the line."


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
    for number, row in read_json_lines(path, TrajectoryError):
        return take(row, "goals_sha256", str, f"{path}: line {number}")
    raise TrajectoryError(f"{path}: holds no line. Write one JSON object per line.")
