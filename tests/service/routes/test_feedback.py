from typing import Any

import pytest

from tests.support.serving import NOW, Served


def event(decision: dict[str, Any], **fields: Any) -> dict[str, Any]:
    given = {"event_id": "e1", "decision_id": decision["decision_id"], "item_id": "B0LAMP0002", "type": "click"}
    return given | fields


def test_feedback_is_kept_with_its_decision(served: Served) -> None:
    made = served.ask(context={"page": "home"})
    events = [
        event(made, timestamp="2026-01-02T03:04:05+01:00"),
        event(made, event_id="e2", type="purchase", value=64.0, timestamp=1_000_000.5),
        event(made, event_id="e3", type="prefers", over=["B0LAMP0001"]),
    ]
    assert served.tell(*events) == ["accepted"] * 3
    found = served.client.get(f"/v1/decisions/{made['decision_id']}").json()
    assert [each["type"] for each in found["feedback"]] == ["click", "purchase", "prefers"]
    assert found["feedback"][0]["timestamp"] == "2026-01-02T02:04:05Z"
    assert found["feedback"][1]["value"] == 64.0
    assert found["feedback"][2]["over"] == ["B0LAMP0001"]
    assert found["context"] == {"page": "home"}
    assert found["items"] == made["items"]


def test_a_product_may_have_as_long_an_id_as_catalogues_may(served: Served) -> None:
    assert served.tell(event(served.ask(), item_id="x" * 1000)) == ["accepted"]


def test_each_event_has_its_status(served: Served) -> None:
    made = served.ask()
    first = event(made)
    assert served.tell(first) == ["accepted"]
    unknown = event(made, event_id="e2", decision_id="d_unknown")
    assert served.tell(first, event(made, type="like"), unknown) == ["duplicate", "conflict", "orphan"]
    served.hands.now = NOW + served.service.config.reward_window + 1
    assert served.tell(event(made, event_id="e3")) == ["late"]


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "bought"},
        {"event_id": ""},
        {"event_id": "x" * 201},
        {"item_id": None},
        {"item_id": "x" * 1001},
        {"value": "nan"},
        {"value": "many"},
        {"timestamp": "yesterday"},
        {"timestamp": "2026-01-02T03:04:05"},
        {"timestamp": -1},
        {"timestamp": 1e300},
        {"timestamp": 100_000_000_001.0},  # which would be a time in milliseconds
        {"timestamp": "1700000000"},
        {"type": "prefers"},
        {"over": ["B1"]},
        {"type": "prefers", "over": ["B0LAMP0002"]},
        {"extra": 1},
    ],
)
def test_a_malformed_row_fails_the_whole_batch(served: Served, fields: dict[str, Any]) -> None:
    made = served.ask()
    found = served.client.post("/v1/feedback", json={"events": [event(made), event(made, event_id="e2") | fields]})
    assert (found.status_code, found.json()["code"]) == (422, "invalid")
    assert "events.1" in found.json()["detail"]
    assert served.tell(event(made)) == ["accepted"]  # nothing of it was kept


def test_batches_are_bounded(served: Served) -> None:
    assert served.client.post("/v1/feedback", json={"events": []}).status_code == 422
    many = [event({"decision_id": "d"}, event_id=str(number)) for number in range(1_001)]
    assert served.client.post("/v1/feedback", json={"events": many}).status_code == 422
    assert served.tell(*many[:1_000]) == ["orphan"] * 1_000


def test_feedback_of_a_decision_comes_in_pages(served: Served) -> None:
    made = served.ask()
    served.tell(*(event(made, event_id=f"e{number}") for number in range(7)))
    address, seen, cursor = f"/v1/decisions/{made['decision_id']}", [], None
    while True:
        page = served.client.get(address, params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        seen += [each["event_id"] for each in page["feedback"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"e{number}" for number in range(7)]


def test_unknown_decisions_are_named(served: Served) -> None:
    for found in (served.client.get("/v1/decisions/d_1"), served.client.post("/v1/decisions/d_1/activate", json={})):
        assert (found.status_code, found.json()["code"]) == (404, "not_found")
