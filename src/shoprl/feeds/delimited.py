"""Reads delimited text (CSV, TSV) a row at a time, also where it is quoted badly.

Rows are split by the csv module of the standard library, told to be strict; a row that it refuses, or that is not as
wide as the header, is read again by :mod:`shoprl.feeds.quoting`, from its first line on, so that a bad quote
costs one row and never those behind it. The readers of pyarrow, polars and DuckDB are several times as fast on
well-formed text, but they stop at a row with a bad quote, leave it out silently, or take what follows as a part of it;
they do not tell on which line a good row starts; and they read UTF-8, with few other encodings at best.
"""

import csv
from collections.abc import Iterable, Iterator

from shoprl.feeds.dialect import NAMES, ONE_COLUMN, Dialect, find_dialect
from shoprl.feeds.encoding import TextLines, check_blank, is_marked
from shoprl.feeds.entries import COUNT, Fault, Notes, Row, distinct_names, fault
from shoprl.feeds.quoting import (
    MOST_CHARS,
    MOST_LINES,
    Reading,
    Style,
    looks_like_row,
    plain_cells,
    recover,
    scan,
)

_TEMPLATE = "TemplateType="
_BATCH = 256  # lines
_FAR = 20  # lines that may be looked at again and again
_SAMPLE_LINES = 200
_SAMPLE_CHARS = 1 << 18


class _TooFarError(Exception):
    """A row goes on over more lines than one may."""


class _Window:
    """The lines of a text, from the start of the row at hand on; the csv module takes the next ones from it."""

    def __init__(self, blocks: Iterable[list[str]]) -> None:
        self._blocks = iter(blocks)
        self._lines: list[str] = []
        self._number = 1  # of the first line here
        self.start = 0  # where the row at hand starts
        self.at = 0  # the next line
        self._chars = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.at >= len(self._lines) and not self._fill():
            raise StopIteration
        line = self._lines[self.at]
        if self.at > self.start:
            self._chars += len(line)
            if self.at - self.start >= MOST_LINES or self._chars > MOST_CHARS:
                raise _TooFarError
        self.at += 1
        return line

    def _fill(self) -> bool:
        """Drop the rows read and take the next block."""
        for block in self._blocks:
            if block:
                self._number += self.start
                self._lines = self._lines[self.start :] + block
                self.at, self.start = self.at - self.start, 0
                return True
        return False

    def begin(self) -> None:
        """Start a row at the next line."""
        self.start, self._chars = self.at, 0

    def move(self, number: int) -> None:
        """Make a line at hand the next one."""
        self.at = number - self._number
        self.begin()

    def ahead(self) -> list[str]:
        """The next lines, where no row is at hand; none at the end."""
        self.begin()
        if self.at >= len(self._lines):
            self._fill()
        return self._lines[self.at : self.at + _BATCH]

    @property
    def next_number(self) -> int:
        """The number of the next line."""
        return self._number + self.at

    def line(self, place: int) -> str | None:
        """A line of the row at hand, from 0."""
        while self.start + place >= len(self._lines):
            if not self._fill():
                return None
        return self._lines[self.start + place]

    def first(self) -> list[str]:
        """The first lines of the text."""
        lines: list[str] = []
        chars = 0
        while len(lines) < _SAMPLE_LINES and chars < _SAMPLE_CHARS and (line := self.line(len(lines))) is not None:
            lines.append(line)
            chars += len(line)
        return lines

    @property
    def number(self) -> int:
        """The number of the row's first line."""
        return self._number + self.start


