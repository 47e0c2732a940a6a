"""How a report writes numbers and texts: bounded, without control characters, without the paths of a machine."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping

MAX_TEXT = 300  # characters of a text that are shown
MAX_LONG = 4_000  # the same of a :class:`Long` text
MAX_TITLE = 80  # the same of a product's title
NOT_SCORED = "–"
_LARGEST = 1e40  # no metric of a training is larger, since float32 ends before
# C0 and C1 controls, bidirectional overrides, lone surrogates: invalid in HTML, or used to disguise text.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PART = r"[^\s/'\"`,;:()\[\]{}|<>]"
_PATH = re.compile(rf"(?<![\w.~/-])(?:file://)?/{_PART}+(?:/{_PART}*)+")


class Long(str):
    """A text that is shown up to ``MAX_LONG`` characters, such as a command."""


def bounded(text: str, limit: int = MAX_TEXT) -> str:
    """``text`` without control characters, cut to ``limit`` characters."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return _CONTROLS.sub("\ufffd", cut)


def shown(value: object) -> str:
    """What every text goes through before it is escaped: absolute paths lose their folders, and it is bounded."""
    text = str(value)[: 2 * MAX_LONG]
    return bounded(_PATH.sub(lambda path: _last(path[0]), text), MAX_LONG if isinstance(value, Long) else MAX_TEXT)


def _last(path: str) -> str:
    """The last part of an absolute path; a home folder's would be a person's name."""
    parts = [part for part in path.removeprefix("file://").split("/") if part]
    if not parts or (len(parts) <= 2 and parts[0] in ("home", "Users", "root")):
        return "PATH"
    return parts[-1]


def command_text(command: str) -> Long:
    """A command whose arguments that are absolute paths are reduced to the last part of each."""
    try:
        arguments = shlex.split(command)
    except ValueError:  # an open quotation mark
        return Long(command)
    return Long(shlex.join(_reduced(argument) for argument in arguments))


def _reduced(argument: str) -> str:
    option, equals, value = argument.rpartition("=") if argument.startswith("-") else ("", "", argument)
    return f"{option}{equals}{_last(value)}" if value.startswith(("/", "file:///")) else argument


def number(value: object) -> float | None:
    """``value`` where it is a number that a run can give, else None: not scored is not zero."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_LARGEST <= value <= _LARGEST:
        return None
    return float(value)


def percent(value: float | None) -> str:
    """A share as a percentage."""
    return NOT_SCORED if value is None else f"{100 * value:.1f}%"


def points(value: float | None) -> str:
    """A score."""
    return NOT_SCORED if value is None else f"{value:.1f}"


def whole(value: float | None) -> str:
    """A count, or the mean of counts."""
    if value is None:
        return NOT_SCORED
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def duration(seconds: float | None) -> str:
    """Seconds as a person says them."""
    if seconds is None:
        return NOT_SCORED
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def flat(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, Long]]:
    """Name and text of each value, nested ones with their path as name."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key} › ")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
            yield f"{prefix}{key}", Long(text)
