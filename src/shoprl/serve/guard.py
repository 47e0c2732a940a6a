"""What is refused before an endpoint sees it: requests that a foreign web page makes, and bodies that are no JSON."""

import ipaddress
import json
import re
from collections.abc import Callable, Collection, Coroutine
from email.message import Message as Headers
from typing import Any, ClassVar

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shoprl.errors import ConfigError

MAX_MESSAGE = 500  # characters of an error's message; it may quote what the client sent
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::\d{0,5})?", re.ASCII)


Failing = Callable[..., Response]
"""Makes the answer of a refusal of its status, name, message and headers, as :func:`failure` does."""


def failure(status: int, name: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An error as it is sent."""
    message = message[:MAX_MESSAGE].encode(errors="replace").decode()  # half a surrogate pair cannot be sent
    return JSONResponse({"error": name, "message": message}, status, headers)


def allowed_names(names: Collection[str]) -> frozenset[str]:
    """The hosts that requests may name: those of this machine's loopback, and others.

    Args:
        names: names and addresses, without scheme and port.

    Raises:
        ConfigError: one is no name and no address.
    """
    named = {name: _plain(f"[{name}]" if name.count(":") > 1 else name) for name in names}
    for name, plain in named.items():
        if plain is None or (name.count(":") == 1):
            raise ConfigError(f"allowed_hosts {name!r}: give a name or address alone, such as shop.example.org.")
    return frozenset(LOOPBACK) | {plain for plain in named.values() if plain}


def _plain(host: str) -> str | None:
    """The name or address in a Host header, as it is compared; None where it is no host."""
    match = _HOST.fullmatch(host)
    if match is None:
        return None
    name = str(match[1] or match[2]).lower().rstrip(".")
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return None if match[1] or not name else name


class Guard:
    """Lets a request through if it names this server, comes from no foreign web page, and its body is not too long.

    A WebSocket as well; there each message is a body.

    A page elsewhere can make a browser send requests here. Where it uses its own name for this machine's address (DNS
    rebinding), Host is that name; else Origin is the page's. An address by which the server is reached is always
    allowed as Host, since a page cannot be given one that is not its own.

    Args:
        app: what handles the request.
        hosts: the names of :func:`allowed_names`.
        max_body: bytes; a longer body is refused whatever its declared length.
        fail: makes the answer of a refusal.
        origins: of web pages elsewhere that may use this server, such as ``https://shop.example.org``.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: frozenset[str],
        max_body: int,
        fail: Failing = failure,
        origins: frozenset[str] = frozenset(),
    ) -> None:
        self._app, self._hosts, self._max, self._fail, self._origins = app, hosts, max_body, fail, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            connect = self._connect if scope["type"] == "websocket" else self._app
            await connect(scope, receive, send)
            return
        refusal = self._two_lengths(scope) or self._foreign(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._max:
                refusal = self._fail(413, "BodyTooLarge", f"The request's body is over {self._max} bytes.")
                await refusal(scope, receive, send)
                return
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, replay, send)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a WebSocket through, unless a foreign web page opens it; a message that is too long ends it."""

        async def bounded() -> Message:
            message = await receive()
            text, data = message.get("text") or "", message.get("bytes") or b""
            if len(text) > self._max or len(text.encode(errors="replace")) + len(data) > self._max:
                await send({"type": "websocket.close", "code": 1009})
                return {"type": "websocket.disconnect", "code": 1009}
            return message

        if self._foreign(scope) is None:
            await self._app(scope, bounded, send)
        else:
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: status 403

    def _foreign(self, scope: Scope) -> Response | None:
        """Why a request's Host or Origin is refused; None where they are not."""
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        host = _plain(hosts[0]) if len(hosts) == 1 else None
        if host is None or not (host in self._hosts or host == _address(scope)):
            what = f"Host {', '.join(hosts)[:200]!r}" if hosts else "No Host"
            fix = f" Start it with `--allowed-hosts {host[:100]}` if it is." if host else ""
            return self._fail(421, "HostNotAllowed", f"{what}: not a name of this server.{fix}")
        for name, value in scope["headers"]:
            if name == b"origin":
                origin = value.decode("latin-1").lower()
                own = origin.partition("://")[::2] in (("http", hosts[0].lower()), ("https", hosts[0].lower()))
                if not own and origin not in self._origins:
                    text = f"Origin {origin[:200]!r}: a web page elsewhere may not use this server."
                    return self._fail(403, "OriginNotAllowed", text)
        return None

    def _two_lengths(self, scope: Scope) -> Response | None:
        """Why a request is refused whose body a proxy in front may end elsewhere, and pass on what another one asks."""
        if {b"content-length", b"transfer-encoding"} <= {name for name, _ in scope["headers"]}:
            text = "Both Content-Length and Transfer-Encoding: send one of them."
            return self._fail(400, "BadRequest", text, {"Connection": "close"})
        return None


def _address(scope: Scope) -> str | None:
    """The address by which the client reached the server, None where it is unknown."""
    try:
        return str(ipaddress.ip_address((scope.get("server") or ("",))[0].partition("%")[0]))
    except ValueError:
        return None


class JsonRoute(APIRoute):
    """An endpoint whose changes of state must be asked for in JSON, in UTF-8.

    Without asking this server first, which refuses, a web page elsewhere can make a browser send any method but POST,
    and POST with any content type but JSON's: the content type is needed where there is no body, too.

    Attributes:
        fail: makes the answer of a refusal.
    """

    fail: ClassVar[Failing] = staticmethod(failure)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint behind the check."""
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            refusal = await _no_json(request, self.fail) if request.method == "POST" else None
            return await handle(request) if refusal is None else refusal

        return checked


async def _no_json(request: Request, fail: Failing) -> Response | None:
    """Why a request's body or its content type is refused; None where it is not."""
    named = request.headers.getlist("content-type")
    if named != ["application/json"]:
        header = Headers()
        header["content-type"] = named[0] if len(named) == 1 else ""
        charset = str(header.get_param("charset", "utf-8")).lower()
        if header.get_content_type() != "application/json" or charset not in ("utf-8", "utf8"):
            shown = ", ".join(named)[:200]
            text = f"Content-Type {shown!r}: send `Content-Type: application/json`, without a body too."
            return fail(415, "UnsupportedMediaType", text)
    body = await request.body()
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return fail(400, "NotUtf8", f"The body is not in UTF-8 (byte {error.start}). Send JSON in UTF-8.")
    encoding = json.detect_encoding(body)  # ASCII in UTF-16 or UTF-32 is valid UTF-8, and is read as what it is
    if not encoding.startswith("utf-8"):
        return fail(400, "NotUtf8", f"The body is in {encoding.upper()}. Send JSON in UTF-8.")
    return None