class DelimitedReader:
    """The rows of a delimited text.

    Args:
        lines: the text.
        source: its name.
        notes: takes what the user is told.
        delimiter: as given by the user; None: found out.
    """

    def __init__(self, lines: TextLines, source: str, notes: Notes, delimiter: str | None = None) -> None:
        self._source, self._notes, self._may_be_marked = source, notes, lines.given
        self._window = _Window(lines)
        self._dialect: Dialect = find_dialect(self._window.first(), delimiter)
        self._reader = self._csv_reader(self._window)
        self._names: list[str] = []
        self._width, self._blank = 0, 0
        self._asked = 0  # lines that were looked at for the end of the row at hand
        self._unclosed = 0  # up to this line no quote is closed, as was seen from a row before

    @property
    def delimiter(self) -> str | None:
        """The delimiter in words; None where it is a comma, or there is none."""
        if self._dialect.delimiter in (",", ONE_COLUMN):
            return None
        return NAMES.get(self._dialect.delimiter, self._dialect.delimiter)

    def __iter__(self) -> Iterator[Row | Fault]:
        window = self._window
        if not self._read_header():
            return
        plain = not self._dialect.escaped and not self._may_be_marked
        while lines := window.ahead():
            rows = self._rows_of_lines(lines) if plain else None
            if rows is not None:
                yield from self._fast(rows)
                continue
            end = window.next_number + len(lines)
            while window.next_number < end:
                window.begin()
                try:
                    cells = next(self._reader)
                except (csv.Error, _TooFarError):
                    entry = self._entry(None)
                else:
                    entry = self._entry(Reading(cells, window.at - window.start))
                if entry:
                    yield entry

    def _csv_reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        return csv.reader(
            lines, delimiter=self._dialect.delimiter, quotechar=self._dialect.quote, strict=True,
            skipinitialspace=self._dialect.spaced,
        )  # fmt: skip

    def _rows_of_lines(self, lines: list[str]) -> list[list[str]] | None:
        """The rows of some lines, if each line is one."""
        try:
            rows = list(self._csv_reader(lines))
        except csv.Error:
            return None
        return rows if len(rows) == len(lines) else None

    def _fast(self, rows: list[list[str]]) -> Iterator[Row | Fault]:
        """The entries of the next lines, each of which is a row by the rules."""
        window, source, names, width = self._window, self._source, self._names, self._width
        number = window.next_number
        for number, cells in enumerate(rows, number):  # noqa: B020
            if len(cells) == width:
                fields = {name: cell for name, cell in zip(names, cells, strict=True) if cell}
                if fields:
                    yield Row(source, number, fields)
                    continue
            window.move(number)
            window.at += 1
            entry = self._entry(Reading(cells, 1))
            if entry:
                yield entry
            if window.next_number != number + 1:  # the row has more lines than it seemed
                return
        window.move(number + 1)

    def _read_header(self) -> bool:
        window = self._window
        if self._dialect.named:
            next(window)
        while True:
            window.begin()
            try:
                cells = next(self._reader)
            except StopIteration:
                return False
            except (csv.Error, _TooFarError):
                found = scan(window.line, self._dialect.delimiter, self._dialect.quote, 0, Style(spaced=True))
                cells = found.cells if found else plain_cells(window.line(0) or "", self._dialect.delimiter)
                window.at = window.start + (found.lines if found else 1)
            if cells[:1] and cells[0].startswith(_TEMPLATE):  # of Amazon's flat files: about the file, then labels
                next(self._reader, None)
            elif any(map(str.strip, cells)):
                break
        cells = [cell.strip().removeprefix("\ufeff").strip(f" \t\r\n{self._dialect.quote}") for cell in cells]
        self._names, self._width = distinct_names(cells), len(cells)
        doubled = sorted(set(self._names) - set(cells) - {""})
        if any(" (" in name for name in doubled):
            self._notes.say(self._source, f"columns of one name are told apart: {', '.join(doubled)[:200]}")
        return True

    def _entry(self, strict: Reading | None) -> Row | Fault | None:
        """The row at hand, which is not plain; None if it is blank."""
        window, number = self._window, self._window.number
        if strict and (not any(strict.cells) or (len(strict.cells) == 1 < self._width and strict.cells[0].isspace())):
            self._blank += 1
            check_blank(self._source, number, self._blank)
            if len(strict.cells) > 1:
                self._notes.count(self._source, f"{COUNT} rows without any value left out", number)
            return None
        found = self._read(strict)
        window.at = window.start + (found.lines if found else 1)
        if found is None:
            if strict is None or strict.lines > 1:
                what = "a cell starts with a quote that is not closed. Close or double the quotes of the row."
                return fault(self._source, number, "quote not closed", f"{what} It starts: {window.line(0)}")
            found = strict
        if found.how:
            self._notes.count(self._source, f"{found.how} in {COUNT} rows; read as written", number)
        return self._row(found.cells, number)

    def _read(self, strict: Reading | None) -> Reading | None:
        window, (delimiter, quote, escaped, *_) = self._window, self._dialect
        lines = range(strict.lines if strict else 1)
        if escaped and any("\\" in (window.line(at) or "") for at in lines):
            found = scan(window.line, delimiter, quote, 0, Style(escaped=True, strict=True))
            if found and len(found.cells) == self._width:
                return found
        if strict and len(strict.cells) == self._width:
            if len(lines) > 1 and all(looks_like_row(window.line(at) or "", delimiter, self._width) for at in lines):
                what = (
                    f"{COUNT} rows have cells in quotes with lines that look like rows themselves; check their quotes"
                )
                self._notes.count(self._source, what, window.number)
            return strict
        self._asked = 0
        found = recover(self._line, delimiter, quote, self._width, strict)
        if self._asked >= _FAR and (found is None or found.lines == 1):
            self._unclosed = window.number + self._asked
        return found

    def _line(self, place: int) -> str | None:
        """A line of the row at hand; those behind the first only where a quote may be closed in them."""
        if place and self._window.number < self._unclosed:
            return None
        self._asked = max(self._asked, place)
        return self._window.line(place)

    def _row(self, cells: list[str], number: int) -> Row | Fault:
        if self._may_be_marked and any(map(is_marked, cells)):
            what = "holds bytes that are not in the encoding given. Give the right one, or none to have it found out."
            return fault(self._source, number, "not in the encoding", what)
        if len(cells) > self._width and any(cells[self._width :]):
            beyond = next(cell for cell in cells[self._width :] if cell)
            what = f"{len(cells)} cells, the header has {self._width}. Put cells that hold the delimiter in quotes."
            return fault(self._source, number, "too many cells", f"{what} The first beyond: {beyond}")
        if len(cells) < self._width:
            self._notes.count(
                self._source, f"{COUNT} rows have fewer cells than the header; the last are missing", number
            )
        return Row(self._source, number, {name: cell for name, cell in zip(self._names, cells, strict=False) if cell})
