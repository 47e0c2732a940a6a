"""``/v1/feedback`` and ``/v1/decisions``: what became of lists."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path
from sqlalchemy import Row

from shoprl.service import decisions as kept
from shoprl.service.access import Caller
from shoprl.service.config import MAX_PAGE
from shoprl.service.database import reading
from shoprl.service.feedback import Event, events_of, record_all
from shoprl.service.models import DecisionModel, Feedback, Happened, Item, Kept, Reaction, Results, Shown, moment
from shoprl.service.problems import ProblemError, ProblemRoute, responses
from shoprl.service.routes.common import Cursor, Limit, needs, read
from shoprl.service.running import Service
from shoprl.service.tables import ID

DecisionId = Annotated[str, Path(max_length=ID)]


async def record_events(service: Service, sent: Sequence[Happened]) -> Results:
    """Keep what happened to items of lists, all of it or none."""
    names = ("event_id", "decision_id", "item_id", "type", "value")
    received = [
        Event(timestamp=each.seconds, over=tuple(each.over), **{name: getattr(each, name) for name in names})
        for each in sent
    ]
    now = service.clock()
    statuses = await asyncio.wrap_future(service.writer.submit_to(record_all, (received, now)))
    for each, status in zip(received, statuses, strict=True):
        service.metrics.events.labels(each.type, status).inc()
    pairs = zip(received, statuses, strict=True)
    return Results(results=[Kept(event_id=each.event_id, status=status) for each, status in pairs])


def router(service: Service) -> APIRouter:
    """The endpoints."""
    routes = APIRouter(prefix="/v1", tags=["feedback"], route_class=ProblemRoute)
    sends, asks = needs(service, "feedback"), needs(service, "recommend")

    @routes.post("/feedback", responses=responses("unsupported_media_type", "invalid", "database_unavailable"))
    async def feedback(body: Feedback, caller: Caller = sends) -> Results:
        """Keep what happened to items of lists. Once this answers, all of it is on the disk."""
        return await record_events(service, body.events)

    @routes.post(
        "/decisions/{decision_id}/activate",
        responses=responses("not_found", "unsupported_media_type", "invalid", "database_unavailable"),
    )
    async def activate(decision_id: DecisionId, shown: Shown | None = None, caller: Caller = sends) -> DecisionModel:
        """Say that a list which was asked for with `activate: false` is shown now: its reward window begins."""
        now, window = service.clock(), service.config.reward_window
        work = service.writer.submit(lambda connection: kept.activate(connection, decision_id, now, window))
        if not await asyncio.wrap_future(work):
            raise _unknown(decision_id)
        return await read(lambda: _decision(service, decision_id, None, MAX_PAGE))

    @routes.get("/decisions/{decision_id}", responses=responses("not_found", "invalid", "database_unavailable"))
    async def decision(
        decision_id: DecisionId, cursor: Cursor = None, limit: Limit = MAX_PAGE, caller: Caller = asks
    ) -> DecisionModel:
        """A decision with what became of it, the oldest event first."""
        return await read(lambda: _decision(service, decision_id, cursor, limit))

    return routes


def _unknown(decision_id: str) -> ProblemError:
    return ProblemError("not_found", f"decision {decision_id[:100]!r}: there is none.")


def _decision(service: Service, decision_id: str, cursor: str | None, limit: int) -> DecisionModel:
    with reading(service.engine) as connection:
        found = kept.find(connection, decision_id)
        if found is None:
            raise _unknown(decision_id)
        rows = events_of(connection, decision_id, int(cursor or 0), limit + 1)
    fields: dict[str, Any] = {name: getattr(found, name) for name in kept.Decision.__slots__}
    times = {name: fields[name] for name in ("decided_at", "activated_at", "expires_at")}
    return DecisionModel(
        **fields
        | {name: None if each is None else moment(each) for name, each in times.items()}
        | {"items": [Item(position=each.position, **each.shown) for each in found.items]},
        feedback=[_reaction(row) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].sequence) if len(rows) > limit else None,
    )


def _reaction(row: Row[Any]) -> Reaction:
    names = ("event_id", "item_id", "type", "value", "over", "status")
    times: dict[str, Any] = {name: moment(getattr(row, name)) for name in ("timestamp", "received_at")}
    return Reaction(**{name: getattr(row, name) for name in names} | times)
