"""A uvicorn server that no client can hold up: bounded in connections, in the time of each, and in its shutdown."""

import asyncio
import math
import socket
import sys
from enum import Enum
from functools import partial
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from shoprl.errors import ConfigError
from shoprl.serve.guard import Failing, failure
from shoprl.serve.sessions import Limits

KEEP_ALIVE = 75  # seconds; longer than the client's
SWEEP = 5  # ticks of uvicorn's, 0.1 s each, between two looks at the deadlines
LINGER = 2.0  # seconds; what is left of a request that was answered already is read so long, else its answer is lost
GRACE = 2.0  # seconds; see Server
AT_ONCE = 16  # connections that asyncio accepts before it looks at those it has
QUEUE = 1_024  # connections that the system accepts meanwhile
RESERVE = 128  # descriptors for files, and for connections just accepted or just closing


class _Phase(Enum):
    """What a connection waits for."""

    IDLE = "the next request"
    HEADERS = "the rest of its headers"
    BODY = "the rest of its body"
    LEFTOVER = "the rest of a request that is answered"
    WORK = "the environment"
    READING = "the client to read the answer"


class _Flow(FlowControl):
    """Reads nothing while a request is answered: uvicorn reads on, and holds all that a client cares to send."""

    def __init__(self, transport: asyncio.Transport, conn: h11.Connection) -> None:
        super().__init__(transport)
        self._conn = conn

    def resume_reading(self) -> None:
        if self._conn.their_state in (h11.IDLE, h11.SEND_BODY):
            super().resume_reading()


