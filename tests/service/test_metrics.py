from prometheus_client.parser import text_string_to_metric_families

from shoprl.service.metrics import LATELY, Metrics


def test_quantiles_are_those_of_the_last_requests() -> None:
    metrics = Metrics(lambda: 3, lambda: 4)
    for _ in range(LATELY):
        metrics.observe("GET /old", 200, 100.0)
    for number in range(LATELY):
        metrics.observe("GET /old", 200, number / LATELY)
    families = {each.name: each for each in text_string_to_metric_families(metrics.text().decode())}
    found = {each.labels["quantile"]: each.value for each in families["shoprl_request_seconds_lately"].samples}
    assert abs(found["0.5"] - 0.5) < 0.01
    assert abs(found["0.95"] - 0.95) < 0.01
    (waiting,) = families["shoprl_lists_waiting"].samples
    assert waiting.value == 3
