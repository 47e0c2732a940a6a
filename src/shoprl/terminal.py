"""Shows text that nobody vouches for: what a terminal would obey, or show in another order, is replaced.

Titles, file names, options and logs can hold escape sequences, bells and bidirectional overrides. A command runs inside
:func:`plain_streams`, so that whatever it prints is plain without being remembered.
"""

import io
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

LONGEST = 200  # characters of one text on the screen


def shown(text: object, longest: int = LONGEST) -> str:
    """A text as one line of a terminal may show it: plain, without line breaks, cut."""
    one = plain(str(text)[: longest + 1]).replace("\n", "?").replace("\t", " ")
    return one if len(one) <= longest else one[: longest - 1] + "…"


def plain(text: str) -> str:
    """A text without control characters but line breaks and tabs, without formatting ones and without half pairs."""
    if text.replace("\n", "").isprintable():  # one pass in C, as logs are long
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else _stand_in(char) for char in text)


def _stand_in(char: str) -> str:
    return " " if unicodedata.category(char) == "Zs" else "?"


def escaped(document: str) -> str:
    """A JSON document of the same values, in which the characters that :func:`plain` would replace are escaped."""
    if document.isprintable():
        return document
    return "".join(char if char.isprintable() or char == "\n" else _escape(char) for char in document)


def _escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


class PlainStream:
    """Writes to a stream what :func:`plain` leaves of a text; everything else is the stream's own.

    Attributes:
        raw: the stream, for progress bars, which move the cursor.
    """

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    def write(self, text: str) -> int:
        """Write a text; returns its length."""
        self.raw.write(plain(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        self.write("".join(lines))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


def raw(stream: Any) -> Any:
    """The stream behind a :class:`PlainStream`; any other one is itself."""
    return stream.raw if isinstance(stream, PlainStream) else stream


@contextmanager
def plain_streams() -> Iterator[None]:
    """Make everything that is printed plain; letters that a terminal cannot encode are replaced."""
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.stdout, sys.stderr = map(PlainStream, before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


@contextmanager
def raw_streams() -> Iterator[None]:
    """Inside :func:`plain_streams`, print as it is: for texts of the program alone, which may have colours."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(raw, before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