class Connection(H11Protocol):
    """A connection that is dropped when its client is too slow, or another needs the room.

    Args:
        limits: the deadlines, and how many connections there may be.
        waiting: of the server's connections those that wait for their clients, the longest waiting first.
        fail: makes the answer of a refusal.
        settings: what uvicorn hands to its protocols.
    """

    def __init__(
        self, limits: Limits, waiting: "dict[Connection, None]", fail: Failing = failure, **settings: Any
    ) -> None:
        super().__init__(**settings)
        self._limits, self._waiting, self._fail = limits, waiting, fail
        self._seen: tuple[_Phase, object] = (_Phase.HEADERS, None)
        self._since = self.loop.time()
        self._seconds = {
            _Phase.IDLE: KEEP_ALIVE,
            _Phase.HEADERS: limits.header_seconds,
            _Phase.BODY: limits.body_seconds,
            _Phase.LEFTOVER: LINGER,
            _Phase.WORK: math.inf,
            _Phase.READING: limits.answer_seconds,
        }

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, in the place of another if there are too many."""
        super().connection_made(transport)
        self.flow = _Flow(transport, self.conn)
        if len(self.connections) > self._limits.max_connections:
            oldest = next(iter(self._waiting), None)
            if oldest is None:
                self.connections.discard(self)
                self._refuse(503, "TooManyConnections", "The server is busy with others. Try again later.")
                return
            oldest.drop()
        self._waiting[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._waiting.pop(self, None)
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Take what arrived; a request that is complete waits for its client no more."""
        super().handle_events()
        if self.conn.their_state is h11.IDLE:
            self.flow.resume_reading()
        elif self.conn.their_state is not h11.SEND_BODY:
            self._waiting.pop(self, None)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        if not self.transport.is_closing():
            self._waiting[self] = None
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; called while its error is handled."""
        status = getattr(sys.exception(), "error_status_hint", 400)
        name = {431: "HeadersTooLarge", 501: "NotImplemented"}.get(status, "BadRequest")
        self._refuse(status, name, "The request's headers are too long." if status == 431 else msg)

    def shutdown(self) -> None:
        """End the connection, after its answer if its request is complete."""
        if self._phase() is _Phase.WORK:
            self.cycle.keep_alive = False
        else:
            self.transport.close()

    def drop(self) -> None:
        """End the connection at once."""
        self._waiting.pop(self, None)
        self.transport.abort()

    def check(self, now: float) -> None:
        """Drop the connection if it has been in one phase of one request for too long.

        Args:
            now: the event loop's time.
        """
        seen = self._phase(), self.cycle
        if seen != self._seen:
            self._seen, self._since = seen, now
        elif now - self._since >= self._seconds[seen[0]]:
            if seen[0] is _Phase.BODY or (seen[0] is _Phase.HEADERS and self.conn.trailing_data[0]):
                seconds = self._seconds[seen[0]]
                text = f"{seen[0].value.capitalize()} did not arrive within {seconds:g} seconds."
                self._refuse(408, "RequestTimeout", text.replace("its", "the request's"))
            else:
                self.drop()

    def _phase(self) -> _Phase:
        if self.transport.is_closing() or self.transport.get_write_buffer_size():
            return _Phase.READING
        answered = self.cycle is None or self.cycle.response_complete
        if self.conn.their_state is h11.SEND_BODY:
            return _Phase.LEFTOVER if answered else _Phase.BODY
        if not answered:
            return _Phase.WORK
        return _Phase.HEADERS if self.cycle is None or self.conn.trailing_data[0] else _Phase.IDLE

    def _refuse(self, status: int, name: str, message: str) -> None:
        """End the connection, with an error unless an answer is under way."""
        self._waiting.pop(self, None)
        if self.cycle is not None:
            self.cycle.disconnected = True
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            more = {"Retry-After": "1"} if status == 503 else {}
            answer = self._fail(status, name, message, {"Connection": "close", **more})
            lines = (name + b": " + value for name, value in answer.raw_headers)
            first = f"HTTP/1.1 {status} {STATUS_PHRASES[status].decode()}".encode()
            self.transport.write(b"\r\n".join([first, *lines, b"", bytes(answer.body)]))
        self.transport.close()


class Server(uvicorn.Server):
    """Serves an application within limits, and ends within a bounded time of SIGINT or SIGTERM.

    Args:
        app: the application.
        limits: what is allowed.
        fail: makes the answers of refusals.
        grace: seconds; what is still running so long after a signal to stop is cut off.
    """

    def __init__(self, app: ASGIApp, limits: Limits, fail: Failing = failure, grace: float = GRACE) -> None:
        waiting: dict[Connection, None] = {}
        self._grace = grace
        config = uvicorn.Config(
            app,
            http=partial(Connection, limits, waiting, fail),  # type: ignore[arg-type]
            ws="none",  # an upgraded connection would leave the limits behind
            proxy_headers=False,  # a client could name any address as its own, and have sessions beyond its share
            log_level="error",  # bad requests are told to those who send them
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE,
            backlog=AT_ONCE,
        )
        super().__init__(config)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        for each in sockets or ():
            each.listen(QUEUE)  # uvicorn has one number for this and for what asyncio accepts at once

    async def on_tick(self, counter: int) -> bool:
        """Look at the deadlines now and then; true ends the server."""
        if counter % SWEEP == 0:
            now = asyncio.get_running_loop().time()
            for each in self._connections():
                each.check(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more requests, answer those that run, and cut off what lasts too long."""
        asyncio.get_running_loop().call_later(self._grace, self._cut_off)
        await super().shutdown(sockets)

    def _cut_off(self) -> None:
        for each in self._connections():
            each.drop()

    def _connections(self) -> list[Connection]:
        return [each for each in self.server_state.connections if isinstance(each, Connection)]


def connections_within(files: int, wanted: int) -> int:
    """Connections that a process may have when it may open so many files.

    Raises:
        ConfigError: there is room for none.
    """
    if files <= RESERVE:
        raise ConfigError(
            f"A process may open {files} files, and a server needs more than {RESERVE}. Raise `ulimit -n`."
        )
    return min(wanted, files - RESERVE)


def open_files(wanted: int) -> int:
    """The number of files that this process may open, raised to that many where the system allows it."""
    try:
        import resource
    except ImportError:  # Windows, where sockets are no files
        return sys.maxsize
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return sys.maxsize
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft
