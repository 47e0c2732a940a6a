import pytest

from shoprl.errors import ConfigError
from shoprl.service.database import open_database, reading, writing
from shoprl.service.decisions import keep
from shoprl.service.feedback import record
from shoprl.service.rewards import RewardRule, earned
from tests.support.service import decision, happened


@pytest.fixture
def engine(address):
    engine = open_database(address)
    with writing(engine) as connection:
        keep(connection, [decision(f"d_{number}") for number in range(4)])
        keep(connection, [decision("d_open", 400.0), decision("d_hidden", None), decision("d_new", policy="new")])
    yield engine
    engine.dispose()


def test_decisions_count_once_their_window_is_over(engine):
    bought = [happened("e1", decision_id="d_0", type="purchase"), happened("e2", decision_id="d_1")]
    bought += [
        happened("e3", decision_id="d_open", type="purchase"),
        happened("e4", decision_id="d_0", type="purchase"),
    ]
    with writing(engine) as connection:
        record(connection, bought, 150.0)
    with reading(engine) as connection:
        assert earned(connection, RewardRule(), 0.0, 300.0) == {("pretrained", "1"): (4, 1.0), ("new", "1"): (1, 0.0)}
        clicks = RewardRule(events=("click", "purchase"))
        assert earned(connection, clicks, 0.0, 300.0)[("pretrained", "1")] == (4, 2.0)
        assert earned(connection, RewardRule(), 0.0, 500.0)[("pretrained", "1")] == (5, 2.0)
        assert earned(connection, RewardRule(default=0.5), 0.0, 300.0)[("pretrained", "1")] == (4, 2.5)
        assert earned(connection, RewardRule(), 101.0, 300.0) == {}


def test_what_comes_late_earns_nothing(engine):
    with writing(engine) as connection:
        assert record(connection, [happened("e1", decision_id="d_0", type="purchase")], 250.0) == ["late"]
    with reading(engine) as connection:
        assert earned(connection, RewardRule(), 0.0, 300.0)[("pretrained", "1")] == (4, 0.0)


@pytest.mark.parametrize("events", [(), ("bought",)])
def test_a_rule_names_events(events):
    with pytest.raises(ConfigError, match="events"):
        RewardRule(events=events)
