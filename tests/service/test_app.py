import json
from pathlib import Path

import pytest

from shoprl.errors import ConfigError
from shoprl.service.app import create_app
from tests.support.serving import Served, running

SITE = "https://shop.example.org"


def test_the_api_documents_itself(served: Served) -> None:
    document = served.client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    paths = set(document["paths"])
    assert {"/v1/recommendations", "/v1/feedback", "/v1/search", "/v1/policies", "/v1/experiments"} <= paths
    recommendations = document["paths"]["/v1/recommendations"]["post"]["responses"]
    assert {"200", "401", "403", "422", "429", "503"} <= set(recommendations)
    assert "application/problem+json" in recommendations["422"]["content"]
    assert "HTTPValidationError" not in json.dumps(document)


def test_pages_elsewhere_are_refused_unless_they_are_named(tmp_path: Path, served: Served) -> None:
    asked = {"Origin": SITE, "Access-Control-Request-Method": "POST"}
    assert served.client.options("/v1/feedback", headers=asked).status_code == 403
    with running(f"sqlite:///{tmp_path / 'open.db'}", origins=[SITE + "/"]) as opened:
        found = opened.client.options("/v1/feedback", headers=asked)
        assert found.headers["access-control-allow-origin"] == SITE
        sent = opened.client.get("/v1/search", params={"q": "toymart"}, headers={"Origin": SITE})
        assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (200, SITE)
        other = opened.client.get("/v1/search", params={"q": "x"}, headers={"Origin": "https://evil.example"})
        assert other.status_code == 403


def test_hosts_are_checked_when_the_application_is_made(served: Served) -> None:
    with pytest.raises(ConfigError, match="allowed_hosts"):
        create_app(served.service, hosts=["http://x"])
