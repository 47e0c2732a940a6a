"""What was acknowledged is in the database, once and as it was sent, whatever kills the server."""

import random
import re
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

httpx = pytest.importorskip("httpx2", reason="needs the extra serve")
pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("prometheus_client", reason="needs the extra service")

from sqlalchemy import select  # noqa: E402

from shoprl.service.database import close_database, open_database, reading  # noqa: E402
from shoprl.service.tables import decisions, events, items  # noqa: E402
from tests.support.realserver import QUICK, Serving, lives, serving, start, wait_for  # noqa: E402

THREADS = 4  # that send feedback
KEPT = ("event_id", "decision_id", "item_id", "type", "value", "timestamp", "over")
Batch = list[dict[str, Any]]


@dataclass
class Ledger:
    """What clients sent, and what they were told of it.

    Attributes:
        sent: event id -> the body that was sent first.
        said: event id -> what the server said of it first.
        refused: ids of events that it must not have.
        lists: decision id -> ids of the items that it was answered with.
        unanswered: batches whose answer did not come.
        faults: what was not as it should be.
    """

    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    lists: dict[str, list[str]] = field(default_factory=dict)
    unanswered: list[Batch] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)

    def heard(self, batch: Batch, statuses: list[str], again: bool) -> None:
        """Note what the server said of a batch, perhaps one that was sent before."""
        if again and len(set(statuses) & {"accepted", "orphan"}) and "duplicate" in statuses:
            self.faults.append(f"half a batch was kept: {statuses}")
        for each, status in zip(batch, statuses, strict=True):
            known = self.said.get(each["event_id"])
            if known is not None and status != ("duplicate" if each == self.sent[each["event_id"]] else "conflict"):
                self.faults.append(f"{each['event_id']}: {known}, then {status}")
            if known is None and status not in ("accepted", "orphan", *(["duplicate"] if again else [])):
                self.faults.append(f"{each['event_id']}: {status}")
            self.said.setdefault(each["event_id"], status)
            self.statuses[status] += 1


def some_events(ledger: Ledger, rng: random.Random, name: str) -> Batch:
    """Events of lists that were answered, and of others that never were."""
    shown = list(ledger.lists)
    batch: Batch = []
    for place in range(rng.randint(1, 4)):
        own = rng.choice(shown) if shown and rng.random() < 0.7 else "d_unknown"
        ids = ledger.lists.get(own) or ["B1"]
        event = {"event_id": f"{name}-{place}", "decision_id": own, "item_id": rng.choice(ids), "type": "click"}
        bought = rng.random() < 0.3
        event |= {"type": "purchase"} if bought else {}
        event |= {"value": round(rng.uniform(0, 100), 2) if bought else None}
        batch.append(event | {"timestamp": round(time.time(), 3), "over": []})
    return batch


def send(url: str, ledger: Ledger, life: int, thread: int, over: threading.Event) -> None:
    """Send feedback until the server is gone: new, sent before, with another body, and malformed."""
    rng = random.Random(1_000 * life + thread)
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client, suppress(httpx.TransportError):
        number = 0
        while not over.is_set():
            number += 1
            kind = rng.choices(("new", "again", "other", "malformed"), (8, 1, 1, 1))[0]
            batch, again = some_events(ledger, rng, f"e{life}-{thread}-{number}"), False
            if kind in ("again", "other") and ledger.said:
                chosen = rng.choice(list(ledger.said))
                batch, again = [dict(ledger.sent[chosen])], True
                if kind == "other":
                    batch[0]["item_id"] += "-changed"
            if kind == "malformed":
                ledger.refused |= {each["event_id"] for each in batch}
                answer = client.post("/v1/feedback", json={"events": [*batch, {"event_id": "no type"}]})
                if answer.status_code != 422:
                    ledger.faults.append(f"malformed: {answer.status_code}")
                continue
            if not again:
                ledger.sent |= {each["event_id"]: each for each in batch}
                ledger.unanswered.append(batch)
            answer = client.post("/v1/feedback", json={"events": batch})
            if answer.status_code != 200:
                ledger.faults.append(f"feedback: {answer.status_code} {answer.text}")
                continue
            ledger.heard(batch, [each["status"] for each in answer.json()["results"]], again)
            if not again:
                ledger.unanswered.remove(batch)


def ask(url: str, ledger: Ledger, life: int, over: threading.Event) -> None:
    """Ask for lists until the server is gone; a server that has just started may have none to give yet."""
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client, suppress(httpx.TransportError):
        for number in range(100_000):
            if over.is_set():
                return
            answer = client.post("/v1/recommendations", json={"request": f"green tea under {life}{number} dollars"})
            if answer.status_code == 200:
                made = answer.json()
                ledger.lists[made["decision_id"]] = [each["id"] for each in made["items"]]
            elif answer.status_code != 503 or "Retry-After" not in answer.headers:
                ledger.faults.append(f"recommendations: {answer.status_code} {answer.text}")


