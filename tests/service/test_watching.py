from shoprl.service.database import close_database, open_database, writing
from shoprl.service.decisions import keep
from shoprl.service.feedback import record
from shoprl.service.watching import Rates, latest, rates
from tests.support.service import decision, happened


def test_rates_count_lists_that_were_shown_and_events_that_came_in_time(address: str) -> None:
    engine = open_database(address)
    with writing(engine) as connection:
        shown = [decision(f"d_{number}", decided_at=100.0 + number) for number in range(4)]
        keep(connection, [*shown, decision("d_old", decided_at=10.0), decision("d_hidden", expires_at=None)])
        keep(connection, [decision("d_other", policy="other", policy_version="2")])
        received = [
            *(happened(f"a{number}", decision_id="d_1") for number in range(3)),
            happened("b", decision_id="d_2", type="purchase"),
            happened("c", decision_id="d_old"),
            happened("d", decision_id="d_hidden"),
            happened("e", decision_id="nothing"),
        ]
        record(connection, received, 150.0)
        record(connection, [happened("late", decision_id="d_3")], 500.0)
        found = rates(connection, 50.0)
        summaries = latest(connection, 3)
    assert found == [
        Rates("other", "2", 1, {}),
        Rates("pretrained", "1", 4, {"click": 1, "purchase": 1}),
    ]
    assert [(each.decision_id, each.events) for each in summaries] == [("d_other", 0), ("d_hidden", 1), ("d_old", 1)]
    assert (summaries[0].request, summaries[0].policy) == ("a red mug", "other")
    close_database(engine)
