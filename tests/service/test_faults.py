"""What happens when something fails under a real server: docs/results/service.md says it in words."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

httpx = pytest.importorskip("httpx2", reason="needs the extra serve")
pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("prometheus_client", reason="needs the extra service")

from shoprl.policies.packaged import packaged_folder  # noqa: E402
from tests.support import postgres  # noqa: E402
from tests.support.realserver import QUICK, Serving, lives, serving, wait_for  # noqa: E402
from tests.support.serving import Served  # noqa: E402

ASKED = {"request": "green tea under 20 dollars"}
Answers = list[tuple[int, str]]


@pytest.fixture(scope="module")
def server(small_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One that several tests share, as nothing that they do may matter to the next."""
    folder = tmp_path_factory.mktemp("server")
    options = ("--database", f"sqlite:///{folder / 'kept.sqlite'}", "--streams", 2, "--patience", 30, *QUICK)
    with serving(small_shop, folder / "log", *options) as made:
        made.ready()
        yield made


def event(name: str, decision: str = "d", item: str = "B1") -> dict[str, Any]:
    return {"event_id": name, "decision_id": decision, "item_id": item, "type": "click"}


def tell(client: Any, *names: str) -> Any:
    return client.post("/v1/feedback", json={"events": [event(name) for name in names]})


def told(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["status"] for each in answer.json()["results"]]


