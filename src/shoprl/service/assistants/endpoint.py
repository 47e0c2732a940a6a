"""``/mcp``: the tools over streamable HTTP, beside the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec

from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shoprl.service.problems import ProblemError, answer, problem_of
from shoprl.service.routes.common import admitted
from shoprl.service.running import Service

PATH = "/mcp"


class Endpoint:
    """The tools at :data:`PATH`, where the SDK is installed.

    Args:
        service: its parts.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._app: ASGIApp | None = None  # while the application runs

    def mount(self, app: FastAPI) -> None:
        """Add the address to an application."""
        if find_spec("mcp") is not None:
            app.router.routes.append(Route(PATH, self))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While the application runs."""
        if find_spec("mcp") is None:
            yield
            return
        from mcp.server.transport_security import TransportSecuritySettings

        from shoprl.service.assistants.server import assistant_server

        server = assistant_server(self._service)
        self._app = server.streamable_http_app(
            streamable_http_path=PATH,
            stateless_http=True,
            max_request_body_size=self._service.config.max_body,
            # the application looks at Host and Origin itself
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        async with server.session_manager.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through who may ask for lists and send feedback."""
        request = Request(scope, receive)
        try:
            await admitted(self._service, request, "recommend", "feedback")
            if self._app is None:
                raise ProblemError("not_ready", "The server is not ready.")
        except Exception as error:
            await answer(problem_of(error), request.state.request_id)(scope, receive, send)
            return
        await self._app(scope, receive, send)
