import re

import pytest

from shoprl.errors import CatalogError, ConfigError, PolicyError, StorageError
from shoprl.service.problems import TITLES, ProblemError, answer, problem_of, refused, responses
from shoprl.service.workers import WorkerError
from shoprl.service.writer import BusyError
from tests.support.serving import Served


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BusyError("x"), 503),
        (StorageError("x"), 503),
        (WorkerError("x"), 503),
        (PolicyError("x"), 409),
        (ConfigError("x"), 422),
        (CatalogError("/srv/secret: x"), 500),
        (ValueError("/srv/secret"), 500),
        (ProblemError("not_found", "x"), 404),
    ],
)
def test_errors_have_their_status_and_tell_no_secrets(error: Exception, status: int) -> None:
    sent = answer(problem_of(error), "id-1")
    assert sent.status_code == status
    assert sent.media_type == "application/problem+json"
    assert b"secret" not in sent.body
    assert b'"request_id":"id-1"' in sent.body
    assert ("retry-after" in sent.headers) == (status == 503)


@pytest.mark.parametrize(
    ("status", "name", "code"),
    [
        (421, "HostNotAllowed", "host_not_allowed"),
        (413, "BodyTooLarge", "body_too_large"),
        (503, "TooManyConnections", "busy"),
        (400, "NotUtf8", "bad_request"),
        (408, "RequestTimeout", "request_timeout"),
        (431, "HeadersTooLarge", "headers_too_large"),
        (418, "Teapot", "bad_request"),
    ],
)
def test_what_the_server_refuses_has_a_code(status: int, name: str, code: str) -> None:
    assert f'"code":"{code}"'.encode() in refused(status, name, "why").body


def test_codes_are_stable_words() -> None:
    assert all(re.fullmatch("[a-z_]+", code) and 400 <= status < 600 for code, (status, _) in TITLES.items())


def test_documented_answers_name_their_codes() -> None:
    assert "`busy`" in responses("not_ready")[503]["description"]
    assert "`not_ready`" in responses("not_ready")[503]["description"]


def test_every_error_of_the_api_is_a_problem(served: Served) -> None:
    client = served.client
    found = [
        (client.get("/nowhere"), 404),
        (client.delete("/v1/search"), 405),
        (client.get("/v1/search?q=a", headers={"Host": "evil.example"}), 421),
        (client.post("/v1/feedback", content=b"{}", headers={"content-type": "text/plain"}), 415),
        (client.post("/v1/feedback", content=b"{", headers={"content-type": "application/json"}), 422),
        (client.post("/v1/feedback", content=b"\xff", headers={"content-type": "application/json"}), 400),
        (client.post("/v1/feedback", json={"events": ["x" * 1_000_001]}), 413),
        (client.post("/v1/feedback", json={}, headers={"Origin": "https://evil.example"}), 403),
    ]
    for sent, status in found:
        assert sent.status_code == status
        assert sent.headers["content-type"] == "application/problem+json"
        assert sent.json()["status"] == status
        assert sent.headers["x-request-id"]


def test_what_nobody_expected_is_no_secret(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("/srv/secret")

    monkeypatch.setattr(served.service, "product", broken)
    sent = served.client.get("/v1/products/B1")
    assert (sent.status_code, sent.json()["code"]) == (500, "internal")
    assert "secret" not in sent.text
