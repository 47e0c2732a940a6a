import threading
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import Connection, Engine, select

from shoprl.errors import StorageError
from shoprl.service.database import close_database, open_database, reading
from shoprl.service.feedback import record
from shoprl.service.tables import events
from shoprl.service.writer import BusyError, Writer
from tests.support.service import happened


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    opened = open_database(address)
    yield opened
    close_database(opened)


def kept(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return [row.event_id for row in connection.execute(select(events.c.event_id).order_by("sequence"))]


def write(name: str, connection: Connection) -> str:
    return record(connection, [happened(name)], 1.0)[0]


def occupied(writer: Writer) -> threading.Event:
    """Keep the writer busy until the event is set; what is submitted now waits."""
    begun, go_on = threading.Event(), threading.Event()

    def occupy(connection: Connection) -> None:
        begun.set()
        go_on.wait(30)

    writer.submit(occupy)
    assert begun.wait(30)
    return go_on


def test_what_is_done_is_committed_before_it_is_said(engine: Engine) -> None:
    writer = Writer(engine)
    assert writer.submit(lambda connection: write("e1", connection)).result(30) == "orphan"
    assert kept(engine) == ["e1"]
    writer.close()


def test_work_that_waits_is_committed_together_and_in_order(engine: Engine) -> None:
    writer = Writer(engine)
    transactions = []

    def numbered(name: str, connection: Connection) -> int:
        transactions.append(id(connection))
        write(name, connection)
        return len(transactions)

    go_on = occupied(writer)
    waiting = [writer.submit(lambda connection, n=n: numbered(f"e{n}", connection)) for n in range(50)]
    assert writer.waiting == 50
    go_on.set()
    assert [each.result(30) for each in waiting] == list(range(1, 51))
    assert len(set(transactions)) == 1
    assert kept(engine) == [f"e{number}" for number in range(50)]
    writer.close()


def test_what_goes_wrong_is_undone_alone(engine: Engine) -> None:
    def wrong(connection: Connection) -> None:
        write("bad", connection)
        raise KeyError("bad")

    def refused(connection: Connection) -> None:
        write("worse", connection)
        connection.exec_driver_sql("SELECT * FROM nothing")

    writer = Writer(engine)
    go_on = occupied(writer)
    futures = [
        writer.submit(work)
        for work in (lambda c: write("e1", c), wrong, refused, lambda c: write("e2", c))  # type: ignore[list-item]
    ]
    go_on.set()
    assert futures[0].result(30) == futures[3].result(30) == "orphan"
    with pytest.raises(KeyError):
        futures[1].result(30)
    with pytest.raises(StorageError, match="nothing"):
        futures[2].result(30)
    assert kept(engine) == ["e1", "e2"]
    writer.close()


def test_what_goes_wrong_with_nothing_else_waiting_is_undone(engine: Engine) -> None:
    def wrong(connection: Connection) -> None:
        write("bad", connection)
        raise KeyError("bad")

    writer = Writer(engine)
    with pytest.raises(KeyError):
        writer.submit(wrong).result(30)
    assert writer.submit(lambda connection: write("good", connection)).result(30) == "orphan"
    assert kept(engine) == ["good"]
    writer.close()


def test_more_than_may_wait_is_refused(engine: Engine) -> None:
    writer = Writer(engine, 2)
    go_on = occupied(writer)
    waiting = [writer.submit(lambda connection, n=n: write(f"e{n}", connection)) for n in range(2)]
    with pytest.raises(BusyError, match="Try again later"):
        writer.submit(lambda connection: write("more", connection))
    go_on.set()
    assert [each.result(30) for each in waiting] == ["orphan"] * 2
    writer.close()


def test_closing_does_what_waits_and_takes_no_more(engine: Engine) -> None:
    writer = Writer(engine)
    futures = [writer.submit(lambda connection, n=n: write(f"e{n}", connection)) for n in range(100)]
    writer.close()
    assert all(each.done() for each in futures)
    assert len(kept(engine)) == 100
    with pytest.raises(BusyError, match="shutting down"):
        writer.submit(lambda connection: None)
    writer.close()


def test_work_that_nobody_waits_for_any_more_is_done_and_the_next_too(engine: Engine) -> None:
    writer = Writer(engine)
    go_on = occupied(writer)
    left = writer.submit(lambda connection: write("e1", connection))
    assert not left.cancel()
    go_on.set()
    assert writer.submit(lambda connection: write("e2", connection)).result(30) == "orphan"
    assert kept(engine) == ["e1", "e2"]
    writer.close()


def test_work_of_one_kind_is_done_at_once(engine: Engine) -> None:
    writer, calls = Writer(engine), list[int]()

    def many(connection: Connection, names: Sequence[str]) -> list[str]:
        calls.append(len(names))
        if "wrong" in names:
            raise KeyError("wrong")
        return [write(name, connection) + name for name in names]

    go_on = occupied(writer)
    good = [writer.submit_to(many, f"e{number}") for number in range(5)]
    other = writer.submit(lambda connection: write("other", connection))
    mixed = [writer.submit_to(many, name) for name in ("f1", "wrong", "f2")]
    go_on.set()
    assert [each.result(30) for each in good] == [f"orphane{number}" for number in range(5)]
    assert other.result(30) == "orphan"
    assert (mixed[0].result(30), mixed[2].result(30)) == ("orphanf1", "orphanf2")
    with pytest.raises(KeyError):
        mixed[1].result(30)
    assert calls == [5, 3, 1, 1, 1]
    assert kept(engine) == [*(f"e{number}" for number in range(5)), "other", "f1", "f2"]
    writer.close()


def test_whatever_goes_wrong_the_next_work_is_done(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(engine)
    with monkeypatch.context() as patch:
        patch.setattr("shoprl.service.writer.writing", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            writer.submit(lambda connection: None).result(30)
    assert writer.submit(lambda connection: write("e1", connection)).result(30) == "orphan"
    writer.close()
