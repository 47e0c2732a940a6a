from pathlib import Path
from typing import Any

import pytest

from shoprl.bench import served
from shoprl.bench.served import Client, json_of, serving
from shoprl.errors import ShopRLError

httpx2 = pytest.importorskip("httpx2", reason="needs the extra serve")


def client_of(*answers: Any, calls: list[Any] | None = None) -> Client:
    """A client whose server gives these answers, one after the other."""
    left = list(answers)

    def handle(request: Any) -> Any:
        if calls is not None:
            calls.append((request.method, request.url.path, request.read()))
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Client(httpx2.Client(base_url="http://shop", transport=httpx2.MockTransport(handle)))


def test_requests_say_what_the_service_takes() -> None:
    calls: list[Any] = []
    done = {"results": [{"event_id": "1", "status": "accepted"}]}
    answers = [httpx2.Response(200, json=each) for each in ({}, {}, done, {})]
    client = client_of(*answers, calls=calls)
    client.recommend("a mug", 3)
    client.recommend("a mug", 3, "plain")
    assert client.tell([{"event_id": "1"}]) == ["accepted"]
    client.play("plain", "candidate")
    assert calls == [
        ("POST", "/v1/recommendations", b'{"request":"a mug","seed":3}'),
        ("POST", "/v1/recommendations", b'{"request":"a mug","seed":3,"policy":"plain","activate":false}'),
        ("POST", "/v1/feedback", b'{"events":[{"event_id":"1"}]}'),
        ("POST", "/v1/policies/plain/activate", b'{"role":"candidate"}'),
    ]


def test_a_server_without_room_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(served.time, "sleep", slept.append)
    full = httpx2.Response(503, headers={"Retry-After": "2"})
    assert client_of(full, httpx2.Response(429), httpx2.Response(200, json={"a": 1})).ask("GET", "/v1/x") == {"a": 1}
    assert slept == [2, 1]
    with pytest.raises(ShopRLError, match="/v1/x: status 503"):
        client_of(*[full] * served.TRIES).ask("GET", "/v1/x")


def test_refusals_and_failures_are_named() -> None:
    with pytest.raises(ShopRLError, match="/v1/x: status 422: no such field"):
        client_of(httpx2.Response(422, text="no such field")).ask("GET", "/v1/x")
    with pytest.raises(ShopRLError, match="/v1/x: refused"):
        client_of(httpx2.ConnectError("refused")).ask("GET", "/v1/x")


def test_a_command_prints_json(tmp_path: Path) -> None:
    row = json_of(
        ["catalog", "generate", "--products", "20", "--out", str(tmp_path / "shop"), "--json"], tmp_path / "log"
    )
    assert row["products"] == 20
    with pytest.raises(ShopRLError, match=r"`shoprl catalog verify .*` ended with code 2; .*log says why"):
        json_of(["catalog", "verify", "--data", str(tmp_path / "none")], tmp_path / "log")
    assert "none" in (tmp_path / "log").read_text()


def test_a_server_that_does_not_start_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(ShopRLError, match=r"did not start; .*log says why"),
        serving(["--catalog", str(tmp_path / "none")], tmp_path / "log"),
    ):
        pass
    assert "no such file" in (tmp_path / "log").read_text()


def test_a_server_is_found_by_its_address_and_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = tmp_path / "server.py"
    code.write_text(
        "import http.server, sys\n"
        "class Here(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200), self.end_headers(), self.wfile.write(b'[1]')\n"
        "server = http.server.HTTPServer(('127.0.0.1', 0), Here)\n"
        "sys.stderr.write('words\\nServing x on http://127.0.0.1:%d (more)\\n' % server.server_port)\n"
        "sys.stderr.flush()\n"
        "server.serve_forever()\n"
    )
    monkeypatch.setattr(served, "CODE", f"import runpy; runpy.run_path({str(code)!r})")
    with serving(["--catalog", "x"], tmp_path / "log") as client:
        assert client.ask("GET", "/") == [1]
        address = client._http.base_url
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(address, trust_env=False)
    assert (tmp_path / "log").read_text().startswith("words\nServing x on ")
