from typing import Any

import pytest

from shoprl.service.routes.exports import KINDS
from tests.support.pages import Pages
from tests.support.serving import NOW, Served


def exported(served: Served, kind: str, limit: int = 2) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    given: dict[str, Any] = {"limit": limit}
    while True:
        page = served.client.get(f"/v1/exports/{kind}", params=given).json()
        rows += page["results"]
        if page["next_cursor"] is None:
            return rows
        given |= {"cursor": page["next_cursor"]} | ({"until": page["until"]} if kind == "off-policy" else {})


@pytest.fixture
def shown(served: Served) -> Served:
    """Three lists, of each of which the last item was bought and the others seen; and what three people did."""
    for number in range(3):
        made = served.ask(policy="plain", request="toymart tea", k=3, context={"session_id": f"s{number}"})
        about = {"decision_id": made["decision_id"]}
        items = [item["id"] for item in made["items"]]
        seen = [about | {"event_id": f"{number}-{item}", "item_id": item, "type": "impression"} for item in items]
        bought = about | {"event_id": f"{number}-b", "item_id": items[-1], "type": "purchase"}
        assert set(served.tell(*seen, bought)) == {"accepted"}
    for request in ("a lamp", "another lamp", "a third lamp"):
        pages = Pages(served).shop(kind="own", request=request).step("search", "lamp")
        pages.step("click", "b0lamp0002").step("click", "buy now")
        pages.open("/compare").submit("/compare", request=request).submit(pages.address, "preferred", "left")
    served.hands.now = NOW + served.service.config.reward_window + 1
    return served


@pytest.mark.parametrize("kind", KINDS)
def test_pages_of_any_length_hold_the_same_rows(shown: Served, kind: str) -> None:
    assert exported(shown, kind, 1) == exported(shown, kind, 1_000) != []


def test_what_was_bought_is_preferred_to_what_was_passed_over(shown: Served) -> None:
    rows = exported(shown, "preferences")
    assert len(rows) == 6
    assert {"prompt", "chosen", "rejected", "about"} <= rows[0].keys()
    assert rows[0]["about"]["rule"] == "bought"


def test_purchases_are_demonstrations(shown: Served) -> None:
    rows = exported(shown, "demonstrations")
    assert len(rows) == 3
    assert rows[0]["request"] == "toymart tea"


def test_what_people_did_is_exported(shown: Served) -> None:
    rows = exported(shown, "sessions")
    assert [row["request"] for row in rows] == ["a lamp", "another lamp", "a third lamp"]
    assert rows[0]["actions"] == ["search[lamp]", "click[b0lamp0002]", "click[buy now]"]
    logs = exported(shown, "site-logs")
    assert [row["session"] for row in logs] == [row["about"]["code"] for row in rows]
    assert [line["page"] for line in logs[0]["lines"]] == ["index", "search_results", "item_page", "done"]
    compared = exported(shown, "comparisons")
    assert [(row["request"], row["preferred"]) for row in compared] == [(row["request"], "left") for row in rows]


def test_off_policy_rows_have_what_estimates_need(shown: Served) -> None:
    rows = exported(shown, "off-policy")
    assert len(rows) == 9
    assert sum(row["reward"] for row in rows) == 3
    assert {"context", "action", "reward", "position", "propensity"} <= rows[0].keys()


def test_ubi_joins_events_and_queries(shown: Served) -> None:
    queries = {row["query_id"]: row for row in exported(shown, "ubi-queries")}
    events = exported(shown, "ubi-events")
    assert {row["query_id"] for row in events} == {name for name, row in queries.items() if "session_id" in row}
    assert {row["session_id"] for row in events} == {"s0", "s1", "s2"}


def test_unknown_exports_are_named(served: Served) -> None:
    assert served.client.get("/v1/exports/secrets").json()["code"] == "invalid"
    assert served.client.get("/v1/exports/decisions", params={"cursor": "9" * 19}).json()["code"] == "invalid"
    assert exported(served, "decisions") == []
