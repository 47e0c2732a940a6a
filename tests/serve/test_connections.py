"""Clients that are slow, many, or speak no HTTP, against a server in this process."""

import json
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra serve")
pytest.importorskip("httpx2", reason="needs the extra serve")
pytest.importorskip("uvicorn", reason="needs the extra serve")

from shoprl.errors import ConfigError
from shoprl.serve.client import KEEP_ALIVE as CLIENTS_KEEP_ALIVE
from shoprl.serve.client import RemoteEnv
from shoprl.serve.connections import KEEP_ALIVE, LINGER, RESERVE, connections_within, open_files
from shoprl.serve.sessions import Limits, RemoteError, RemoteSession
from tests.support.served import served, wait_for

HEAD = b"GET /v1/info HTTP/1.1\r\nHost: localhost\r\n"
INFO = HEAD + b"\r\n"
DOCUMENT = INFO.replace(b"/v1/info", b"/openapi.json")  # a long answer
POST = b"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
QUICK = Limits(header_seconds=0.4, body_seconds=0.4, answer_seconds=0.4)  # looked at twice a second


def connect(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    made = socket.create_connection((host, int(port)), timeout=15)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def everything(made: socket.socket) -> bytes:
    """What the server sends until it ends the connection."""
    received = b""
    try:
        while part := made.recv(65_536):
            received += part
    except ConnectionResetError:
        pass
    return received


def answer(made: socket.socket) -> tuple[int, Any]:
    """Status and content of one answer."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += made.recv(1)
    length = int(re.search(rb"content-length: (\d+)", received, re.IGNORECASE)[1])  # type: ignore[index]
    body = b""
    while len(body) < length:
        body += made.recv(length - len(body))
    return int(received.split()[1]), json.loads(body)


def refused(received: bytes, status: int, error: str) -> None:
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode()), received
    assert b"content-type: application/json" in head.lower()
    assert b"connection: close" in head.lower()
    assert json.loads(body)["error"] == error


@pytest.fixture(scope="module")
def quick() -> Iterator[str]:
    with served(QUICK) as url:
        yield url


@pytest.fixture(autouse=True)
def no_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record.getMessage() for record in caplog.records] == []


# Slow clients


@pytest.mark.parametrize(
    ("sent", "what"),
    [
        (HEAD, "the rest of the request's headers"),
        (b"G", "the rest of the request's headers"),
        (POST + b"Content-Length: 2\r\n\r\n{", "the rest of the request's body"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", "the rest of the request's body"),
        (INFO.replace(b"\r\n\r\n", b"\r\nContent-Length: 9\r\n\r\n"), "the rest of the request's body"),
    ],
)
def test_half_a_request(quick: str, sent: bytes, what: str) -> None:
    with closing(connect(quick)) as made:
        made.sendall(sent)
        start = time.monotonic()
        received = everything(made)
    assert time.monotonic() - start < 5
    refused(received, 408, "RequestTimeout")
    assert what in json.loads(received.partition(b"\r\n\r\n")[2])["message"].lower()


def test_nothing_sent(quick: str) -> None:
    with closing(connect(quick)) as made:
        assert everything(made) == b""


def test_half_a_second_request(quick: str) -> None:
    with closing(connect(quick)) as made:
        made.sendall(INFO + HEAD)
        assert answer(made)[0] == 200
        refused(everything(made), 408, "RequestTimeout")


@pytest.mark.parametrize("start", [HEAD + b"X-Long: ", POST + b"Content-Length: 99999\r\n\r\n"])
def test_a_trickle(quick: str, start: bytes) -> None:
    with closing(connect(quick)) as made:
        made.sendall(start)
        made.settimeout(0.05)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                made.sendall(b"x")
                received = made.recv(65_536)
                break
            except TimeoutError:
                continue
    assert time.monotonic() < end - 5
    refused(received, 408, "RequestTimeout")


def test_a_body_without_end_after_its_refusal(quick: str) -> None:
    with closing(connect(quick)) as made:
        made.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        start = time.monotonic()
        with suppress(ConnectionResetError, BrokenPipeError):
            while time.monotonic() < start + LINGER + 8:
                made.sendall(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
                time.sleep(0.001)
        assert LINGER < time.monotonic() - start < LINGER + 7


def test_an_answer_that_is_not_read(quick: str) -> None:
    sent = 0
    with closing(connect(quick)) as made, suppress(ConnectionResetError, BrokenPipeError):
        start = time.monotonic()
        while time.monotonic() < start + 14:
            sent += made.send(DOCUMENT * 100)  # waits when the server reads no more, since nobody reads its answers
    assert time.monotonic() - start < 13
    assert sent < 50_000_000


def test_a_slow_environment_is_waited_for(quick: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object) -> Any:
        time.sleep(1.5)
        return real(*_)  # type: ignore[arg-type]

    real = RemoteSession.reset
    monkeypatch.setattr(RemoteSession, "reset", slow)
    env = RemoteEnv(quick)
    assert env.reset(seed=0)[0]
    env.close()


def test_a_connection_is_kept_between_requests(quick: str) -> None:
    assert CLIENTS_KEEP_ALIVE < KEEP_ALIVE
    with closing(connect(quick)) as made:
        for pause in (0.0, 1.5, 0.0):
            time.sleep(pause)
            made.sendall(INFO)
            assert answer(made)[0] == 200


def test_one_request_in_many_pieces_in_time(quick: str) -> None:
    with closing(connect(quick)) as made:
        for sent in (POST, b"Content-Length: 11\r\n\r\n", b'{"seed"', b": 5}"):
            made.sendall(sent)
            time.sleep(0.03)
        status, created = answer(made)
    assert (status, created["seed"]) == (201, 5)


# No HTTP


@pytest.mark.parametrize(
    ("sent", "status", "error"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "BadRequest"),  # TLS
        (b"GET / HTTP/one\r\n\r\n", 400, "BadRequest"),
        (b"GET /v1/info HTTP/1.1\r\n\r\n", 400, "BadRequest"),  # no Host
        (HEAD + b"Host: localhost\r\n\r\n", 400, "BadRequest"),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400, "BadRequest"),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "BadRequest"),
        (HEAD + b"Bad Header: 1\r\n\r\n", 400, "BadRequest"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n", 400, "BadRequest"),
        (HEAD + b"X-Long: " + b"a" * 70_000, 431, "HeadersTooLarge"),
        (HEAD + b"X: 1\r\n" * 20_000, 431, "HeadersTooLarge"),
        (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501, "NotImplemented"),
    ],
)
def test_what_is_no_request(quick: str, sent: bytes, status: int, error: str) -> None:
    with closing(connect(quick)) as made:
        made.sendall(sent)
        received = everything(made)
    if received or status != 431:  # else the system took the answer back, since more was under way
        refused(received, status, error)


def test_no_http_in_the_rest_of_a_refused_body(quick: str) -> None:
    with closing(connect(quick)) as made:
        chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
        made.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 5)
        assert answer(made)[1]["error"] == "BodyTooLarge"
        made.sendall(b"nonsense\r\n")
        assert everything(made) == b""


def test_http_1_0(quick: str) -> None:
    with closing(connect(quick)) as made:
        made.sendall(b"GET /v1/info HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert everything(made).startswith(b"HTTP/1.1 200 ")
    with closing(connect(quick)) as made:
        made.sendall(b"GET /v1/info HTTP/1.0\r\n\r\n")
        received = everything(made)
    assert b"421" in received[:20]
    assert b"No Host" in received


@pytest.mark.parametrize("upgrade", [b"websocket", b"h2c"])
def test_no_upgrade(quick: str, upgrade: bytes) -> None:
    with closing(connect(quick)) as made:
        made.sendall(HEAD + b"Connection: Upgrade\r\nUpgrade: " + upgrade + b"\r\nSec-WebSocket-Version: 13\r\n\r\n")
        assert answer(made)[0] == 200


def test_a_client_cannot_name_its_own_address() -> None:
    with served(Limits(max_sessions=4, client_share=0.5)) as url, closing(connect(url)) as made:
        statuses = []
        for number in range(3):
            made.sendall(POST + b"Content-Length: 0\r\nX-Forwarded-For: 192.0.2.%d\r\n\r\n" % number)
            statuses.append(answer(made)[0])
    assert statuses == [201, 201, 429]


def test_pipelined_requests_are_answered_in_their_order(quick: str) -> None:
    with closing(connect(quick)) as made:
        made.sendall(INFO + HEAD.replace(b"/v1/info", b"/nowhere") + b"\r\n" + INFO)
        assert [answer(made)[0] for _ in range(3)] == [200, 404, 200]


# Many


def test_the_longest_waiting_gives_way() -> None:
    with served(Limits(max_connections=20)) as url, ExitStack() as stack:
        kept = stack.enter_context(closing(connect(url)))
        kept.sendall(INFO)
        assert answer(kept)[0] == 200
        half = [stack.enter_context(closing(connect(url))) for _ in range(19)]
        for made in half:
            made.sendall(HEAD)
        kept.sendall(INFO)
        assert answer(kept)[0] == 200  # it has room still
        env = RemoteEnv(url)  # in the place of the first
        assert everything(half[0]) == b""
        for made in half[1:]:
            made.sendall(b"\r\n")
            assert answer(made)[0] == 200
        kept.sendall(INFO)
        assert answer(kept)[0] == 200
        assert env.reset(seed=0)[0]
        env.close()


@pytest.mark.parametrize("sent", [HEAD, INFO, POST + b"Content-Length: 9\r\n\r\n"])
def test_far_more_connections_than_allowed(sent: bytes) -> None:
    with served(Limits(max_connections=30)) as url, ExitStack() as stack:
        for _ in range(200):
            made = stack.enter_context(closing(connect(url)))
            made.sendall(sent)
        env = let_in(url)
        assert env.reset(seed=0)[0]
        env.close()


def let_in(url: str) -> RemoteEnv:
    """An environment, asked for again while complete requests take all the connections that there may be."""
    end = time.monotonic() + 30
    while True:
        try:
            return RemoteEnv(url)
        except RemoteError as error:
            if "TooManyConnections" not in str(error) or time.monotonic() > end:
                raise


def test_when_all_are_at_work_one_more_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    inside = threading.Semaphore(0)

    def wait(self: RemoteSession, *_: Any) -> Any:
        inside.release()
        assert go_on.wait(30)
        return real(self)

    real = RemoteSession.reset
    with served(Limits(max_connections=2)) as url, ExitStack() as stack:
        envs = [RemoteEnv(url) for _ in range(2)]
        monkeypatch.setattr(RemoteSession, "reset", wait)
        threads = [threading.Thread(target=env.reset, kwargs={"seed": 0}) for env in envs]
        for thread in threads:
            thread.start()
            assert inside.acquire(timeout=30)
        made = stack.enter_context(closing(connect(url)))
        refused(everything(made), 503, "TooManyConnections")
        go_on.set()
        for thread in threads:
            thread.join(30)
        for env in envs:
            env.close()


# The system's limit


@pytest.mark.parametrize(("files", "wanted", "found"), [(1_024, 1_200, 1_024 - RESERVE), (9_999, 50, 50)])
def test_connections_within_the_open_files(files: int, wanted: int, found: int) -> None:
    assert connections_within(files, wanted) == found


def test_too_few_open_files() -> None:
    with pytest.raises(ConfigError, match=r"may open 64 files, and a server needs more than 128\. Raise `ulimit -n`"):
        connections_within(64, 1_200)


def test_the_soft_limit_is_raised_as_far_as_the_hard_one(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource", reason="not on this system")
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    for now, wanted, found in (
        ((1_024, 4_096), 1_328, 1_328),
        ((1_024, 1_100), 1_328, 1_100),
        ((2_000, 4_096), 1_328, 2_000),
        ((256, resource.RLIM_INFINITY), 1_328, 1_328),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 1_328, sys.maxsize),
    ):
        monkeypatch.setattr(resource, "getrlimit", lambda _, now=now: now)
        assert open_files(wanted) == found
    assert asked == [(1_328, 4_096), (1_100, 1_100), (1_328, resource.RLIM_INFINITY)]


# The end


@pytest.mark.parametrize(
    "sent", [b"", HEAD, INFO, INFO + HEAD, POST + b"Content-Length: 9\r\n\r\n{", b"nonsense\r\n\r\n", DOCUMENT * 20_000]
)
def test_no_client_keeps_it_from_ending(sent: bytes) -> None:
    with ExitStack() as stack:
        with served() as url:
            made = stack.enter_context(closing(connect(url)))
            made.settimeout(0.5)
            with suppress(TimeoutError):  # the server reads no more, since its answers are not read
                made.sendall(sent)
            wait_for(lambda: RemoteEnv(url).close() is None)
            start = time.monotonic()
        assert time.monotonic() - start < 5
