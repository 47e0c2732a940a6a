"""Finds out how delimited text is written: delimiter, quotes, escapes."""

import csv
import re
from collections.abc import Sequence
from typing import NamedTuple

DELIMITERS = (",", "\t", ";", "|", "^")
NAMES = {"\t": "tab"}
ONE_COLUMN = "\x1f"  # of a text of one column: a sign that no feed holds
_NAMED = re.compile(r'\s*"?sep=(.)"?\s*')  # Excel's first line


class Dialect(NamedTuple):
    """How a text is written.

    Attributes:
        delimiter: between cells.
        quote: around cells.
        escaped: a backslash takes the meaning from a quote or delimiter behind it.
        spaced: there may be spaces between a delimiter and a quote.
        named: the first line names the delimiter and is no row.
    """

    delimiter: str
    quote: str = '"'
    escaped: bool = False
    spaced: bool = False
    named: bool = False


def find_dialect(lines: Sequence[str], given: str | None = None) -> Dialect:
    """The dialect of a text.

    The delimiter is the one with which most rows have as many cells as the first, and the first has several.

    Args:
        lines: the first lines of the text, with their ends.
        given: the delimiter, if it is known.
    """
    named = _NAMED.fullmatch(lines[0]) if lines else None
    lines = [line for line in lines[1 if named else 0 :] if not line.isspace()]
    if not lines:
        return Dialect(given or (named[1] if named else ","), named=bool(named))
    delimiters = [given] if given else [named[1]] if named else [sign for sign in DELIMITERS if sign in lines[0]]
    if not delimiters:
        return Dialect(ONE_COLUMN, escaped=False)
    quotes = {sign: _quote(lines[0], sign) for sign in delimiters}
    scores = {sign: _score(lines, Dialect(sign, quotes[sign])) for sign in delimiters}
    best = max(delimiters, key=lambda sign: scores[sign])
    dialect = Dialect(best, quotes[best], named=bool(named))
    if _has_spaces(lines, dialect) and _score(lines, dialect._replace(spaced=True)) >= scores[best]:
        dialect = dialect._replace(spaced=True)
    escaped = dialect._replace(escaped=True)
    return (
        escaped if any("\\" in line for line in lines) and _score(lines, escaped) > _score(lines, dialect) else dialect
    )


def _quote(line: str, delimiter: str) -> str:
    """What stands around cells: single quotes where all of the first line are in such."""
    cells = line.strip().split(delimiter)
    return "'" if all(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in cells) else '"'


def _has_spaces(lines: Sequence[str], dialect: Dialect) -> bool:
    quoted = [line for line in lines if dialect.quote in line]
    delimiter, quote = re.escape(dialect.delimiter), re.escape(dialect.quote)
    spaced = re.compile(f"{delimiter} +{quote}[^{quote}]*{quote} *(?:{delimiter}|[\r\n]|$)")
    return len(quoted) < 2 * sum(bool(spaced.search(line)) for line in quoted)


def _score(lines: Sequence[str], dialect: Dialect) -> float:
    """How well a dialect fits: the share of rows as wide as the first, squared, times the delimiters of a row."""
    widths: list[int] = []
    start = 0
    while start < len(lines):
        reader = csv.reader(
            lines[start:], delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True,
            escapechar="\\" if dialect.escaped else None, skipinitialspace=dialect.spaced,
        )  # fmt: skip
        before = 0
        try:
            for row in reader:
                widths.append(len(row))
                before = reader.line_num
        except csv.Error:
            widths.append(0)
            start += before + 1
        else:
            break
    fitting = sum(width == widths[0] for width in widths) / len(widths)
    return fitting**2 * max(widths[0] - 1, 0)
