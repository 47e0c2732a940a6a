"""``/mcp``: the tools over streamable HTTP, beside the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec

from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shoprl.service.problems import answer, problem_of
from shoprl.service.routes.common import admitted
from shoprl.service.running import Service

PATH = "/mcp"


class Endpoint:
    """The tools at :data:`PATH`, where the SDK is installed.

    Args:
        service: its parts.
    """

    def __init__(self, service: Service) -> None:
        self._service, self._server, self._app = service, None, None
        if find_spec("mcp") is None:
            return
        from mcp.server.transport_security import TransportSecuritySettings

        from shoprl.service.assistants.server import assistant_server

        self._server = assistant_server(service)
        self._app = self._server.streamable_http_app(
            streamable_http_path=PATH,
            stateless_http=True,
            max_request_body_size=service.config.max_body,
            # the application looks at Host and Origin itself
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )

    def mount(self, app: FastAPI) -> None:
        """Add the address to an application."""
        if self._app is not None:
            app.router.routes.append(Route(PATH, _Admitted(self._service, self._app)))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While the application runs."""
        if self._server is None:
            yield
            return
        async with self._server.session_manager.run():
            yield


class _Admitted:
    """Lets through who may ask for lists and send feedback."""

    def __init__(self, service: Service, app: ASGIApp) -> None:
        self._service, self._app = service, app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            await admitted(self._service, request, "recommend", "feedback")
        except Exception as error:
            await answer(problem_of(error), request.state.request_id)(scope, receive, send)
            return
        await self._app(scope, receive, send)
