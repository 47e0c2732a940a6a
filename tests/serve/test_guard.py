"""What a web page elsewhere can make a browser send, and bodies that are no JSON in UTF-8."""

import contextlib
import json
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra serve")
pytest.importorskip("httpx2", reason="needs the extra serve")

from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from shoprl.errors import ConfigError
from shoprl.serve.guard import Guard, allowed_names
from shoprl.serve.server import create_app
from tests.support.clock import Clock
from tests.support.toyshop import toy_data

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def server() -> TestClient:
    app = create_app(toy_data(), clock=Clock(), hosts=["Shop.example.org", "2001:db8::1"])
    return TestClient(app, base_url="http://localhost:8700", raise_server_exceptions=False)


def refused(response: Any, status: int, error: str, *parts: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.json()["error"] == error
    for part in parts:
        assert part in response.json()["message"]


def sessions(server: TestClient) -> int:
    return int(server.get("/v1/info").json()["sessions"])


# Host


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8700",
        "127.0.0.1",
        "localhost",
        "LocalHost.:9000",  # through a tunnel
        "[::1]:8700",
        "[0:0:0:0:0:0:0:1]",
        "shop.example.org",
        "SHOP.EXAMPLE.ORG:80",
        "[2001:DB8::1]:8700",
    ],
)
def test_a_name_of_the_server(server: TestClient, host: str) -> None:
    assert server.get("/v1/info", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8700",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "evil.example/127.0.0.1",
        "127.0.0.1, evil.example",
        "10.0.0.5",
        "127.1",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "[::1",
        "::1",
        "[localhost]",
        ":8700",
        ".",
        "",
        "localhost:port",
        "localhost\x00",
        "a" * 10_000,
        "ｌocalhost".encode(),
    ],
)
def test_another_name(server: TestClient, host: str | bytes) -> None:
    for method, path in (("GET", "/v1/info"), ("POST", "/v1/sessions"), ("GET", "/openapi.json"), ("PUT", "/nowhere")):
        refused(server.request(method, path, headers={**JSON, "Host": host}), 421, "HostNotAllowed", "not a name of")
    assert sessions(server) == 0


def test_the_message_says_how_to_allow_it(server: TestClient) -> None:
    response = server.get("/v1/info", headers={"Host": "gpu-box:8700"})
    refused(response, 421, "HostNotAllowed", "Host 'gpu-box:8700'", "`--allowed-hosts gpu-box`")


def test_the_address_by_which_it_is_reached() -> None:
    app = create_app(toy_data(), clock=Clock())  # listens on 0.0.0.0
    for address in ("192.0.2.7", "[2001:db8::7]"):
        assert TestClient(app, base_url=f"http://{address}:8700").get("/v1/info").status_code == 200
    other = TestClient(app, base_url="http://192.0.2.7").get("/v1/info", headers={"Host": "192.0.2.8"})
    refused(other, 421, "HostNotAllowed")
    named = TestClient(app, base_url="http://rebound.example").get("/v1/info")
    refused(named, 421, "HostNotAllowed")


@pytest.mark.parametrize("name", ["", "http://shop", "shop:80", "[::1]:80", "a b", "*", "shop/", "::g"])
def test_allowed_hosts_are_names_and_addresses(name: str) -> None:
    with pytest.raises(ConfigError, match=r"allowed_hosts .*: give a name or address alone"):
        allowed_names([name])


# Origin


@pytest.mark.parametrize("origin", ["http://localhost:8700", "HTTP://LOCALHOST:8700", "https://localhost:8700", None])
def test_the_servers_own_origin_or_none(server: TestClient, origin: str | None) -> None:
    headers = JSON if origin is None else {**JSON, "Origin": origin}
    assert server.post("/v1/sessions", headers=headers).status_code == 201


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "http://localhost",
        "http://localhost:3000",
        "http://127.0.0.1:8700",
        "http://localhost:8700.evil.example",
        "file://localhost:8700",
        "localhost:8700",
        "http://localhost:8700, http://evil.example",
        "\x00",
    ],
)
def test_a_foreign_origin(server: TestClient, origin: str) -> None:
    session = f"/v1/sessions/{server.post('/v1/sessions', headers=JSON).json()['session']}"
    for method, path in (
        ("GET", "/v1/info"),
        ("POST", "/v1/sessions"),
        ("POST", f"{session}/reset"),
        ("DELETE", session),
        ("OPTIONS", session),  # asks whether it may
    ):
        refused(server.request(method, path, headers={**JSON, "Origin": origin}), 403, "OriginNotAllowed", "elsewhere")
    assert sessions(server) == 1


