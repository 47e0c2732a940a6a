import pytest

pytest.importorskip("fastapi", reason="needs the extra serve")
pytest.importorskip("httpx2", reason="needs the extra serve")

from fastapi.testclient import TestClient

from shoprl.compat.env_server import create_compatible_app
from shoprl.errors import ConfigError
from shoprl.serve.sessions import Limits
from tests.support.clock import Clock
from tests.support.toyshop import toy_data


def test_everything_is_served_within_the_same_limits() -> None:
    app = create_compatible_app(toy_data(), Limits(max_body=500), 0, Clock(), hosts=["testserver"])
    server = TestClient(app)
    assert server.get("/v1/info").json()["sessions"] == 0
    server.post("/agentgym/create")
    assert server.get("/v1/info").json()["sessions"] == 1
    assert server.get("/site/fixed_0").headers["content-type"] == "text/html; charset=utf-8"
    for path in ("/v1/sessions", "/agentgym/create", "/agentgym/step", "/site/fixed_0"):
        assert server.post(path, content=b"x" * 501).status_code == 413
        assert server.post(path, headers={"Host": "elsewhere.example"}).status_code == 421
    assert set(server.get("/openapi.json").json()["paths"]) == {
        "/v1/info", "/v1/sessions", "/v1/sessions/{session}", "/v1/sessions/{session}/reset",
        "/v1/sessions/{session}/step",
    }  # fmt: skip


def test_hosts_are_checked() -> None:
    with pytest.raises(ConfigError, match="http://shop"):
        create_compatible_app(toy_data(), hosts=["http://shop"])
