"""The service over HTTP: a FastAPI application on a shop, a database and processes that make lists."""

import asyncio
from collections.abc import AsyncIterator, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from shoprl.serve.guard import Guard, allowed_names
from shoprl.service.assistants.endpoint import Endpoint
from shoprl.service.observed import Observed
from shoprl.service.problems import ProblemRoute, install, refused
from shoprl.service.routes import exports, feedback, health, policies, recommendations, shop
from shoprl.service.running import Service
from shoprl.service.web import site
from shoprl.version import __version__

THREADS = 64  # that read the database: one that is gone must not hold up the others
_DESCRIPTION = """\
Recommendations by an agent that shops for each request, feedback that is kept, and the way from it to better policies.

Ask with `POST /v1/recommendations`, say what became of the list with `POST /v1/feedback`. Once feedback is answered it
is on the disk. Send a key as `Authorization: Bearer KEY` where keys were made. Lists have cursors: send `next_cursor`
as `cursor` for the next page. Errors are `application/problem+json` with a stable `code`; 429 and 503 say in
`Retry-After` when to try again."""


def create_app(service: Service, hosts: Collection[str] = (), origins: Collection[str] = ()) -> FastAPI:
    """The application.

    Args:
        service: its parts; the processes that make lists are started with the application, and all is closed with it.
        hosts: names and addresses by which clients may call it, beside those of this machine's loopback and the
            address by which they reach it.
        origins: of web pages elsewhere that may use it, such as ``https://shop.example.org``.

    Raises:
        ConfigError: one of the hosts is no name and no address.
    """
    assistants = Endpoint(service)
    names, allowed = allowed_names(hosts), frozenset(each.lower().rstrip("/") for each in origins)

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "database"))
        service.workers.start()
        try:
            async with assistants.running():
                yield
        finally:
            await asyncio.to_thread(service.close)

    app = FastAPI(
        title="ShopRL",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        lifespan=living,
    )
    app.router.route_class = ProblemRoute
    install(app)
    for module in (recommendations, feedback, shop, policies, exports, health, site):
        app.include_router(module.router(service))
    assistants.mount(app)
    if allowed:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(allowed),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key", "X-Request-Id"],
            expose_headers=["X-Request-Id", "Retry-After"],
        )
    app.add_middleware(Guard, hosts=names, max_body=service.config.max_body, fail=refused, origins=allowed)
    app.add_middleware(Observed, metrics=service.metrics)
    return app
