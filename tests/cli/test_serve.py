"""``shoprl serve``: bad options, and one real run."""

import json
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from shoprl.cli.serve import Serve
from shoprl.policies.packaged import packaged_folder
from shoprl.service.config import ServiceConfig
from tests.support.cli import Call, refused
from tests.support.served import wait_for

pytest.importorskip("alembic", reason="needs the extra service")
pytest.importorskip("torch", reason="needs the extra train")
httpx = pytest.importorskip("httpx2", reason="needs the extra serve")


def test_every_setting_has_an_option() -> None:
    options = {field.name: field.default for field in fields(Serve)}
    assert {field.name: options[field.name] for field in fields(ServiceConfig)} == vars(ServiceConfig())


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--port", -1], "--port -1: must be from 0 to 65535"),
        (["--host", "203.0.113.1"], "--host 203.0.113.1"),  # not of this machine
        (["--runs", 0], "--runs 0: must be from 1 to 100"),
        (["--temperature", -1], "--temperature -1"),
        (["--reward-window", 0], "--reward-window 0"),
        (["--reward-events", "bought"], "--reward-events"),
        (["--workers", 0], "--workers 0"),
        (["--floor", 2], "--floor 2"),
        (["--allowed-hosts", "http://shop"], "--allowed-hosts 'http://shop': give a name or address alone"),
        (["--database", "mysql://x"], "only sqlite:// and postgresql://"),
        (["--consent", "nowhere.txt"], "nowhere.txt: no such file"),
    ],
)
def test_bad_options(call: Call, toy_folder: Path, options: list[object], what: str) -> None:
    refused(call("serve", "--catalog", toy_folder, "--port", 0, *options), "ConfigError", what)
    assert not (toy_folder.parent / "toy.feedback.sqlite").exists()


def test_a_port_that_is_taken(call: Call, toy_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(call("serve", "--catalog", toy_folder, "--port", port), "ConfigError", f"--port {port}", "in use")


def test_a_missing_catalogue(call: Call, tmp_path: Path) -> None:
    refused(call("serve", "--catalog", tmp_path / "nowhere.csv", "--port", 0), "CatalogError", "no such file or folder")


@pytest.mark.parametrize("command", [("serve", "--port", 0), ("mcp",)])
def test_a_policy_that_cannot_be_loaded_is_refused_before_anything_is_kept(
    call: Call, toy_folder: Path, tmp_path: Path, command: tuple[object, ...]
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(packaged_folder(), broken)
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    given = (*command, "--catalog", toy_folder, "--policy")
    refused(call(*given, broken), "PolicyError", f"{weights}: its content is not what was saved")
    refused(call(*given, tmp_path / "nowhere"), "PolicyError", "nowhere", "Give a policy folder")
    assert not (toy_folder.parent / "toy.feedback.sqlite").exists()


def test_an_address_that_others_reach_needs_a_key(call: Call, toy_folder: Path) -> None:
    options = ("--catalog", toy_folder, "--port", 0, "--host", "0.0.0.0", "--policy", "rule")
    refused(call("serve", *options), "ConfigError", "--host 0.0.0.0", "shoprl keys make")


def _started(*options: object) -> tuple[subprocess.Popen[str], str]:
    command = [str(Path(sys.executable).with_name("shoprl")), "serve", *map(str, options), "--port", "0"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    line = next(line for line in server.stderr if line.startswith("Serving "))
    return server, next(word for word in line.split() if word.startswith("http://"))


def test_a_feed_is_served_until_the_server_is_stopped(tmp_path: Path) -> None:
    feed = tmp_path / "shop.csv"
    feed.write_text("id,title,price\n1,Brass reading lamp,20.00\n2,Green tea,3.50\n3,Brass lamp shade,9.00\n")
    (tmp_path / "consent.txt").write_text("Do you agree, ü?", encoding="utf-8")
    server, url = _started("--catalog", feed, "--policy", "rule", "--workers", 1, "--consent", tmp_path / "consent.txt")
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        wait_for(lambda: client.get("/health/ready").status_code == 200, 60)
        made: dict[str, Any] = client.post("/v1/recommendations", json={"request": "a brass lamp"}).json()
        assert {item["id"] for item in made["items"]} == {"1", "3"}
        begin = client.get("/shop").text
        assert "Do you agree, ü?" in begin
        assert "Give me a request" not in begin  # a feed has no goals
        assert "rule-options" in client.get("/watch").text  # what people can compare it with
        told = {"event_id": "e", "decision_id": made["decision_id"], "item_id": "1", "type": "click"}
        assert client.post("/v1/feedback", json={"events": [told]}).json()["results"][0]["status"] == "accepted"
    server.send_signal(signal.SIGTERM)
    assert server.wait(15) == 0
    assert server.stderr is not None
    rows = [json.loads(line) for line in server.stderr.read().splitlines()]
    assert all(row["level"] == "info" for row in rows)
    server.stderr.close()
    beside = sorted(path.name for path in tmp_path.iterdir())
    assert beside == ["consent.txt", "shop.csv", "shop.csv.feedback.sqlite"]
    replayed = [
        str(Path(sys.executable).with_name("shoprl")),
        "replay-decision",
        made["decision_id"],
        "--catalog",
        feed,
    ]
    found = subprocess.run([*map(str, replayed), "--json"], capture_output=True, text=True, check=True)
    again = json.loads(found.stdout)
    assert (again["same_policy"], again["same_items"]) == (True, True)
