"""Feeds as bytes, and what is read of them."""

import io
from pathlib import Path

from shoprl.feeds.delimited import DelimitedReader
from shoprl.feeds.encoding import TextLines
from shoprl.feeds.entries import Fault, Notes, Origin, Row
from shoprl.feeds.rows import RowReader


def delimited(data: str | bytes, encoding: str | None = None, delimiter: str | None = None) -> list[Row | Fault]:
    return delimited_and_notes(data, encoding, delimiter)[0]


def delimited_and_notes(
    data: str | bytes, encoding: str | None = None, delimiter: str | None = None
) -> tuple[list[Row | Fault], list[str]]:
    data = data.encode() if isinstance(data, str) else data
    notes = Notes()
    lines = TextLines(io.BytesIO(data), data[: 1 << 20], "f", notes, encoding)
    return list(DelimitedReader(lines, "f", notes, delimiter)), notes.texts()


def values(entries: list[Row | Fault]) -> list[object]:
    """Line and cells of each row, line and reason of each fault."""
    return [
        (entry.line, *entry.fields.values()) if isinstance(entry, Row) else (entry.line, entry.reason)
        for entry in entries
    ]


def read(*paths: Path | str, origin: Origin | None = None) -> tuple[list[Row | Fault], list[str]]:
    reader = RowReader([str(path) for path in paths], origin)
    entries = list(reader)
    return entries, reader.notes
