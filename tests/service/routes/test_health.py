from prometheus_client.parser import text_string_to_metric_families

from tests.support.serving import Served


def test_a_server_lives_and_is_ready(served: Served) -> None:
    assert served.client.get("/health/live").json() == {"live": True}
    found = served.client.get("/health/ready")
    assert found.status_code == 200
    assert found.json()["shop"] == served.service.shop.catalog.content_hash


def test_a_server_without_workers_is_not_ready(served: Served) -> None:
    served.workers.ready = False
    found = served.client.get("/health/ready")
    assert (found.status_code, found.json()["workers"], found.json()["database"]) == (503, False, True)
    assert "retry-after" in found.headers


def test_prometheus_reads_the_metrics(served: Served) -> None:
    made = served.ask()
    event = {"event_id": "e", "decision_id": made["decision_id"], "item_id": "x", "type": "click"}
    served.tell(event)
    served.tell(event)
    families = {each.name: each for each in text_string_to_metric_families(served.client.get("/metrics").text)}
    told = {
        (each.labels["type"], each.labels["status"]): each.value
        for each in families["shoprl_events"].samples
        if each.name == "shoprl_events_total"
    }
    assert told == {("click", "accepted"): 1.0, ("click", "duplicate"): 1.0}
    routes = {each.labels["route"] for each in families["shoprl_request_seconds"].samples}
    assert {"POST /v1/recommendations", "POST /v1/feedback"} <= routes
    quantiles = {each.labels["quantile"] for each in families["shoprl_request_seconds_lately"].samples}
    assert quantiles == {"0.5", "0.95", "0.99"}
    assert {"shoprl_lists_waiting", "shoprl_writes_waiting", "shoprl_policy_share", "shoprl_decisions"} <= set(families)
