import pytest

from shoprl.service.database import open_database, writing
from shoprl.service.decisions import keep
from shoprl.service.feedback import record
from shoprl.service.logged import orphans, page_of_log, whole_log
from tests.support.service import decision, happened


@pytest.fixture
def engine(address):
    engine = open_database(address)
    with writing(engine) as connection:
        keep(connection, [decision(f"d_{number}", decided_at=100.0 + number) for number in range(5)])
        events = [happened(f"e{number}", decision_id=f"d_{number}", item_id="B2") for number in (0, 1, 3, 4)]
        events += [happened("e5", decision_id="d_3", type="prefers", over=("B2",)), happened("e6", decision_id="d_x")]
        record(connection, events, 150.0)
        record(connection, [happened("e7", decision_id="d_0", type="purchase")], 250.0)
    yield engine
    engine.dispose()


def test_decisions_come_with_their_items_and_events_a_page_at_a_time(engine):
    first = page_of_log(engine, 0, 2)
    assert [each.decision.decision_id for each in first] == ["d_0", "d_1"]
    assert first[0].decision == decision("d_0")
    assert [(each.type, each.status) for each in first[0].reactions] == [("click", "accepted"), ("purchase", "late")]
    second = page_of_log(engine, first[-1].sequence, 2)
    assert [each.decision.decision_id for each in second] == ["d_3", "d_4"]
    assert second[0].reactions[1].over == ("B2",)
    assert page_of_log(engine, second[-1].sequence, 2) == []


def test_the_whole_log_is_the_same_for_every_size_of_page(engine):
    whole = list(whole_log(engine))
    assert [each.decision.decision_id for each in whole] == ["d_0", "d_1", "d_3", "d_4"]
    assert all(list(whole_log(engine, page=size)) == whole for size in (1, 3))
    assert [each.decision.decision_id for each in whole_log(engine, since=101.0)] == ["d_1", "d_3", "d_4"]
    assert orphans(engine) == 1
