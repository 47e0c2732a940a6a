import multiprocessing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import insert, inspect, select

from shoprl.catalog.ids import MAX_ID
from shoprl.errors import ConfigError, StorageError
from shoprl.service.database import MIGRATIONS, close_database, name_of, open_database, reading, writing
from shoprl.service.tables import decisions, items, metadata
from tests.support.service import decided


def rows_of(address: str) -> int:
    engine = open_database(address)
    with reading(engine) as connection:
        count = len(connection.execute(select(decisions.c.sequence)).all())
    close_database(engine)
    return count


def test_the_migrations_make_the_tables(address: str) -> None:
    engine = open_database(address)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    close_database(engine)


def test_a_database_is_opened_again_with_what_it_holds(address: str) -> None:
    engine = open_database(address)
    with writing(engine) as connection:
        connection.execute(insert(decisions), [decided("d_1")])
    close_database(engine)
    assert rows_of(address) == 1


def test_an_older_database_keeps_what_it_holds_and_takes_long_ids_of_products(address: str) -> None:
    engine = open_database(address)
    config = Config(attributes={})
    config.set_main_option("script_location", str(MIGRATIONS))
    item = {"decision_id": "d_1", "propensity": 1.0, "shown": {"title": "Lamp"}}
    with writing(engine) as connection:
        connection.execute(insert(decisions), [decided("d_1")])
        connection.execute(insert(items), [item | {"position": 1, "item_id": "B1"}])
        config.attributes["connection"] = connection
        command.downgrade(config, "0003")
    close_database(engine)
    engine = open_database(address)
    with writing(engine) as connection:
        connection.execute(insert(items), [item | {"position": 2, "item_id": "B" * MAX_ID}])
    with reading(engine) as connection:
        held = connection.execute(select(items.c.item_id, items.c.shown).order_by(items.c.position)).all()
        assert held == [("B1", item["shown"]), ("B" * MAX_ID, item["shown"])]
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    close_database(engine)


def test_what_fails_leaves_nothing(address: str) -> None:
    engine = open_database(address)

    def fail() -> None:
        with writing(engine) as connection:
            connection.execute(insert(decisions), [decided("d_1")])
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    close_database(engine)
    assert rows_of(address) == 0


def test_several_processes_may_open_a_new_one_at_once(address: str) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.map(rows_of, [address] * 3) == [0] * 3


def test_sqlite_waits_for_the_disk_and_lets_read_meanwhile(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'service.db'}")
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2}
    with writing(engine) as writer, reading(engine) as reader:
        writer.execute(insert(decisions), [decided("d_1")])
        assert reader.execute(select(decisions)).all() == []
    close_database(engine)
    assert [path.name for path in tmp_path.iterdir()] == ["service.db"]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("mysql://u:secret@host/name", "only sqlite:// and postgresql://"),
        ("sqlite://", "give the path of a file"),
        ("sqlite:///:memory:", "give the path of a file"),
        ("service.db", "cannot be read"),
        ("postgresql://u:secret@host:port/name", "cannot be read"),
    ],
)
def test_an_address_that_cannot_be_used_is_named(address: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        open_database(address)
    assert "secret" not in str(caught.value)


def test_a_server_that_cannot_be_reached_is_named_without_its_password() -> None:
    with pytest.raises(StorageError, match=r"postgresql://127\.0\.0\.1/shop") as caught:
        open_database("postgresql://shop:secret@127.0.0.1:9/shop")
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "service.db"
    path.write_bytes(b"no database" * 500)
    with pytest.raises(StorageError, match=r"service\.db: .*not a database"):
        open_database(f"sqlite:///{path}")
    assert path.read_bytes() == b"no database" * 500


def test_a_database_of_a_newer_version_is_refused(address: str) -> None:
    engine = open_database(address)
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    close_database(engine)
    with pytest.raises(StorageError, match="made by another version of ShopRL"):
        open_database(address)


def test_the_name_has_no_password(address: str) -> None:
    engine = open_database(address)
    assert "s3cret" not in name_of(engine)
    assert inspect(engine).has_table("events")
    close_database(engine)


def test_postgresql_waits_for_the_disk_whatever_its_default(postgresql: str, caplog: pytest.LogCaptureFixture) -> None:
    engine = open_database(f"{postgresql}&options=-csynchronous_commit%3Doff")
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    close_database(engine)
    assert "fsync off" in caplog.text  # as the servers of tests run
