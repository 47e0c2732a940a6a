"""``/v1/exports``: the log for others, a page at a time."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Query
from sqlalchemy import Connection

from shoprl.service.access import Caller
from shoprl.service.database import reading
from shoprl.service.demonstrated import session_rows, site_log_rows
from shoprl.service.exports import (
    Page,
    off_policy_log,
    raw_comparisons,
    raw_decisions,
    raw_events,
    ubi_events,
    ubi_queries,
)
from shoprl.service.learnable import demonstration_rows, pair_rows
from shoprl.service.models import LATEST, Rows
from shoprl.service.problems import ProblemRoute, responses
from shoprl.service.routes.common import PAGE, Cursor, Limit, needs, read
from shoprl.service.running import Service
from shoprl.tasks.shop.task import ShopTask

Kind = Literal[
    "preferences", "demonstrations", "sessions", "site-logs", "comparisons",
    "ubi-queries", "ubi-events", "off-policy", "decisions", "feedback"
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
Until = Annotated[
    float | None,
    Query(ge=0, le=LATEST, description="Of `off-policy`: give all pages the `until` that the first one answered."),
]
_TEXT = """What the log holds, the oldest first.

`preferences`: pairs in TRL's form (`prompt`, `chosen`, `rejected`). `demonstrations`: purchases as trajectories.
`sessions`: what people did who shopped in the pages, as trajectories, and as logs of WebShop's site in `site-logs`.
`comparisons`: which of two policies' lists people preferred.
`ubi-queries` and `ubi-events`: OpenSearch's User Behavior Insights. `off-policy`: context, action, reward, position and
propensity of each item that was seen, of decisions whose reward window is over. `decisions` and `feedback`: all of it,
as it is kept."""


def router(service: Service) -> APIRouter:
    """The endpoints."""
    routes = APIRouter(prefix="/v1", tags=["exports"], route_class=ProblemRoute)
    needed = needs(service, "admin")

    @routes.get("/exports/{kind}", responses=responses("database_unavailable"), description=_TEXT)
    async def export(
        kind: Kind, cursor: Cursor = None, limit: Limit = PAGE, until: Until = None, caller: Caller = needed
    ) -> Rows:
        """See the description."""
        after = int(cursor or 0)
        end = service.clock() if until is None else until
        return await read(lambda: _rows(service, kind, after, limit, end))

    return routes


def _rows(service: Service, kind: Kind, after: int, limit: int, until: float) -> Rows:
    if kind == "preferences":
        found = pair_rows(service.engine, service.shop.catalog, after, limit)
        return _answered(found.rows, found.after, left_out=dict(found.left_out))
    if kind == "demonstrations":
        found = demonstration_rows(service.engine, ShopTask(service.shop), after, limit)
        return _answered(found.rows, found.after, left_out=dict(found.left_out))
    if kind in ("sessions", "site-logs"):
        rows = session_rows if kind == "sessions" else site_log_rows
        found = rows(service.engine, service.browsed, after, limit)
        return _answered(found.rows, found.after, left_out=dict(found.left_out))
    with reading(service.engine) as connection:
        if kind == "off-policy":
            page = off_policy_log(connection, service.config.reward, until, after, limit)
            return _answered(page.rows, page.next, until=until)
        page = _PAGES[kind](connection, after, limit)
        return _answered(page.rows, page.next)


_PAGES: Mapping[str, Callable[[Connection, int, int], Page]] = {
    "comparisons": raw_comparisons,
    "ubi-queries": ubi_queries,
    "ubi-events": ubi_events,
    "decisions": raw_decisions,
    "feedback": raw_events,
}


def _answered(rows: Iterable[Mapping[str, Any]], following: int | None, **more: Any) -> Rows:
    return Rows(results=[dict(row) for row in rows], next_cursor=None if following is None else str(following), **more)
