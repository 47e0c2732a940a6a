from pathlib import Path
from typing import Any

import pytest

from shoprl.service.config import ServiceConfig
from tests.support.serving import NOW, Served, running


def roles(served: Served) -> dict[str, str]:
    return {each["name"]: each["role"] for each in served.client.get("/v1/policies").json()["results"]}


def give(served: Served, name: str, role: str | None = None) -> Any:
    return served.client.post(f"/v1/policies/{name}/activate", json=None if role is None else {"role": role})


def test_a_policy_gets_a_role(served: Served) -> None:
    assert roles(served) == {"pretrained": "active", "plain": "off"}
    assert give(served, "plain", "candidate").json()["role"] == "candidate"
    headers = {"content-type": "application/json"}
    assert served.client.post("/v1/policies/plain/activate", headers=headers).json()["role"] == "active"
    assert roles(served) == {"pretrained": "off", "plain": "active"}
    assert served.ask()["policy"] == "plain"


def test_roles_that_cannot_be_had_are_named(served: Served) -> None:
    assert give(served, "pretrained", "off").json()["code"] == "policy_unavailable"
    assert give(served, "other", "active").json()["code"] == "not_found"
    assert give(served, "plain", "king").json()["code"] == "invalid"


def test_policies_come_in_pages(served: Served) -> None:
    first = served.client.get("/v1/policies", params={"limit": 1}).json()
    second = served.client.get("/v1/policies", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert [each["results"][0]["name"] for each in (first, second)] == ["plain", "pretrained"]
    assert second["next_cursor"] is None


def test_arms_share_the_requests_by_what_they_earn(tmp_path: Path) -> None:
    config = ServiceConfig(reward_window=10.0, rate=10_000.0)
    with running(f"sqlite:///{tmp_path / 'a.db'}", config) as served:
        give(served, "plain", "candidate")
        for number in range(60):
            made = served.ask(seed=number)
            if made["policy"] == "plain":  # people like its lists
                item = made["items"][0]["id"]
                told = {
                    "event_id": str(number),
                    "decision_id": made["decision_id"],
                    "item_id": item,
                    "type": "purchase",
                }
                assert served.tell(told) == ["accepted"]
        served.hands.now = NOW + 20
        served.service.decider.forget()
        found = {each["policy"]: each for each in served.client.get("/v1/experiments").json()["arms"]}
        assert found["plain"]["mean"] == 1.0
        assert found["pretrained"]["mean"] == 0.0
        assert found["plain"]["decisions"] + found["pretrained"]["decisions"] == 60
        assert found["plain"]["share"] == pytest.approx(0.95, abs=0.01)  # the floor is the others'
        assert found["plain"]["probability_best"] > 0.99
        assert found["plain"]["interval"][0] > found["pretrained"]["interval"][1]
        told = [served.ask(seed=number, explain=True) for number in range(100, 140)]
        assert sum(each["policy"] == "plain" for each in told) > 30
        assert {each["explanation"]["policy_propensity"] > 0.9 for each in told if each["policy"] == "plain"} == {True}


def test_a_policy_that_cannot_be_loaded_is_left_out(served: Served) -> None:
    give(served, "plain", "active")
    served.workers.failing.add("rule")
    assert served.ask()["policy"] == "pretrained"  # the package's own, though it is off
    assert served.client.get("/health/ready").json()["unavailable_policies"] == ["plain"]
    found = {each["name"]: each["available"] for each in served.client.get("/v1/policies").json()["results"]}
    assert found == {"pretrained": True, "plain": False}
    refused = served.client.post("/v1/recommendations", json={"request": "toymart", "policy": "plain"})
    assert (refused.status_code, refused.json()["code"]) == (409, "policy_unavailable")
    assert served.ask()["policy"] == "pretrained"  # what is loaded goes on


def test_no_policy_at_all_is_said(served: Served) -> None:
    served.workers.failing.update(("rule", "pretrained"))
    refused = served.client.post("/v1/recommendations", json={"request": "toymart"})
    assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")
