"""``shoprl env-server``: bad options, and one real run."""

import signal
import socket
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import pytest

from shoprl.cli.env_server import EnvServer
from shoprl.serve.client import RemoteEnv
from shoprl.serve.sessions import Limits, SessionNotFoundError
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
        (["--max-sessions", 0], "--max-sessions 0: must be "),
        (["--idle-seconds", -5], "--idle-seconds -5"),
        (["--idle-seconds", "nan"], "--idle-seconds nan"),
        (["--client-share", 1.5], "--client-share 1.5: must be above 0 and at most 1"),
        (["--client-share", 0], "--client-share 0"),
        (["--max-body", 0], "--max-body 0"),
        (["--max-connections", 0], "--max-connections 0"),
        (["--header-seconds", 0], "--header-seconds 0"),
        (["--body-seconds", "inf"], "--body-seconds inf"),
        (["--answer-seconds", "nan"], "--answer-seconds nan"),
        (["--allowed-hosts", "shop", "http://shop"], "--allowed-hosts 'http://shop': give a name or address alone"),
        (["--seed", -1], "--seed -1"),
    ],
)
def test_bad_options(call: Call, toy_folder: Path, options: list[object], what: str) -> None:
    refused(call("env-server", "--data", toy_folder, *options), "ConfigError", what)


def test_every_limit_has_an_option() -> None:
    options = {field.name: field.default for field in fields(EnvServer)}
    assert {field.name: options[field.name] for field in fields(Limits)} == vars(Limits())


def test_a_port_that_is_taken(call: Call, toy_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(call("env-server", "--data", toy_folder, "--port", port), "ConfigError", f"--port {port}", "in use")


def test_a_missing_data_folder(call: Call, tmp_path: Path) -> None:
    refused(call("env-server", "--data", tmp_path / "nowhere", "--port", 0), "CatalogError", "no such file or folder")


def test_without_the_extra(call: Call, toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "shoprl.serve.connections", raising=False)  # imported by a test before
    refused(call("env-server", "--data", toy_folder), "ConfigError", "uvicorn is not installed", "pip install")


def status(url: str, host: str) -> int:
    """What a client gets that calls the server by that name."""
    import httpx2

    return httpx2.get(f"{url}/v1/info", headers={"Host": host}, trust_env=False).status_code


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_interrupted(toy_folder: Path, stop: signal.Signals) -> None:
    command = Path(sys.executable).with_name("shoprl")
    options = [
        "--data",
        str(toy_folder),
        "--port",
        "0",
        "--idle-seconds",
        "0.2",
        "--allowed-hosts",
        "shop",
        "192.0.2.7",
    ]
    with subprocess.Popen([command, "env-server", *options], stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        line = server.stderr.readline()
        assert line.startswith(f"Serving {toy_folder} on http://127.0.0.1:")
        url = next(word for word in line.split() if word.startswith("http://"))
        assert [status(url, host) for host in ("shop:80", "192.0.2.7", "localhost", "other", "192.0.2.8")] == [
            *[200] * 3,
            *[421] * 2,
        ]
        env = RemoteEnv(url)
        assert env.reset(seed=7) == WebShopEnv(toy_folder).reset(seed=7)
        time.sleep(0.3)
        with pytest.raises(SessionNotFoundError):
            env.step("search[tea]")
        env.close()
        server.send_signal(stop)
        assert server.wait(30) == (0 if stop is signal.SIGINT else -signal.SIGTERM)
        assert server.stderr.read() == ""