def unavailable(answer: Any) -> None:
    """That an answer says to come back later."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert int(answer.headers["retry-after"]) >= 1


def test_a_database_that_is_gone_and_comes_back(small_shop: Path, tmp_path: Path) -> None:
    with postgres.server() as raw:
        address = raw.format(password=postgres.QUOTED)
        with serving(small_shop, tmp_path / "log", "--database", address, *QUICK) as server, server.client() as client:
            server.ready()
            assert told(tell(client, "e1")) == ["orphan"]
            made = client.post("/v1/recommendations", json=ASKED).json()["decision_id"]
            postgres.control(address, "stop")
            unavailable(tell(client, "e2"))
            unavailable(client.post("/v1/recommendations", json=ASKED))
            unavailable(client.get(f"/v1/decisions/{made}"))
            assert client.get("/health/live").status_code == 200
            gone = client.get("/health/ready")
            assert (gone.status_code, gone.json()["database"]) == (503, False)
            postgres.control(address, "start")
            assert told(tell(client, "e1", "e2")) == ["duplicate", "orphan"]
            assert client.get(f"/v1/decisions/{made}").status_code == 200
            assert client.post("/v1/recommendations", json=ASKED).status_code == 200
            assert client.get("/health/ready").status_code == 200


@pytest.mark.parametrize("seconds", [1.0, pytest.param(12.0, marks=pytest.mark.slow)])
def test_another_program_holds_the_file(server: Serving, seconds: float) -> None:
    """Who waits longer than 10 seconds is told to come back; the others wait."""
    name, path = f"held-{seconds:g}", server.log.parent / "kept.sqlite"
    answers: list[Any] = []

    def send() -> None:
        with server.client() as client:
            answers.append(tell(client, name))

    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    sender = threading.Thread(target=send)
    sender.start()
    with server.client() as client:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert client.get("/health/ready").status_code == 200  # reading needs no lock
            time.sleep(0.2)
        other.execute("ROLLBACK")
        other.close()
        sender.join(30)
        if seconds < 10:
            assert told(answers[0]) == ["orphan"]
        else:
            unavailable(answers[0])
            assert told(tell(client, name)) == ["orphan"]


def test_a_file_that_is_taken_away_takes_no_more_feedback(small_shop: Path, tmp_path: Path) -> None:
    """What goes into a file that has no name any more would be acknowledged and lost."""
    path = tmp_path / "kept.sqlite"
    options = ("--database", f"sqlite:///{path}", *QUICK)
    with serving(small_shop, tmp_path / "log", *options) as server, server.client() as client:
        assert told(tell(client, "e1")) == ["orphan"]
        saved = sqlite3.connect(tmp_path / "saved.sqlite")
        with sqlite3.connect(path) as source:
            source.backup(saved)
        source.close()
        saved.close()
        aside = tmp_path / "aside"
        aside.mkdir()
        for each in tmp_path.glob("kept.sqlite*"):
            each.rename(aside / each.name)
        unavailable(tell(client, "e2"))
        unavailable(tell(client, "e2"))
        assert not path.exists()
        shutil.copy(tmp_path / "saved.sqlite", path)  # a backup is put in its place
        wait_for(lambda: tell(client, "e3").status_code == 200)
        assert told(tell(client, "e1", "e2", "e3")) == ["duplicate", "orphan", "duplicate"]
        server.stop()
    kept = sqlite3.connect(path)
    assert {row[0] for row in kept.execute("SELECT event_id FROM events")} == {"e1", "e2", "e3"}
    kept.close()


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip("needs the right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk(small_shop: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        options = ("--database", f"sqlite:///{disk / 'kept.sqlite'}", *QUICK)
        with serving(small_shop, tmp_path / "log", *options) as server, server.client() as client:
            server.ready()
            assert told(tell(client, "e0")) == ["orphan"]
            filler = disk / "filler"
            with suppress(OSError), filler.open("wb", buffering=0) as written:
                while True:
                    written.write(bytes(4096))
            kept = ["e0"]
            for number in range(1, 1_000):
                names = [f"e{number}-{place}" for place in range(20)]
                answer = tell(client, *names)
                if answer.status_code != 200:
                    break
                kept += names
            unavailable(answer)
            unavailable(client.post("/v1/recommendations", json=ASKED))
            assert client.get("/health/live").status_code == 200
            filler.unlink()
            assert set(told(tell(client, *names))) == {"orphan"}  # nothing of it was kept
            assert set(told(tell(client, *kept[-500:]))) == {"duplicate"}
            assert client.post("/v1/recommendations", json=ASKED).status_code == 200


def test_the_active_policys_folder_is_deleted(small_shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(packaged_folder(), folder)
    options = ("--database", f"sqlite:///{tmp_path / 'kept.sqlite'}", "--policy", folder, "--workers", 1)
    with serving(small_shop, tmp_path / "log", *options, "--patience", 60) as server, server.client(90) as client:
        server.ready(120)
        assert client.post("/v1/recommendations", json=ASKED).json()["policy"] == "mine"
        shutil.rmtree(folder)
        # Who has loaded it goes on with it; who has not takes another
        assert client.post("/v1/recommendations", json={"request": "a lamp"}).json()["policy"] == "mine"
        os.kill(server.children()[0], signal.SIGKILL)
        found = client.post("/v1/recommendations", json={"request": "a shirt"})
        assert (found.status_code, found.json()["policy"]) == (200, "pretrained")
        assert client.get("/health/ready").json()["unavailable_policies"] == ["mine"]
        states = {each["name"]: each["available"] for each in client.get("/v1/policies").json()["results"]}
        assert states == {"mine": False, "pretrained": True, "rule-options": True}
        refused = client.post("/v1/recommendations", json={"request": "a shirt", "policy": "mine"})
        assert (refused.status_code, refused.json()["code"]) == (409, "policy_unavailable")
        wait_for(lambda: any("mine" in row["message"] and row["level"] == "error" for row in server.lines()))


def test_a_clock_that_is_set_back(served: Served) -> None:
    made = served.ask()["decision_id"]
    served.hands.now -= 3_600
    later = served.ask()["decision_id"]
    assert told(served.client.post("/v1/feedback", json={"events": [event("e", made), event("f", later)]})) == [
        "accepted",
        "accepted",
    ]
    rows = [served.client.get(f"/v1/decisions/{each}").json() for each in (made, later)]
    assert rows[0]["decided_at"] <= rows[1]["decided_at"]
    assert all(row["feedback"][0]["received_at"] >= row["decided_at"] for row in rows)


def test_two_servers_on_one_database(address: str, small_shop: Path, tmp_path: Path) -> None:
    first_options = ("--database", address, "--policy", "rule", "--workers", 1)
    second_options = ("--database", address, "--policy", "random", "--workers", 1)
    with (
        serving(small_shop, tmp_path / "first", *first_options) as first,
        serving(small_shop, tmp_path / "second", *second_options) as second,
        first.client() as one,
        second.client() as two,
    ):
        answers: Answers = []

        def send(client: Any, name: str) -> None:
            for number in range(50):
                answer = tell(client, f"{name}{number}", f"both{number}")
                answers.append((answer.status_code, " ".join(told(answer))))

        threads = [threading.Thread(target=send, args=pair) for pair in ((one, "a"), (two, "b"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(answers) == 100
        assert sorted(said for _, said in answers) == ["orphan duplicate"] * 50 + ["orphan orphan"] * 50
        first.ready()
        second.ready()
        made = one.post("/v1/recommendations", json=ASKED).json()
        assert made["policy"] == "random"  # what the second one was started with
        told_other = two.post("/v1/feedback", json={"events": [event("e", made["decision_id"])]})
        assert told(told_other) == ["accepted"]
        assert len(one.get(f"/v1/decisions/{made['decision_id']}").json()["feedback"]) == 1
        assert one.post("/v1/policies/rule/activate", json={"role": "active"}).status_code == 200
        began = time.monotonic()
        wait_for(lambda: two.post("/v1/recommendations", json=ASKED).json()["policy"] == "rule")
        assert time.monotonic() - began < 3


def test_a_worker_that_is_killed_under_load(server: Serving) -> None:
    answers: Answers = []

    def ask(name: str) -> None:
        with server.client(60) as client:
            for number in range(8):
                answer = client.post("/v1/recommendations", json={"request": f"tea under {number + 3}{name} dollars"})
                answers.append((answer.status_code, answer.text))

    threads = [threading.Thread(target=ask, args=(str(number),)) for number in range(6)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(answers) > 3)
    (worker,) = server.children()
    os.kill(worker, signal.SIGKILL)
    for thread in threads:
        thread.join(90)
    assert [each for each in answers if each[0] != 200] == []
    assert len(answers) == 48
    assert server.children() != [worker]


POST = b"POST /v1/recommendations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def sent(server: Serving, body: bytes, more: bytes = b"") -> socket.socket:
    made = socket.create_connection(server.address, timeout=30)
    made.sendall(POST + more + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    return made


def test_a_signal_under_load(small_shop: Path, tmp_path: Path) -> None:
    options = ("--database", f"sqlite:///{tmp_path / 'kept.sqlite'}", "--patience", 30, *QUICK)
    with serving(small_shop, tmp_path / "log", *options) as server:
        server.ready()
        open_ones = [sent(server, b'{"request": "tea under %d dollars"}' % number) for number in range(3, 23)]
        idle = socket.create_connection(server.address)
        half = socket.create_connection(server.address)
        half.sendall(POST + b"Content-Length: 9\r\n\r\n{")
        workers = server.children()
        time.sleep(0.1)
        code, seconds = server.stop(signal.SIGTERM)
        statuses = [each.recv(65_536).split(b" ")[1] for each in open_ones]
        for each in (*open_ones, idle, half):
            each.close()
        assert (code, set(statuses) <= {b"200", b"503"}, b"200" in statuses) == (0, True, True)
        assert seconds < 10
        wait_for(lambda: not any(map(lives, workers)), 1)
        assert not [row for row in server.lines() if row["level"] == "error"]
    connection = sqlite3.connect(tmp_path / "kept.sqlite")
    assert connection.execute("SELECT count(*) FROM decisions").fetchone()[0] >= statuses.count(b"200")
    connection.close()


STREAM = b"Accept: text/event-stream\r\n"


def open_streams(server: Serving) -> float:
    with server.client() as client:
        lines = client.get("/metrics").text.splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("shoprl_streams ")))


def test_clients_that_leave_in_the_middle_of_a_stream(server: Serving) -> None:
    for number in range(30):
        with sent(server, b'{"request": "lamp under 1%d dollars"}' % number, STREAM) as made:
            if number % 3:
                made.recv(100)
        wait_for(lambda: open_streams(server) < 2)
    wait_for(lambda: open_streams(server) == 0)
    with server.client() as client:
        assert told(tell(client, "after-streams")) == ["orphan"]
        assert client.post("/v1/recommendations", json=ASKED).status_code == 200


def test_more_streams_than_allowed(server: Serving) -> None:
    (worker,) = server.children()
    os.kill(worker, signal.SIGSTOP)
    try:
        held = [sent(server, b'{"request": "lamp"}', STREAM) for _ in range(2)]
        wait_for(lambda: open_streams(server) == 2)
        with server.client() as client:
            refused = client.post("/v1/recommendations", json=ASKED, headers={"Accept": "text/event-stream"})
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        assert "retry-after" in refused.headers
    finally:
        os.kill(worker, signal.SIGCONT)
    for each in held:
        received = b""
        while b"\nevent: recommendations" not in received:
            received += each.recv(65_536)
        each.close()
    wait_for(lambda: open_streams(server) == 0)


def test_slow_clients_hold_up_nobody(server: Serving) -> None:
    slow = [socket.create_connection(server.address) for _ in range(60)]
    for number, each in enumerate(slow):
        each.sendall(POST if number % 2 else POST + b"Content-Length: 900\r\n\r\n{")
    with server.client() as client:
        for number in range(20):
            for each in slow:
                each.sendall(b"X" if number else b"X-Slow: ")
            assert told(tell(client, f"slow-{number}")) == ["orphan"]
        assert client.post("/v1/recommendations", json=ASKED).status_code == 200
    for each in slow:
        each.close()


def test_bodies_over_the_limit(server: Serving) -> None:
    large = b'{"request": "%b"}' % (b"x" * 1_000_000)
    with server.client() as client:
        for content in (large, (part for part in (large[:500_000], large[500_000:]))):
            headers = {"Content-Type": "application/json"}
            refused = client.post("/v1/recommendations", content=content, headers=headers)
            assert refused.headers["content-type"] == "application/problem+json"
            assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")
        many = [event(f"many-{number}") for number in range(1_001)]
        assert client.post("/v1/feedback", json={"events": many}).status_code == 422
        assert set(told(client.post("/v1/feedback", json={"events": many[:1_000]}))) == {"orphan"}
