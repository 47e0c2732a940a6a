"""``shoprl env-server``: bad options, and one real run."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shoprl.serve.client import RemoteEnv
from shoprl.serve.sessions import SessionNotFoundError
from shoprl.shop.env import WebShopEnv
from tests.support.cli import Call, refused

pytest.importorskip("fastapi", reason="needs the extra serve")
pytest.importorskip("uvicorn", reason="needs the extra serve")
pytest.importorskip("httpx2", reason="needs the extra serve")


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--port", -1], "--port -1: must be from 0 to 65535"),
        (["--port", 65_536], "--port 65536"),
        (["--host", "no such host"], "--host no such host"),
        (["--host", "203.0.113.1"], "--host 203.0.113.1"),  # not of this machine
        (["--host", "a" * 300], "Choose others"),
        (["--max-sessions", 0], "--max-sessions 0: must be greater than 0"),
        (["--idle-seconds", -5], "--idle-seconds -5"),
        (["--idle-seconds", "nan"], "--idle-seconds nan"),
        (["--seed", -1], "--seed -1"),
    ],
)
def test_bad_options(call: Call, toy_folder: Path, options: list[object], what: str) -> None:
    refused(call("env-server", "--data", toy_folder, *options), "ConfigError", what)


def test_a_port_that_is_taken(call: Call, toy_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(call("env-server", "--data", toy_folder, "--port", port), "ConfigError", f"--port {port}", "in use")


def test_a_missing_data_folder(call: Call, tmp_path: Path) -> None:
    refused(call("env-server", "--data", tmp_path / "nowhere", "--port", 0), "CatalogError", "no such folder")


def test_without_the_extra(call: Call, toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    refused(call("env-server", "--data", toy_folder), "ConfigError", "uvicorn is not installed", "pip install")


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_interrupted(toy_folder: Path, stop: signal.Signals) -> None:
    command = Path(sys.executable).with_name("shoprl")
    options = ["env-server", "--data", str(toy_folder), "--port", "0", "--idle-seconds", "0.2"]
    with subprocess.Popen([command, *options], stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        line = server.stderr.readline()
        assert line.startswith(f"Serving {toy_folder} on http://127.0.0.1:")
        env = RemoteEnv(next(word for word in line.split() if word.startswith("http://")))
        assert env.reset(seed=7) == WebShopEnv(toy_folder).reset(seed=7)
        time.sleep(0.3)
        with pytest.raises(SessionNotFoundError):
            env.step("search[tea]")
        env.close()
        server.send_signal(stop)
        assert server.wait(30) == (0 if stop is signal.SIGINT else -signal.SIGTERM)
        assert server.stderr.read() == ""
