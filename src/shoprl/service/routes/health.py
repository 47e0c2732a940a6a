"""``/health`` and ``/metrics``: whether the server works, and how fast."""

import asyncio

import sqlalchemy
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from shoprl.errors import StorageError
from shoprl.service.access import Caller
from shoprl.service.database import reading
from shoprl.service.models import Health
from shoprl.service.problems import ProblemRoute, responses
from shoprl.service.routes.common import needs
from shoprl.service.running import Service

ANSWERED = 2.0  # seconds in which the database must


def router(service: Service) -> APIRouter:
    """The endpoints; whether the server lives and is ready may be asked without a key."""
    routes = APIRouter(tags=["health"], route_class=ProblemRoute)

    needed = needs(service, "admin")

    @routes.get("/health/live")
    async def live() -> dict[str, bool]:
        """Whether the process answers."""
        return {"live": True}

    @routes.get("/health/ready", responses={503: {"model": Health, "description": "Something is not ready."}})
    async def ready() -> Response:
        """Whether lists can be made and feedback kept."""
        database = await _reached(service)
        found = Health(
            ready=database and service.workers.ready,
            workers=service.workers.ready,
            database=database,
            shop=service.shop.catalog.content_hash,
            unavailable_policies=service.decider.broken,
        )
        return JSONResponse(
            found.model_dump(), 200 if found.ready else 503, None if found.ready else {"Retry-After": "1"}
        )

    @routes.get("/metrics", responses=responses(), response_class=Response)
    async def metrics(caller: Caller = needed) -> Response:
        """Counts for Prometheus."""
        return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return routes


async def _reached(service: Service) -> bool:
    def asked() -> None:
        with reading(service.engine) as connection:
            connection.execute(sqlalchemy.text("SELECT 1"))

    try:
        await asyncio.wait_for(asyncio.to_thread(asked), ANSWERED)
    except (StorageError, TimeoutError):
        return False
    return True
