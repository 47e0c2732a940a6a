import time

import pytest

from shoprl.service.access import FRESH, Keys, Rates
from shoprl.service.database import open_database, writing
from shoprl.service.keys import make_key, revoke
from shoprl.service.problems import ProblemError
from tests.support.clock import Clock
from tests.support.serving import Served


def test_without_keys_everybody_may_do_everything(address: str) -> None:
    engine = open_database(address)
    caller = Keys(engine).caller(None, "127.0.0.1")
    assert caller.name == "127.0.0.1"
    assert caller.may("admin")
    engine.dispose()


def test_a_key_is_needed_once_one_was_made_and_may_do_what_it_says(address: str) -> None:
    engine, clock = open_database(address), Clock()
    keys = Keys(engine, clock)
    with writing(engine) as connection:
        key, sent = make_key(connection, "shop", ["feedback"], 1.0)
        _, admin = make_key(connection, "boss", ["admin"], 1.0)
    caller = keys.caller(sent, "127.0.0.1")
    assert (caller.name, caller.may("feedback"), caller.may("recommend")) == (key.key_id, True, False)
    assert keys.caller(admin, "").may("recommend")
    for wrong in (None, "x", sent[:-1] + ("a" if sent[-1] != "a" else "b")):
        with pytest.raises(ProblemError, match="keys make") as caught:
            keys.caller(wrong, "127.0.0.1")
        assert caught.value.code == "unauthorized"
    with writing(engine) as connection:
        revoke(connection, key.key_id, 2.0)
    clock.now += FRESH
    with pytest.raises(ProblemError):
        keys.caller(sent, "127.0.0.1")
    engine.dispose()


def test_revoking_the_last_key_does_not_open_the_server(address: str) -> None:
    engine = open_database(address)
    with writing(engine) as connection:
        key, _ = make_key(connection, "shop", ["admin"], 1.0)
        revoke(connection, key.key_id, 2.0)
    with pytest.raises(ProblemError):
        Keys(engine).caller(None, "127.0.0.1")
    engine.dispose()


def test_rates_refill_with_time() -> None:
    clock = Clock()
    rates = Rates(10.0, clock)
    for _ in range(20):
        rates.take("a")
    with pytest.raises(ProblemError) as caught:
        rates.take("a")
    assert caught.value.retry_after == pytest.approx(0.1)
    rates.take("b")
    clock.now += 0.1
    rates.take("a")
    with pytest.raises(ProblemError):
        rates.take("a")


def test_many_tokens_at_once_wait_for_a_full_bucket() -> None:
    clock = Clock()
    rates = Rates(1.0, clock)
    rates.take("a", 50)  # as many as a bucket holds
    with pytest.raises(ProblemError) as caught:
        rates.take("a", 50)
    assert caught.value.retry_after == pytest.approx(2.0)


def test_scopes_and_rates_of_the_api(served: Served) -> None:
    with writing(served.service.engine) as connection:
        _, asks = make_key(connection, "asks", ["recommend"], time.time())
        _, tells = make_key(connection, "tells", ["feedback"], time.time())
        _, boss = make_key(connection, "boss", ["admin"], time.time())
    body = {"request": "toymart"}

    def status(method: str, path: str, key: str | None, **kept: object) -> int:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return int(served.client.request(method, path, headers=headers, **kept).status_code)  # type: ignore[arg-type]

    asked = "/v1/recommendations"
    assert [status("POST", asked, key, json=body) for key in (None, "x", tells, asks, boss)] == [
        401,
        401,
        403,
        200,
        200,
    ]
    event = {"events": [{"event_id": "1", "decision_id": "d", "item_id": "x", "type": "click"}]}
    assert [status("POST", "/v1/feedback", key, json=event) for key in (asks, tells)] == [403, 200]
    for path in ("/v1/policies", "/v1/experiments", "/metrics"):
        assert [status("GET", path, key) for key in (None, asks, boss)] == [401, 403, 200]
    assert status("GET", "/v1/search?q=toymart", asks) == 200
    assert [status("GET", path, None) for path in ("/health/live", "/health/ready")] == [200, 200]
    assert served.client.post(asked, json=body, headers={"X-API-Key": asks}).status_code == 200
    refused = served.client.post(asked, json=body)
    assert refused.headers["www-authenticate"] == "Bearer"


def test_too_many_requests_are_told_when_to_come_again(served: Served) -> None:
    served.service.rates._rate = 1e-3
    served.service.rates._most = 2.0
    found = [served.client.get("/v1/search", params={"q": "toymart"}) for _ in range(4)]
    assert [each.status_code for each in found] == [200, 200, 429, 429]
    assert found[2].json()["code"] == "rate_limited"
    assert int(found[2].headers["retry-after"]) > 100


def test_who_was_found_a_moment_ago_needs_no_database(address: str) -> None:
    engine, clock = open_database(address), Clock()
    keys = Keys(engine, clock)
    assert keys.remembered(None, "127.0.0.1") is None
    open_to_all = keys.caller(None, "127.0.0.1")
    assert keys.remembered(None, "127.0.0.1") == open_to_all
    with writing(engine) as connection:
        _, sent = make_key(connection, "shop", ["feedback"], 1.0)
    clock.now += FRESH
    assert keys.remembered(None, "127.0.0.1") is keys.remembered(sent, "127.0.0.1") is None
    caller = keys.caller(sent, "127.0.0.1")
    assert keys.remembered(sent, "127.0.0.1") == caller
    with pytest.raises(ProblemError):
        keys.caller(None, "127.0.0.1")
    assert keys.remembered(None, "127.0.0.1") is None
    with pytest.raises(ProblemError):
        keys.caller("wrong", "127.0.0.1")
    assert keys.remembered("wrong", "127.0.0.1") is None
    clock.now += FRESH
    assert keys.remembered(sent, "127.0.0.1") is None
    engine.dispose()