def test_several_origins(server: TestClient) -> None:
    headers = [("Origin", "http://localhost:8700"), ("Origin", "http://evil.example")]
    refused(server.get("/v1/info", headers=headers), 403, "OriginNotAllowed")


# JSON in UTF-8


@pytest.mark.parametrize(
    "named", [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "json"]
)
@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_change_of_state_must_be_named_json(server: TestClient, named: str | None, body: bytes) -> None:
    session = server.post("/v1/sessions", headers=JSON).json()["session"]
    headers = {} if named is None else {"Content-Type": named}
    for path in ("", f"/{session}/reset", f"/{session}/step", "/unknown/reset"):
        response = server.post(f"/v1/sessions{path}", content=body, headers=headers)
        refused(response, 415, "UnsupportedMediaType", "send `Content-Type: application/json`")
    assert sessions(server) == 1
    assert server.get(f"/v1/sessions/{session}").status_code == 409  # it was not reset


@pytest.mark.parametrize(
    "named", ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"', "application/json; profile=x"]
)
def test_parameters_of_the_content_type(server: TestClient, named: str) -> None:
    assert server.post("/v1/sessions", content=b"{}", headers={"Content-Type": named}).status_code == 201


@pytest.mark.parametrize(
    "named", ["application/json; charset=utf-16", "application/json; charset=latin-1", "application/json, text/plain"]
)
def test_another_charset(server: TestClient, named: str) -> None:
    response = server.post("/v1/sessions", content=b"{}", headers={"Content-Type": named})
    refused(response, 415, "UnsupportedMediaType")


def test_several_content_types(server: TestClient) -> None:
    headers = [("Content-Type", "application/json"), ("Content-Type", "text/plain")]
    refused(server.post("/v1/sessions", headers=headers), 415, "UnsupportedMediaType")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_another_encoding(server: TestClient, encoding: str) -> None:
    response = server.post("/v1/sessions", content=json.dumps({"seed": 1}).encode(encoding), headers=JSON)
    refused(response, 400, "NotUtf8", "Send JSON in UTF-8")


@pytest.mark.parametrize("content", [b'{"action": "\xe9"}', b'{"action": "\xed\xa0\x80"}', b"\xff"])
def test_bytes_that_are_not_utf_8(server: TestClient, content: bytes) -> None:
    response = server.post("/v1/sessions/any/step", content=content, headers=JSON)
    refused(response, 400, "NotUtf8", "byte ")


@pytest.fixture
def echo() -> TestClient:
    app = FastAPI()

    @app.websocket("/echo")
    async def answer(socket: WebSocket) -> None:
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await socket.send_text(await socket.receive_text())

    app.add_middleware(Guard, hosts=allowed_names([]), max_body=10)
    return TestClient(app, base_url="http://localhost:8700")


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}, {"Host": ""}]
)
def test_a_websocket_of_a_foreign_page(echo: TestClient, headers: dict[str, str]) -> None:
    with pytest.raises(WebSocketDisconnect) as refusal, echo.websocket_connect("/echo", headers=headers):
        pass
    assert refusal.value.code == 1008


@pytest.mark.parametrize(("fits", "long"), [("x" * 10, "x" * 11), ("é" * 5, "é" * 6)])
def test_messages_of_a_websocket(echo: TestClient, fits: str, long: str) -> None:
    with echo.websocket_connect(
        "/echo", headers={"Origin": "http://localhost:8700", "Host": "localhost:8700"}
    ) as socket:
        socket.send_text(fits)
        assert socket.receive_text() == fits
        socket.send_text(long)
        with pytest.raises(WebSocketDisconnect) as end:
            socket.receive_text()
        assert end.value.code == 1009
