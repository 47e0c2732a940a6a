"""Reads the rows of any feed: files of any format, stdin, a query of a database."""

import hashlib
import sys
from collections.abc import Iterator, Sequence

from shoprl.errors import CatalogError, ConfigError
from shoprl.feeds.database import Database, is_address, source_of
from shoprl.feeds.delimited import DelimitedReader
from shoprl.feeds.documents import DocumentReader, json_lines
from shoprl.feeds.encoding import TextLines
from shoprl.feeds.entries import Fault, Notes, Origin, Row
from shoprl.feeds.parquet import parquet_rows
from shoprl.feeds.sources import STDIN, Part, Source

__all__ = ["Fault", "Origin", "Row", "RowReader"]


class RowReader:
    """The rows of feeds, one behind the other, each from its own source and line.

    Args:
        sources: paths, "-" for stdin, or addresses of databases.
        origin: how they are read, where that is not to be found out.

    Raises:
        CatalogError: a source is missing, given twice, or nothing that is read; also while it is read.
        ConfigError: what is needed to read it is not installed, or a query is missing or one too many.
    """

    def __init__(self, sources: Sequence[str], origin: Origin | None = None) -> None:
        self._origin = origin or Origin()
        self._notes = Notes()
        self._hashes: dict[str, str] = {}
        doubled = next((source for place, source in enumerate(sources) if source in sources[:place]), None)
        if doubled is not None:
            what = "the address of a database" if is_address(doubled) else doubled
            raise CatalogError(f"{what}: is given twice. Give each source once.")
        self._sources = [self._checked(source) for source in sources]
        if self._origin.query is not None and not any(isinstance(source, Database) for source in self._sources):
            raise ConfigError("`query` is for databases, and there is none among the sources. Leave it out.")

    def _checked(self, name: str) -> Source | Database:
        if is_address(name):
            return self._database(name)
        source = Source(name, self._origin.encoding, self._notes)
        if name != STDIN:
            return self._database(name) if source.check() == "sqlite" else source
        if sys.stdin is None or sys.stdin.isatty():
            raise CatalogError("-: nothing is piped to stdin. Write it as: shoprl ... < FILE.")
        return source

    def _database(self, address: str) -> Database:
        database = Database(address)
        if not (self._origin.query or "").strip():
            raise ConfigError(f"`query` is needed for the database {database.name}. Give a SELECT.")
        return database

    def __iter__(self) -> Iterator[Row | Fault]:
        self._notes.clear()
        self._hashes.clear()
        for source in self._sources:
            if isinstance(source, Database):
                query, content = self._origin.query or "", hashlib.sha256()
                yield from source.rows(query, self._notes, content)
                self._hashes[source_of(query)] = content.hexdigest()
            else:
                for part in source.parts():
                    yield from self._part_rows(part)
                self._hashes[source.name] = source.sha256

    def _part_rows(self, part: Part) -> Iterator[Row | Fault]:
        name, content, encoding = part.name, part.content, self._origin.encoding
        if part.kind == "parquet":
            with part.seekable() as file:
                yield from parquet_rows(file, file.seek(0, 2), name, self._notes)
            return
        lines = TextLines(content, content.head, name, self._notes, encoding)
        told = [] if lines.encoding in ("utf-8", "ascii") else [f"read as {lines.encoding_name}"]
        if part.kind == "document":
            rows: Iterator[Row | Fault] = iter(DocumentReader(content, content.head, lines.encoding, name, self._notes))
        elif part.kind == "lines":
            rows = json_lines(lines, name, self._notes)
        else:
            reader = DelimitedReader(lines, name, self._notes, self._origin.separator)
            told += [] if reader.delimiter is None else [f"delimiter {reader.delimiter}"]
            rows = iter(reader)
        if told:
            self._notes.say(name, ", ".join(told))
        yield from rows

    @property
    def notes(self) -> list[str]:
        """What a user is told once; complete when all rows were read."""
        return self._notes.texts()

    def hashes(self) -> dict[str, str]:
        """Source -> sha256 of its bytes, of a query that of its rows; complete when all rows were read."""
        return dict(self._hashes)

    @property
    def size(self) -> int | None:
        """Bytes of all sources, as they are; None where that of one is not known."""
        sizes = [source.size if isinstance(source, Source) else None for source in self._sources]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def position(self) -> int:
        """Bytes read so far of all sources, as they are."""
        return sum(source.position for source in self._sources if isinstance(source, Source))