def live(server: Serving, ledger: Ledger, life: int, rng: random.Random) -> None:
    """Put a server under load and kill it, alone or with its workers, once it has acknowledged something."""
    for batch in ledger.unanswered[:]:  # a client sends again what was not answered
        with server.client() as client:
            answer = client.post("/v1/feedback", json={"events": batch}).json()
        ledger.heard(batch, [each["status"] for each in answer["results"]], again=True)
        ledger.unanswered.remove(batch)
    over, events_before, lists_before = threading.Event(), len(ledger.said), len(ledger.lists)
    threads = [
        threading.Thread(target=send, args=(server.url, ledger, life, number, over)) for number in range(THREADS)
    ]
    threads.append(threading.Thread(target=ask, args=(server.url, ledger, life, over)))
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: len(ledger.said) > events_before + 20, 60)
        if life % 3 == 0:  # else it is killed while its workers still start
            wait_for(lambda: len(ledger.lists) > lists_before, 60)
        time.sleep(rng.uniform(0, 0.5))
        workers = server.children()
        if life % 2:
            server.process.send_signal(signal.SIGKILL)
            server.process.wait(30)
            wait_for(lambda: not any(map(lives, workers)))  # they notice
        server.kill()
    finally:
        over.set()
        for thread in threads:
            thread.join(60)


def reconcile(address: str, ledger: Ledger) -> None:
    """Hold what is in the database against what clients were told."""
    engine = open_database(address)
    with reading(engine) as connection:
        if engine.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        rows = connection.execute(select(events).order_by(events.c.sequence)).mappings().all()
        made = set(connection.execute(select(decisions.c.decision_id)).scalars())
        listed = connection.execute(select(items).order_by(items.c.decision_id, items.c.position)).mappings().all()
    close_database(engine)
    kept = {row["event_id"]: row for row in rows}
    assert len(kept) == len(rows)
    assert ledger.said.keys() - kept.keys() == set()  # acknowledged, and lost
    assert kept.keys() - ledger.sent.keys() == set()  # never sent as it should be
    assert kept.keys() & ledger.refused == set()
    for event_id, row in kept.items():
        assert {name: row[name] for name in KEPT} == ledger.sent[event_id]
        assert ledger.said.get(event_id, "duplicate") in (row["status"], "duplicate")
    assert ledger.lists.keys() - made == set()
    shown: dict[str, list[str]] = {}
    for item in listed:
        shown.setdefault(item["decision_id"], []).append(item["item_id"])
    assert {each: shown.get(each, []) for each in ledger.lists} == ledger.lists


@pytest.mark.parametrize(
    "kills", [3, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(3_000)])], ids="{} kills".format
)
def test_nothing_acknowledged_is_lost(address: str, small_shop: Path, tmp_path: Path, kills: int) -> None:
    ledger, rng, log = Ledger(), random.Random(kills), tmp_path / "log"
    for life in range(kills):
        server = start(small_shop, log, "--database", address, "--rate", 100_000, *QUICK)
        try:
            live(server, ledger, life, rng)
        finally:
            server.kill()
        assert ledger.faults == []
    reconcile(address, ledger)
    assert ledger.lists
    assert {"accepted", "orphan", "duplicate", "conflict"} <= ledger.statuses.keys()
    print(f"{kills} kills, {len(ledger.said)} events and {len(ledger.lists)} lists acknowledged: {ledger.statuses}")


def test_each_acknowledgement_waits_for_the_disk(small_shop: Path, tmp_path: Path) -> None:
    """A power cut cannot be had: the system calls show that the file was synced before the answer was sent."""
    strace = shutil.which("strace")
    if strace is None or subprocess.run([strace, "-f", "true"], capture_output=True).returncode:
        pytest.skip("needs strace, and the right to use it")
    database, trace = tmp_path / "kept.sqlite", tmp_path / "trace"
    with serving(small_shop, tmp_path / "log", "--database", f"sqlite:///{database}", *QUICK) as server:
        calls = "trace=fsync,fdatasync,recvfrom,sendto,sendmsg,write,pwrite64"
        traced = ["strace", "-f", "-y", "-s", "64", "-e", calls, "-o", str(trace), "-p", str(server.process.pid)]
        tracer = subprocess.Popen(traced, stderr=subprocess.PIPE)
        try:
            with server.client() as client:
                # an idle server calls nothing: it is asked until the first call was seen
                wait_for(lambda: client.get("/nothing").status_code == 404 and trace.exists() and trace.stat().st_size)
                for number in range(20):
                    event = {"event_id": f"e{number}", "decision_id": "d", "item_id": "B1", "type": "click"}
                    assert client.post("/v1/feedback", json={"events": [event]}).status_code == 200
        finally:
            tracer.terminate()
            tracer.wait(30)
    acknowledged, synced = 0, False
    for line in trace.read_text(errors="replace").splitlines():
        if re.search(r"(recvfrom|<... recvfrom resumed>).*POST /v1/feedback", line):
            synced = False
        elif re.search(r"f(data)?sync", line) and line.endswith("= 0"):
            synced = synced or "resumed" in line or f"{database}-wal" in line
        elif re.search(r"send(to|msg).*HTTP/1.1 200", line):
            assert synced, line
            acknowledged, synced = acknowledged + 1, False
    assert acknowledged == 20
