"""Takes a row of delimited text apart where its quotes are not as they should be."""

import re
from collections.abc import Callable
from typing import NamedTuple

MOST_LINES = 1_000  # that a row may take up
MOST_CHARS = 1 << 22  # that a row of several lines may have
Lines = Callable[[int], str | None]  # a line of the row, from 0; None behind the end


class Reading(NamedTuple):
    """A way to read a row."""

    cells: list[str]
    lines: int  # that it takes up
    how: str = ""  # what to tell the user, if anything


class Style(NamedTuple):
    """How quotes are taken.

    Attributes:
        escaped: a backslash before a quote, a delimiter, a backslash or the end of a line takes its meaning away.
        spaced: there may be spaces between a delimiter and a quote.
        strict: behind a cell in quotes there is a delimiter or the end of the line, else the row cannot be read.
    """

    escaped: bool = False
    spaced: bool = False
    strict: bool = False


def plain_cells(line: str, delimiter: str) -> list[str]:
    """The cells of a line as written, quotes and all."""
    return line.rstrip("\r\n").split(delimiter)


class _Scanner:
    """Reads the cells of one row; a quote that is followed by neither delimiter nor end of line belongs to the cell."""

    def __init__(self, lines: Lines, delimiter: str, quote: str, width: int, style: "Style") -> None:
        self._lines, self._delimiter, self._quote, self._width = lines, delimiter, quote, width
        self._style, self._spaces = style, re.compile(f" *{re.escape(quote)}")
        self._text, self._at, self._count = lines(0) or "", 0, 1
        signs = re.escape(quote) + (r"\\" if style.escaped else "")
        self._quoted = re.compile(f"[{signs}]")
        self._unquoted = re.compile(f"[{re.escape(delimiter)}\r\n" + (r"\\]" if style.escaped else "]"))
        self._closing = re.compile(f"{' *' if style.spaced else ''}(?:{re.escape(delimiter)}|\r?\n|\r?$|\r$)")

    def read(self) -> Reading | None:
        """The row; None if a quote is not closed before the next row."""
        cells: list[str] = []
        while True:
            if self._style.spaced:
                start = self._spaces.match(self._text, self._at)
                self._at = start.end() - 1 if start else self._at
            cell = self._quoted_cell() if self._text.startswith(self._quote, self._at) else self._plain_cell()
            if cell is None:
                return None
            cells.append(cell)
            if not self._text.startswith(self._delimiter, self._at):
                return Reading(cells, self._count)
            self._at += 1

    def _more(self) -> bool:
        """Take the next line too, unless it looks like a row of its own."""
        line = self._lines(self._count)
        if line is None or self._count >= MOST_LINES or len(self._text) > MOST_CHARS:
            return False
        if looks_like_row(line, self._delimiter, self._width):
            return False
        self._text += line
        self._count += 1
        return True

    def _quoted_cell(self) -> str | None:
        parts: list[str] = []
        start = self._at + 1
        at = start
        while True:
            sign = self._quoted.search(self._text, at)
            if sign is None:
                at = len(self._text)
                if not self._more():
                    return None
                continue
            at = sign.end()
            if sign[0] == "\\":
                if self._escapes(at):
                    parts.append(self._text[start : at - 1])
                    start = at
                at += 1
            elif self._text.startswith(self._quote, at):  # doubled: one
                parts.append(self._text[start:at])
                at += 1
                start = at
            else:
                end = self._closing.match(self._text, at)
                if end:
                    parts.append(self._text[start : at - 1])
                    self._at = end.end() - 1 if end[0].endswith(self._delimiter) else len(self._text)
                    return "".join(parts)
                if self._style.strict:
                    return None

    def _plain_cell(self) -> str | None:
        parts: list[str] = []
        at = start = self._at
        while True:
            sign = self._unquoted.search(self._text, at)
            if sign is None or (sign[0] in "\r\n" and not self._text[sign.start() :].strip("\r\n")):
                self._at = len(self._text)
                return "".join([*parts, self._text[start : sign.start() if sign else None]])
            if sign[0] == self._delimiter:
                self._at = sign.start()
                return "".join([*parts, self._text[start : sign.start()]])
            at = sign.end()
            if sign[0] == "\\":
                if self._escapes(at):
                    parts.append(self._text[start : at - 1])
                    start = at
                    if self._text.startswith(("\r", "\n"), at) and not self._text[at:].strip("\r\n"):
                        at = len(self._text)
                        self._more()
                        continue
                at += 1

    def _escapes(self, at: int) -> bool:
        """Whether a backslash before a place takes the meaning from what stands there."""
        return self._text[at : at + 1] in {self._quote, self._delimiter, "\\", "\r", "\n"}


def looks_like_row(line: str, delimiter: str, width: int) -> bool:
    """Whether a line has the cells of a row of its own."""
    return width > 1 and line.count(delimiter) == width - 1


def scan(lines: Lines, delimiter: str, quote: str, width: int, style: Style) -> Reading | None:
    """Read a row, taking quotes as leniently as they are written.

    Args:
        lines: the row's first line and those behind it.
        delimiter: between cells.
        quote: around cells.
        width: cells of a line that must be a row of its own; 0 where any line may belong to this row.
        style: how quotes are taken.

    Returns:
        The row; None if a quoted cell is not closed before a line that looks like the next row.
    """
    return _Scanner(lines, delimiter, quote, width, style).read()


def recover(lines: Lines, delimiter: str, quote: str, width: int, strict: Reading | None) -> Reading | None:
    """Read a row that cannot be read by the rules, or that has too many or too few cells by them.

    Args:
        lines: the row's first line and those behind it.
        delimiter: between cells.
        quote: around cells.
        width: cells that a row should have.
        strict: how it is read by the rules, if it can be.

    Returns:
        The first way of these in which the row has as many cells as it should: with quotes escaped by a backslash;
        with quotes within cells; with spaces before quotes; its first line with all quotes as written. Else by the
        rules, where no line of it looks like a row of its own. None if there is no such way.
    """
    first = lines(0) or ""
    styles = [Style(escaped=True)] if "\\" in first else []
    styles += [Style(), Style(spaced=True)] if quote in first else []
    for style in styles:
        found = scan(lines, delimiter, quote, width, style)
        if found and len(found.cells) == width:
            return found
    cells = plain_cells(first, delimiter)
    if quote in first and len(cells) == width:
        return Reading(cells, 1, "quotes are not closed")
    if quote not in first and not strict:  # a carriage return within a cell, or a cell too long for the csv module
        return Reading(cells, 1)
    if strict and not any(looks_like_row(lines(at) or "", delimiter, width) for at in range(1, strict.lines)):
        return strict
    return None
