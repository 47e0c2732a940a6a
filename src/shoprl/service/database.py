"""The database of the service: SQLite by default, PostgreSQL by its address; what is committed is on the disk."""

import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from shoprl.errors import ConfigError, StorageError

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
CONNECT = 10  # seconds
BUSY = 10_000  # milliseconds that SQLite waits for another process that writes
_LOCK = 5_410_240_816  # of PostgreSQL: who holds it writes, so that rows are numbered in the order of their commits
_WRITES = "shoprl_writes"
_FILE = "shoprl_file"


def open_database(address: str) -> Engine:
    """Open a database, and bring its tables to the newest version.

    Args:
        address: "sqlite:///path", which is made where there is none, or "postgresql://user:password@host/name".

    Raises:
        ConfigError: the address is none of these, or the driver of PostgreSQL is not installed.
        StorageError: the database cannot be reached or written, or was made by a newer version.
    """
    engine = _engine(address)
    try:
        with reported(engine):
            _migrate(engine)
            if engine.dialect.name == "postgresql":
                _warn(engine)
    except BaseException:
        engine.dispose()
        raise
    if engine.dialect.name == "sqlite" and _file(engine):
        event.listen(engine, "do_connect", _sqlite_connecting)  # from now on none is made in its place
    return engine


def database_beside(shop: Path) -> str:
    """The address of the database that a shop has by default: a file beside it, which no build of it replaces."""
    path = shop.absolute()
    return f"sqlite:///{path.with_name(path.name + '.feedback.sqlite')}"


def name_of(engine: Engine) -> str:
    """A database's address without user and password."""
    url = engine.url
    if engine.dialect.name == "sqlite":
        return str(url.database)
    return f"postgresql://{url.host or url.query.get('host', '')}/{url.database or ''}"


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes; no other one does meanwhile. It is on the disk when the block is left.

    Raises:
        StorageError: what was written went into a file that is not at its place any more.
    """
    with engine.connect().execution_options(**{_WRITES: True}) as connection:
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            yield connection
        if connection.info.get(_FILE, (None,)) != _file(engine):
            connection.invalidate()
            engine.dispose()
            raise StorageError(f"{name_of(engine)}: the file was moved or removed. Put it back, or start again.")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that reads, and sees one state of the database."""
    with reported(engine), engine.connect() as connection:
        yield connection


@contextmanager
def reported(engine: Engine) -> Iterator[None]:
    """Raise a :class:`StorageError` for what the database refuses."""
    try:
        yield
    except SQLAlchemyError as error:
        raise StorageError(f"{name_of(engine)}: {reason(error, engine)}.") from error


def reason(error: BaseException, engine: Engine) -> str:
    """What went wrong, in a line, without the password."""
    text = " ".join(str(getattr(error, "orig", None) or error).split())
    if engine.url.password:
        text = text.replace(str(engine.url.password), "***")
    return text[:300].rstrip(".")


def _engine(address: str) -> Engine:
    try:
        url = sqlalchemy.engine.make_url(address)
    except (ArgumentError, ValueError):  # its message may hold the password
        raise ConfigError(
            "The address of the database cannot be read. Write it as sqlite:///path or as "
            "postgresql://user:password@host/name (signs such as @ and / in the password as %40 and %2F)."
        ) from None
    kind = url.drivername.partition("+")[0]
    if kind == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise ConfigError("sqlite://: give the path of a file, since what is in memory is not kept.")
        engine = sqlalchemy.create_engine(url, connect_args={"timeout": BUSY / 1000, "check_same_thread": False})
        event.listen(engine, "connect", _sqlite_connected)
        event.listen(engine, "connect", lambda _, record: record.info.update({_FILE: _file(engine)}))
        event.listen(engine, "begin", _sqlite_begun)
        return engine
    if kind not in ("postgresql", "postgres"):
        raise ConfigError(f"{kind}://...: only sqlite:// and postgresql:// keep the service's data.")
    try:
        engine = sqlalchemy.create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={"connect_timeout": CONNECT},
            pool_pre_ping=True,  # a server that was started again is found at the next use
        )
    except ImportError as error:
        raise ConfigError(
            "PostgreSQL is used through psycopg, which is not installed. Run: pip install 'shoprl[service]'"
        ) from error
    event.listen(engine, "connect", _postgresql_connected)
    return engine


def _file(engine: Engine) -> tuple[int | None, ...]:
    """What tells the database's file from another one at its place; the same of all that are no files."""
    if engine.dialect.name != "sqlite":
        return (None,)
    try:
        found = os.stat(str(engine.url.database))
    except OSError:
        return ()
    return found.st_dev, found.st_ino


def _sqlite_connecting(_dialect: object, _record: object, arguments: Sequence[Any], _named: object) -> None:
    if not os.path.exists(arguments[0]):
        raise sqlite3.OperationalError("unable to open the file, which was there before")


def _warn(engine: Engine) -> None:
    with engine.connect() as connection:
        if connection.exec_driver_sql("SHOW fsync").scalar() != "on":
            log.warning(
                "%s: the server runs with fsync off. A power cut can lose what was acknowledged, and the database.",
                name_of(engine),
            )


def _postgresql_connected(connection: Any, _record: object) -> None:
    """Each commit waits for the disk, whatever the server's default is."""
    connection.autocommit = True
    if connection.execute("SHOW synchronous_commit").fetchone() == ("off",):
        connection.execute("SET synchronous_commit TO on")
    connection.autocommit = False


def _sqlite_connected(connection: Any, _record: object) -> None:
    """WAL, so that readers never wait; each commit waits for the disk."""
    connection.isolation_level = None  # the driver opens no transactions of its own; the next function does
    for pragma in (f"busy_timeout = {BUSY}", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begun(connection: Connection) -> None:
    """A transaction that will write locks at once, as one that has read cannot always do so later."""
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        with writing(engine) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise StorageError(
            f"{name_of(engine)}: made by another version of ShopRL ({error}). Install the newest, or take another file."
        ) from error


def close_database(engine: Engine) -> None:
    """Close the connections; an SQLite file is left as one file, where nobody else has it open."""
    with suppress(DBAPIError):
        if engine.dialect.name == "sqlite":
            with engine.connect() as connection:
                connection.commit()
                connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
    engine.dispose()
