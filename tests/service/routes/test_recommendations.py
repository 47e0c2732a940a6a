import json
from typing import Any

import pytest

from shoprl.service.config import ServiceConfig
from tests.support.serving import NOW, REQUEST, Served, running


def test_a_list_is_answered_with_its_decision(served: Served) -> None:
    found = served.ask(k=2)
    assert found["decision_id"].startswith("d_")
    assert (found["policy"], len(found["policy_version"])) == ("pretrained", 64)
    first = found["items"][0]
    assert (first["position"], first["id"], first["price"], first["currency"]) == (1, "B0LAMP0002", 64.0, "USD")
    assert first["why"] == {"met": ["toymart", "brass", "lamp"], "missing": [], "price": "no ceiling"}
    assert 0 < first["propensity"] <= 1
    assert found["explanation"] is None


def test_an_explanation_says_how_it_came_about(served: Served) -> None:
    told = served.ask(explain=True, seed=7, k=3)["explanation"]
    assert (told["seed"], told["k"], told["runs"], told["policy_propensity"]) == (7, 3, 10, 1.0)
    assert told["allocation"]["arms"][0]["name"] == "pretrained"


def test_one_seed_gives_one_list(tmp_path: Any) -> None:
    config = ServiceConfig(temperature=1.0, min_fit=0.0)
    with running(f"sqlite:///{tmp_path / 'a.db'}", config) as served:
        lists = [[item["id"] for item in served.ask(k=8, seed=seed)["items"]] for seed in (5, 5, 6)]
        assert lists[0] == lists[1] != lists[2]
        assert len({tuple(item["id"] for item in served.ask(k=8)["items"]) for _ in range(5)}) > 1


def test_filters_hold_inside_the_shop(served: Served) -> None:
    filters = {"price": {"min": 20, "max": 70}, "categories": ["lighting"], "exclude": ["B0LAMP0002"]}
    found = served.ask(filters=filters, policy="plain")
    assert [item["id"] for item in found["items"]] == ["B0LAMP0001"]
    assert served.ask(filters={"brands": ["nobody"]})["items"] == []


def test_a_policy_may_be_named(served: Served) -> None:
    assert served.ask(policy="plain")["policy"] == "plain"
    refused = served.client.post("/v1/recommendations", json={"request": REQUEST, "policy": "other"})
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.request"),
        ({"request": ""}, "body.request"),
        ({"request": "x" * 10_001}, "body.request"),
        ({"request": "a\0b"}, "body.request"),
        ({"request": "x", "k": 0}, "body.k"),
        ({"request": "x", "k": 101}, "body.k"),
        ({"request": "x", "k": "2.5"}, "body.k"),
        ({"request": "x", "seed": -1}, "body.seed"),
        ({"request": "x", "seed": 2**32}, "body.seed"),
        ({"request": "x", "wish": 1}, "body.wish"),
        ({"request": "x", "context": {"a": {"b": 1}}}, "body.context.a"),
        ({"request": "x", "filters": {"price": {"min": 5, "max": 1}}}, "body.filters.price"),
        ({"request": "x", "filters": {"price": {"min": -5}}}, "body.filters.price.min"),
        ({"request": "x", "filters": {"colour": "red"}}, "body.filters.colour"),
    ],
)
def test_a_wrong_field_is_named(served: Served, body: dict[str, Any], field: str) -> None:
    found = served.client.post("/v1/recommendations", json=body)
    assert found.status_code == 422
    assert found.headers["content-type"] == "application/problem+json"
    problem = found.json()
    assert problem["code"] == "invalid"
    assert any(each["field"].startswith(field) for each in problem["errors"])
    assert not served.workers.jobs


def test_a_request_of_spaces_is_refused(served: Served) -> None:
    found = served.client.post("/v1/recommendations", json={"request": "   "})
    assert (found.status_code, found.json()["code"]) == (422, "invalid")


def test_several_requests_are_answered_together(served: Served) -> None:
    asked = [{"request": REQUEST, "k": 1}, {"request": "toymart brass reading", "k": 2, "explain": True}]
    found = served.client.post("/v1/recommendations/batch", json={"requests": asked}).json()["results"]
    assert [len(each["items"]) for each in found] == [1, 1]
    assert found[1]["explanation"]["k"] == 2
    assert len({each["decision_id"] for each in found}) == 2
    many = {"requests": asked * 11}
    assert served.client.post("/v1/recommendations/batch", json=many).status_code == 422


def test_what_cannot_be_done_soon_is_refused(served: Served) -> None:
    served.workers.busy = True
    found = served.client.post("/v1/recommendations", json={"request": REQUEST})
    assert (found.status_code, found.json()["code"]) == (503, "busy")
    assert int(found.headers["retry-after"]) >= 1


def streamed(served: Served, **fields: Any) -> list[tuple[str, dict[str, Any]]]:
    body = {"request": REQUEST} | fields
    found = served.client.post("/v1/recommendations", json=body, headers={"Accept": "text/event-stream"})
    assert found.headers["content-type"].startswith("text/event-stream")
    blocks = [block.split("\n") for block in found.text.strip().split("\n\n")]
    return [(kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for kind, data in blocks]


def test_a_stream_ends_in_the_list(served: Served) -> None:
    kind, answer = streamed(served, seed=3)[-1]
    assert kind == "recommendations"
    assert answer["items"] == served.ask(seed=3)["items"]
    assert served.client.get(f"/v1/decisions/{answer['decision_id']}").status_code == 200
    assert served.service.streams == 0


def test_a_stream_tells_of_each_run_step_by_step(served: Served) -> None:
    told = [data for kind, data in streamed(served) if kind == "step"]
    of_runs = [step for step in told if step["kind"] != "comparing"]
    assert {step["run"] for step in of_runs} == set(range(10))
    first = [step for step in of_runs if step["run"] == 0]
    assert [step["kind"] for step in first] == ["results", "item", "done"]
    assert first[0]["action"] == f"search[{REQUEST}]"
    assert first[0]["found"] == 12
    assert first[-1]["product"].keys() == {"id", "title"}
    compared = [step for step in told if step["kind"] == "comparing"]
    assert compared[-1]["products"][0]["id"] == "B0LAMP0002"
    plain = [data for kind, data in streamed(served, policy="plain") if kind == "step"]
    assert {step["run"] for step in plain} == set(range(10))


def test_a_stream_may_end_in_a_problem(served: Served) -> None:
    (kind, problem), *_ = streamed(served, policy="nobody")
    assert (kind, problem["code"], problem["status"]) == ("problem", "not_found", 404)
    assert served.service.streams == 0


def test_streams_are_bounded(served: Served) -> None:
    served.service.streams = served.service.config.streams
    found = served.client.post("/v1/recommendations", json={"request": "x"}, headers={"Accept": "text/event-stream"})
    assert (found.status_code, found.json()["code"]) == (503, "busy")


def test_a_list_that_is_shown_later_has_no_window_yet(served: Served) -> None:
    found = served.ask(activate=False)
    assert found["expires_at"] is None
    address = f"/v1/decisions/{found['decision_id']}"
    assert served.client.get(address).json()["activated_at"] is None
    served.hands.now = NOW + 50
    shown = served.client.post(f"{address}/activate", json={}).json()
    assert shown["activated_at"].startswith("1970-01-12T13:47:30")
    assert shown["expires_at"].startswith("1970-01-13T13:47:30")
