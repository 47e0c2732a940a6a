"""All pages of the service."""

from fastapi import APIRouter, Response

from shoprl.service.problems import ProblemError, ProblemRoute
from shoprl.service.running import Service
from shoprl.service.web import ask, compare, people, shopping, watch
from shoprl.service.web.rendering import STATIC, static_file

FOREVER = "public, max-age=31536000, immutable"  # the address of a file has its digest


def router(service: Service) -> APIRouter:
    """The pages, and the files that they use."""
    routes = APIRouter(route_class=ProblemRoute, include_in_schema=False)

    @routes.get("/static/{name}")
    async def static(name: str) -> Response:
        if name not in STATIC:
            raise ProblemError("not_found", "There is no such file.")
        content, media, _ = static_file(name)
        return Response(
            content, media_type=media, headers={"Cache-Control": FOREVER, "X-Content-Type-Options": "nosniff"}
        )

    for module in (people, ask, shopping, compare, watch):
        routes.include_router(module.router(service))
    return routes
