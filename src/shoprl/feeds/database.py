"""Reads the rows of a query from PostgreSQL or SQLite through SQLAlchemy: in a stream, and read-only."""

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from shoprl.errors import CatalogError, ConfigError
from shoprl.feeds.encoding import lenient_text
from shoprl.feeds.entries import Notes, Row, distinct_names, json_fields
from shoprl.files import json_line

SQLITE_MAGIC = b"SQLite format 3\0"
_ADDRESS = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://")
_BATCH = 1_000  # rows fetched at a time
_SECONDS = 15  # to connect
_NAME = 80  # characters of a query that name it


def is_address(source: str) -> bool:
    """Whether a source is the address of something, such as a database, and no path."""
    return bool(_ADDRESS.match(source))


def source_of(query: str) -> str:
    """The name of a query's rows."""
    return " ".join(query.split())[:_NAME]


def _import_sqlalchemy() -> Any:
    try:
        import sqlalchemy
    except ImportError as error:
        raise ConfigError(
            "Databases are read by SQLAlchemy, which is not installed. Run: pip install 'shoprl[feeds]'"
        ) from error
    return sqlalchemy


class Database:
    """A database that a query is put to.

    Args:
        address: "postgresql://user:password@host/name", "sqlite:///path", or the path of an SQLite file.

    Raises:
        ConfigError: SQLAlchemy or the driver is not installed.
        CatalogError: there is no such file, or the address is none of these.
    """

    def __init__(self, address: str) -> None:
        sqlalchemy = _import_sqlalchemy()
        self._secrets: set[str] = set()
        if not is_address(address):
            self.name, self._engine = address, self._sqlite(sqlalchemy, address)
            return
        try:
            url = sqlalchemy.engine.make_url(address)
            url.port  # noqa: B018  # is no number in some addresses
        except (sqlalchemy.exc.ArgumentError, ValueError):  # their messages may hold the password
            raise CatalogError(
                "The address of the database cannot be read. Write it as postgresql://user:password@host/name "
                "(signs such as @ and / in the password as %40 and %2F) or sqlite:///path."
            ) from None
        kind = url.drivername.partition("+")[0]
        if kind not in ("postgresql", "postgres", "sqlite"):
            what = "download the file first" if kind in ("http", "https", "ftp", "s3", "gs") else "export a file"
            raise CatalogError(f"{kind}://...: only postgresql:// and sqlite:// are read. For others {what}.")
        self._secrets = {str(value) for value in (url.password, url.query.get("password")) if value}
        self.name = f"{kind}://{url.host or ''}/{url.database or ''}"
        if kind == "sqlite":
            self._engine = self._sqlite(sqlalchemy, url.database or "")
        else:
            self._engine = self._postgresql(sqlalchemy, url)

    def _sqlite(self, sqlalchemy: Any, path: str) -> Any:
        if not Path(path).is_file():
            raise CatalogError(f"{path or 'sqlite://'}: no such file. Check the path (sqlite:////path from the root).")

        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)
            connection.text_factory = lenient_text
            return connection

        return sqlalchemy.create_engine("sqlite://", creator=connect, poolclass=sqlalchemy.pool.NullPool)

    def _postgresql(self, sqlalchemy: Any, url: Any) -> Any:
        arguments = {} if "connect_timeout" in url.query else {"connect_timeout": _SECONDS}
        try:
            engine = sqlalchemy.create_engine(
                url.set(drivername="postgresql+psycopg"), connect_args=arguments, poolclass=sqlalchemy.pool.NullPool
            )
        except ImportError as error:
            raise ConfigError(
                "PostgreSQL is read by psycopg, which is not installed. Run: pip install 'shoprl[feeds]'"
            ) from error

        sqlalchemy.event.listen(engine, "connect", _only_read)
        return engine

    def rows(self, query: str, notes: Notes, content: "hashlib._Hash") -> Iterator[Row]:
        """Yield the rows of a query, and add them to a hash.

        Raises:
            CatalogError: the database cannot be reached, the query is wrong or gives no rows.
        """
        sqlalchemy, source, number = _import_sqlalchemy(), source_of(query), 0
        faults = (sqlalchemy.exc.SQLAlchemyError, sqlite3.Error, OSError, UnicodeError, *_driver_errors())
        try:
            with self._engine.connect() as connection:
                options: dict[str, Any] = {"no_parameters": True}  # a % or : in the query is no parameter
                if self._engine.dialect.name == "postgresql":
                    options["postgresql_readonly"] = True
                result = connection.execution_options(**options).exec_driver_sql(
                    query, execution_options={"stream_results": True, "yield_per": _BATCH}
                )
                if not result.returns_rows:
                    raise CatalogError(f"{source}: gives no rows. Write a query that is a SELECT.")
                names = distinct_names(result.keys())
                for values in result:
                    number += 1
                    fields = json_fields(names, values, source, number, notes)
                    content.update(json_line(fields))
                    yield Row(source, number, fields)
        except faults as cause:
            raise CatalogError(f"{self.name}: {self._reason(cause)}. Check address and query.") from None
        finally:
            with suppress(*faults):
                self._engine.dispose()
        if not number:
            raise CatalogError(f"{source}: gives no rows. Check the query's conditions.")

    def _reason(self, cause: BaseException) -> str:
        """What went wrong, in a line, without the password."""
        text = " ".join(str(getattr(cause, "orig", None) or cause).split())
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text[:300].rstrip(".")


def _only_read(connection: Any, _record: object) -> None:
    """Let a session only read, also in what follows a transaction that the query ends itself."""
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    connection.commit()


def _driver_errors() -> tuple[type[Exception], ...]:
    try:
        import psycopg
    except ImportError:
        return ()
    return (psycopg.Error,)
