"""Reads JSON files of any size, an entry at a time, in bounded memory."""

import codecs
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from shoprl.errors import ShopRLError
from shoprl.reading import opened, without_half_pairs

CHUNK = 1 << 20  # bytes read at a time
MAX_ENTRY = 1 << 24  # characters of one entry

_TAIL = 3  # characters kept after a value: a number may go on where the text read so far ends, as in "1e+"


class Position(NamedTuple):
    """A place in a file between two entries: bytes before it, and its line and column from 1."""

    offset: int = 0
    line: int = 1
    column: int = 1


class Stream(Protocol):
    """What is read."""

    def read(self, count: int, /) -> bytes:
        """The next bytes, at most so many; none at the end."""


class JsonText:
    """A JSON text, read in chunks from where its stream stands; faults name line and column.

    Args:
        path: its name for messages.
        error: what to raise.
        stream: its bytes.
        start: where the stream stands in the text.
        decoder: of its encoding; UTF-8 when left out.
        json: of its values.
    """

    def __init__(
        self,
        path: Path | str,
        error: type[ShopRLError],
        stream: Stream,
        start: Position | None = None,
        decoder: codecs.IncrementalDecoder | None = None,
        json: JSONDecoder | None = None,
    ) -> None:
        self._path, self._error, self._stream = path, error, stream
        self._decoder = decoder or codecs.getincrementaldecoder("utf-8")()
        self._json = json or JSONDecoder()
        self._text, self._at, self._ended = "", 0, False
        self._start = start or Position()  # where _text starts

    def position(self) -> Position:
        """The place reached, in a text that is UTF-8."""
        passed = self._text[: self._at]
        line = self._start.line + passed.count("\n")
        return Position(self._start.offset + len(passed.encode()), line, self._columns(self._at))

    def _columns(self, at: int) -> int:
        newline = self._text.rfind("\n", 0, at)
        return self._start.column + at if newline < 0 else at - newline

    def fault(self, what: str, at: int | None = None) -> ShopRLError:
        """The error of something wrong here, or at another place of the text at hand."""
        at = self._at if at is None else at
        line = self._start.line + self._text.count("\n", 0, at)
        return self._error(
            f"{self._path}: line {line}, column {self._columns(at)}: not valid JSON ({what}). "
            "The file may be truncated; fetch or write it again."
        )

    def _fill(self) -> None:
        """Drop the text passed so far and read the next chunk."""
        self._start, self._text = self.position(), self._text[self._at :]
        self._at = 0
        data = self._stream.read(max(CHUNK, len(self._text)))
        self._ended = not data
        try:
            self._text += self._decoder.decode(data, final=self._ended)
        except UnicodeDecodeError as cause:
            where = f"{cause.reason} after byte {self._start.offset}"
            raise self._error(f"{self._path}: not UTF-8 text ({where}). Save it as UTF-8.") from cause

    def sign(self) -> str:
        """The next character that is not blank, without passing it; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n":
                self._at += 1
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._fill()

    def take(self, signs: str) -> str:
        """Pass the next character, which must be one of some."""
        sign = self.sign()
        if not sign or sign not in signs:
            raise self.fault(f"expected {' or '.join(map(repr, signs))}, found {sign or 'the end'!r}")
        self._at += 1
        return sign

    def value(self) -> Any:
        """Pass and return the next value."""
        self.sign()
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
                value = without_half_pairs(value, self._text[self._at : end])
            except JSONDecodeError as cause:
                if self._ended:
                    raise self.fault(cause.msg, cause.pos) from cause
                if len(self._text) - self._at > MAX_ENTRY:
                    what = f"{cause.msg}, or an entry of more than {MAX_ENTRY:,} characters"
                    raise self.fault(what, cause.pos) from cause
            except (ValueError, RecursionError) as cause:  # a number of thousands of digits, thousands of brackets
                raise self.fault(str(cause)[:100]) from cause
            else:
                if end + _TAIL < len(self._text) or self._ended:
                    self._at = end
                    return value
            self._fill()


class JsonArray:
    """The entries of a JSON array: the products of a shop.

    Args:
        path: the file.
        error: what to raise.
        start: a :meth:`position` to continue from.

    Raises:
        ShopRLError: as ``error``: the file is missing, malformed or no array.
    """

    def __init__(self, path: Path, error: type[ShopRLError], start: Position | None = None) -> None:
        self._path, self._error, self._start = path, error, start
        self._text: JsonText | None = None
        self._last: Position | None = None

    def position(self) -> Position:
        """The place behind the last entry that was read."""
        assert self._text is not None, "nothing was read yet"
        return self._last or self._text.position()

    def __iter__(self) -> Iterator[Any]:
        with opened(self._path, self._error) as stream:
            stream.seek((self._start or Position()).offset)
            text = self._text = JsonText(self._path, self._error, stream, self._start)
            if self._start is None:
                if text.sign() != "[":
                    raise self._error(f"{self._path}: expected a list of products, found {_kind(text.value())}.")
                text.take("[")
                if text.sign() != "]":
                    yield text.value()
            while text.sign() != "]":
                text.take(",]")
                yield text.value()
            self._last = text.position()
            text.take("]")
            _end(text)


def iter_object(path: Path, error: type[ShopRLError]) -> Iterator[tuple[str, Any]]:
    """Yield the keys and values of a JSON object.

    Raises:
        ShopRLError: as ``error``: the file is missing, malformed or no object.
    """
    with opened(path, error) as stream:
        text = JsonText(path, error, stream)
        if text.sign() != "{":
            raise error(f"{path}: expected an object from ASIN to values, found {_kind(text.value())}.")
        text.take("{")
        if text.sign() == "}":
            text.take("}")
            return _end(text)
        while True:
            key = text.value()
            if not isinstance(key, str):
                raise text.fault("a key must be text")
            text.take(":")
            yield key, text.value()
            if text.take(",}") == "}":
                return _end(text)


def _kind(value: object) -> str:
    return type(value).__name__


def _end(text: JsonText) -> None:
    if text.sign():
        raise text.fault("text after the end")
