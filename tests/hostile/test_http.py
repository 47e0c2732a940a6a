"""Attacks on the environment server: schemathesis on what it documents, and hostile clients of a real process."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("schemathesis", reason="needs the extra test")
pytest.importorskip("fastapi", reason="needs the extra serve")
pytest.importorskip("uvicorn", reason="needs the extra serve")
pytest.importorskip("httpx2", reason="needs the extra serve")

from shoprl.serve.client import RemoteEnv
from shoprl.serve.connections import open_files
from shoprl.serve.server import create_app
from shoprl.serve.sessions import Limits, RemoteError
from shoprl.shop.session import MAX_ACTION
from tests.support.documented import CHECKS, compared
from tests.support.toyshop import toy_data

# What the document says

OWN = CHECKS | {"missing_required_header", "use_after_free", "ensure_resource_availability"}


@pytest.mark.parametrize("examples", [10, pytest.param(1_000, marks=[pytest.mark.hostile, pytest.mark.timeout(1_200)])])
def test_what_is_documented_is_what_happens(examples: int) -> None:
    limits = Limits(max_sessions=1_000_000, client_share=1)
    app = create_app(toy_data(), limits, seed=0, hosts=["testserver"])
    faults, ran = compared(app, examples)
    assert faults == ""
    assert ran.keys() >= OWN
    assert min(ran[name] for name in OWN) > 10 * examples


# A real process

HEAD = b"GET /v1/info HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
COMMAND = (sys.executable, "-m", "shoprl.cli.main", "env-server", "--port", "0")
BOUND = 5.0  # seconds within which a signal ends it


@dataclass
class Served:
    """A running server."""

    process: subprocess.Popen[str]
    lines: list[str]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def ask(self, sent: bytes) -> bytes:
        """What comes back until the server ends the connection, or a while nothing comes."""
        received = b""
        with self.connect() as made:
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                made.sendall(sent)
            made.settimeout(0.3)
            with contextlib.suppress(ConnectionResetError, TimeoutError):
                while part := made.recv(65_536):
                    received += part
        return received

    def stop(self, how: signal.Signals) -> tuple[int, float, str]:
        """Exit code, seconds it took, and what it wrote besides its first lines."""
        start = time.monotonic()
        self.process.send_signal(how)
        code = self.process.wait(60)
        assert self.process.stderr is not None
        return code, time.monotonic() - start, self.process.stderr.read()


def limit_files(files: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))


@contextmanager
def started(folder: Path, *options: object, files: int | None = None) -> Iterator[Served]:
    """``shoprl env-server`` on a free port, perhaps with fewer open files than this process may have."""
    command = [*COMMAND, "--data", folder, *options]
    process = subprocess.Popen(
        list(map(str, command)),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=None if files is None else lambda: limit_files(files),
    )
    assert process.stderr is not None
    try:
        lines: list[str] = []
        while not lines or (lines[-1] and not lines[-1].startswith("Serving ")):
            lines.append(process.stderr.readline())
        assert lines[-1], lines
        yield Served(process, lines, int(lines[-1].split(" (API")[0].rpartition(":")[2]))
    finally:
        process.kill()
        process.wait(60)
        process.stderr.close()


def cpu_seconds(process: int) -> float:
    """Seconds of processor time that a process has taken."""
    stat = Path(f"/proc/{process}/stat")
    if not stat.is_file():
        pytest.skip("needs /proc")
    user, system = stat.read_text().rpartition(") ")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("sent", [HEAD, POST + b"Content-Length: 9\r\n\r\n{"], ids=["headers", "body"])
@pytest.mark.parametrize(("files", "count"), [(256, 300), pytest.param(1_024, 1_100, marks=pytest.mark.hostile)])
def test_half_sent_requests_without_end(toy_folder: Path, sent: bytes, files: int, count: int) -> None:
    if open_files(count + 200) < count + 200:
        pytest.skip("this process may not open so many files")
    with started(toy_folder, files=files) as server, ExitStack() as stack:
        assert server.lines[0] == f"At most {files - 128} connections, for want of open files (`ulimit -n`).\n"
        for _ in range(count):
            stack.enter_context(server.connect()).sendall(sent)
        env = RemoteEnv(server.url, timeout=10)
        assert env.reset(seed=0)[0]
        before = cpu_seconds(server.process.pid)
        time.sleep(2)
        assert cpu_seconds(server.process.pid) - before < 0.4
        assert env.step("search[tea]")[0]
        code, seconds, written = server.stop(signal.SIGTERM)
    assert (code, written) == (-signal.SIGTERM, "")
    assert seconds < BOUND


def test_a_flood_of_new_connections(toy_folder: Path) -> None:
    with started(toy_folder, files=256) as server:
        start, over = time.monotonic(), threading.Event()

        def flood() -> None:
            kept: list[socket.socket] = []
            while not over.is_set() and len(kept) < 2_000:
                with contextlib.suppress(OSError):
                    kept.append(server.connect())
                    kept[-1].sendall(HEAD)
                if len(kept) % 100 == 0:
                    while kept:
                        kept.pop().close()

        threads = [threading.Thread(target=flood) for _ in range(3)]
        for thread in threads:
            thread.start()
        served = 0
        while time.monotonic() < start + 2 or (served <= 5 and time.monotonic() < start + 30):  # a busy machine is slow
            env = RemoteEnv(server.url, timeout=10)
            served += bool(env.reset(seed=0)[0])
            env.close()
        over.set()
        for thread in threads:
            thread.join(30)
        assert served > 5
        code, seconds, written = server.stop(signal.SIGINT)
    assert (code, written) == (0, "")
    assert seconds < BOUND


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_under_load(toy_folder: Path, how: signal.Signals) -> None:
    ended: list[Exception] = []

    def shop(env: RemoteEnv) -> None:
        try:
            while True:
                env.reset(seed=0)
                env.step("search[tea]")
        except RemoteError as error:
            ended.append(error)

    with started(toy_folder) as server, ExitStack() as stack:
        threads = [threading.Thread(target=shop, args=(RemoteEnv(server.url),)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for sent in (
            b"",
            HEAD,
            POST + b"Content-Length: 9\r\n\r\n{",
            POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{",
        ):
            for _ in range(20):
                stack.enter_context(server.connect()).sendall(sent)
        deaf = stack.enter_context(server.connect())
        deaf.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            while True:
                deaf.send(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
        code, seconds, written = server.stop(how)
        for thread in threads:
            thread.join(30)
    assert (code, written) == (0 if how is signal.SIGINT else -signal.SIGTERM, "")
    assert seconds < BOUND
    assert len(ended) == len(threads)


def test_hostile_requests_change_nothing(toy_folder: Path) -> None:
    long = b"x" * (12 * MAX_ACTION + 9_000)
    foreign = POST.replace(b"localhost", b"evil.example")
    attacks = {  # request -> the status of the first answer; None where the connection may just end
        foreign + b"Content-Length: 2\r\n\r\n{}": b"421",
        POST + b"Origin: http://evil.example\r\nContent-Length: 2\r\n\r\n{}": b"403",
        POST + b"Origin: null\r\nContent-Length: 0\r\n\r\n": b"403",
        POST.replace(b"application/json", b"text/plain") + b"Content-Length: 2\r\n\r\n{}": b"415",
        b"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n": b"415",
        POST + b"Content-Length: 4\r\n\r\n{\x00}\x00": b"400",
        POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{}": b"400",  # smuggling
        POST + b"Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}{}": b"400",
        POST + b"Host: evil.example\r\nContent-Length: 2\r\n\r\n{}": b"400",
        POST + b"Content-Length: %d\r\n\r\n" % len(long) + long: b"413",
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1000\r\n%b\r\n" % long[:4096] * 200: None,
        HEAD + b"X: " + b"a" * 1_000_000: None,
        HEAD + b"X: 1\r\n" * 100_000: None,
        b"GET /" + b"a" * 1_000_000: None,
        b"\x00" * 100_000: None,
        b"\r\n" * 50_000: None,
        (HEAD + b"\r\n") * 300: b"200",
        b"CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n": b"404",
        b"GET http://evil.example/v1/info HTTP/1.1\r\nHost: evil.example\r\n\r\n": b"421",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n": None,
    }
    with started(toy_folder) as server:
        for sent, status in attacks.items():
            received = server.ask(sent)
            if status is not None:
                assert received.split(b" ")[1] == status, (sent[:200], received[:200])
            assert b"HTTP/1.1 201" not in received, sent[:200] or status
            assert server.process.poll() is None
        head, _, body = server.ask(HEAD + b"Connection: close\r\n\r\n").partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert json.loads(body)["sessions"] == 0
        code, _, written = server.stop(signal.SIGTERM)
    assert (code, written) == (-signal.SIGTERM, "")


def test_too_few_open_files(toy_folder: Path) -> None:
    pytest.importorskip("resource", reason="not on this system")
    command = [*COMMAND, "--data", toy_folder]
    done = subprocess.run(command, preexec_fn=lambda: limit_files(100), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("ConfigError: A process may open 100 files, and a server needs more than 128.")
