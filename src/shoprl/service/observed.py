"""What is noted of each request: an id, its time, and a line of the log."""

import json
import logging
import queue
import re
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from logging.handlers import QueueHandler, QueueListener
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shoprl.service.metrics import Metrics

log = logging.getLogger(__name__)

HEADER = b"x-request-id"
WAITING = 10_000  # lines of the log
ENDING = 1.0  # seconds in which the rest of it is written
_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Observed:
    """Gives each request an id, which its answer names, and counts and logs it.

    Args:
        app: what answers.
        metrics: counts.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = next((value for name, value in scope["headers"] if name == HEADER), b"")
        own = sent.decode() if _ID.fullmatch(sent) else secrets.token_hex(8)
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = own
        began, status = time.perf_counter(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (HEADER, own.encode())]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except BaseException:
            status = status or 500
            raise
        finally:
            seconds = time.perf_counter() - began
            route = getattr(scope.get("route"), "path", "other")  # never the address, of which there are many
            self._metrics.observe(f"{scope['method'] if route != 'other' else 'ANY'} {route}", status, seconds)
            quiet = route.startswith("/health")  # asked all the time
            log.log(
                logging.DEBUG if quiet else logging.INFO,
                "request",
                extra={
                    "request_id": own,
                    "method": scope["method"],
                    "route": route,
                    "status": status,
                    "ms": round(1000 * seconds, 1),
                    "caller": state.get("caller"),
                },
            )


_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """A line of JSON for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        row = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        row |= {name: value for name, value in vars(record).items() if name not in _PLAIN and value is not None}
        if record.exc_info:
            row["exception"] = self.formatException(record.exc_info)
        return json.dumps(row, ensure_ascii=True, default=str)


class _Dropping(QueueHandler):
    """Hands records to a thread that writes them, and drops what does not fit: a log never holds up an answer."""

    def enqueue(self, record: logging.LogRecord) -> None:
        with suppress(queue.Full):
            self.queue.put_nowait(record)

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record  # it stays in this process


class _Listener(QueueListener):
    """Writes records; where nobody reads them it ends all the same."""

    def enqueue_sentinel(self) -> None:
        while True:
            try:
                return super().enqueue_sentinel()
            except queue.Full:
                with suppress(queue.Empty):
                    self.queue.get_nowait()  # type: ignore[attr-defined]

    def stop(self) -> None:
        self.enqueue_sentinel()
        if self._thread is not None:
            self._thread.join(ENDING)
            self._thread = None


@contextmanager
def json_log(level: int = logging.INFO) -> Iterator[None]:
    """Have what is logged meanwhile written to standard error, a line of JSON each."""
    written = logging.StreamHandler(sys.stderr)
    written.setFormatter(JsonLines())
    waiting: queue.Queue[Any] = queue.Queue(WAITING)
    own, listener = logging.getLogger("shoprl"), _Listener(waiting, written)
    before = own.handlers[:], own.propagate, own.level
    own.handlers[:], own.propagate = [_Dropping(waiting)], False
    own.setLevel(level)
    listener.start()
    try:
        yield
    finally:
        listener.stop()
        own.handlers[:], own.propagate = before[:2]
        own.setLevel(before[2])
