from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from shoprl.service.database import close_database, open_database, reading, writing
from shoprl.service.decisions import keep
from shoprl.service.feedback import Event, events_of, record
from tests.support.service import decision, happened


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    opened = open_database(address)
    with writing(opened) as connection:
        keep(connection, [decision(), decision("d_later", None)])
    yield opened
    close_database(opened)


def sent(engine: Engine, *events: Event, now: float = 110.0) -> list[str]:
    with writing(engine) as connection:
        return list(record(connection, events, now))


def test_feedback_is_kept_as_it_came(engine: Engine) -> None:
    first = happened("e1", type="prefers", over=("B2",), value=1.5)
    assert sent(engine, first, happened("e2", type="purchase")) == ["accepted", "accepted"]
    with reading(engine) as connection:
        rows = events_of(connection, "d_1")
    assert [row.event_id for row in rows] == ["e1", "e2"]
    assert (rows[0].over, rows[0].value, rows[0].received_at) == (["B2"], 1.5, 110.0)


def test_the_same_again_is_a_duplicate_and_another_a_conflict(engine: Engine) -> None:
    assert sent(engine, happened("e1")) == ["accepted"]
    assert sent(engine, happened("e1"), happened("e1", item_id="B2"), now=999.0) == ["duplicate", "conflict"]
    assert sent(engine, happened("e2"), happened("e2"), happened("e2", value=1.0)) == [
        "accepted",
        "duplicate",
        "conflict",
    ]
    with reading(engine) as connection:
        assert [row.item_id for row in events_of(connection, "d_1")] == ["B1", "B1"]


def test_feedback_without_its_decision_is_kept_and_marked(engine: Engine) -> None:
    assert sent(engine, happened("e1", decision_id="d_unknown")) == ["orphan"]
    with reading(engine) as connection:
        assert [row.status for row in events_of(connection, "d_unknown")] == ["orphan"]


@pytest.mark.parametrize(("now", "status"), [(199.9, "accepted"), (200.0, "accepted"), (200.1, "late")])
def test_feedback_after_the_reward_window_is_kept_and_marked(engine: Engine, now: float, status: str) -> None:
    assert sent(engine, happened("e1", timestamp=100.0), now=now) == [status]
