"""A real ``shoprl serve`` in processes of its own. Needs the extra ``service``."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx

COMMAND = (sys.executable, "-c", "from shoprl.cli.main import main; main()", "serve")
QUICK = ("--policy", "rule", "--workers", "1")  # starts in two seconds


@dataclass
class Serving:
    """A running service."""

    process: subprocess.Popen[bytes]
    log: Path
    url: str

    def client(self, timeout: float = 30.0) -> httpx.Client:
        """A client that keeps its connection."""
        return httpx.Client(base_url=self.url, trust_env=False, timeout=timeout)

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", int(self.url.rpartition(":")[2])

    def ready(self, seconds: float = 60.0) -> None:
        """Wait until lists can be made."""
        with self.client() as client:
            wait_for(lambda: client.get("/health/ready").status_code == 200, seconds)

    def lines(self) -> list[dict[str, Any]]:
        """What it logged."""
        rows = self.log.read_text(encoding="utf-8").splitlines()
        return [json.loads(row) for row in rows if row.startswith("{") and row.endswith("}")]

    def children(self) -> list[int]:
        """Its worker processes."""
        return [pid for pid in children(self.process.pid) if b"spawn_main" in _line(pid)]

    def stop(self, how: signal.Signals = signal.SIGTERM, seconds: float = 30.0) -> tuple[int, float]:
        """Exit code, and the seconds that it took to end."""
        began = time.monotonic()
        self.process.send_signal(how)
        return self.process.wait(seconds), time.monotonic() - began

    def kill(self) -> None:
        """End it and its workers at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(60)


def start(catalog: Path, log: Path, *options: object, before: Callable[[], object] | None = None) -> Serving:
    """Start a service on a free port, and wait until it says that it serves.

    Args:
        catalog: a shop.
        log: what it writes to standard error is added to this file.
        options: of ``shoprl serve``.
        before: called in the new process.
    """
    command = [*COMMAND, "--catalog", catalog, "--port", 0, *options]
    earlier = log.stat().st_size if log.exists() else 0
    with log.open("ab") as written:
        process = subprocess.Popen(
            list(map(str, command)), stderr=written, stdout=written, start_new_session=True, preexec_fn=before
        )

    def said() -> str | None:
        text = log.read_bytes()[earlier:].decode(errors="replace")
        assert process.poll() is None, text
        found = [line for line in text.splitlines() if line.startswith("Serving ")]
        return found[0].partition(" on ")[2].partition(" (API")[0] if found else None

    try:
        wait_for(said, 60)
        return Serving(process, log, str(said()))
    except BaseException:
        process.kill()
        process.wait(60)
        raise


@contextmanager
def serving(
    catalog: Path, log: Path, *options: object, before: Callable[[], object] | None = None
) -> Iterator[Serving]:
    """A service that is killed afterwards, with its workers."""
    running = start(catalog, log, *options, before=before)
    try:
        yield running
    finally:
        running.kill()


def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until something holds; a connection that is refused is not yet."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(httpx.TransportError):
            if condition():
                return
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    """Processes that a process has started, and theirs."""
    own: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            own += map(int, task.read_text().split())
    return own + [below for each in own for below in children(each)]


def lives(pid: int) -> bool:
    """Whether a process runs."""
    with contextlib.suppress(OSError):
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    return False


def _line(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
