"""``/v1/recommendations``: lists, one, several, or with the runs streamed while they happen."""

import asyncio
import json
import queue
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from shoprl.catalog.ids import asin_of
from shoprl.service.access import Caller
from shoprl.service.deciding import Wish
from shoprl.service.decisions import Decision
from shoprl.service.filters import Filters
from shoprl.service.models import Answer, Answers, Asked, AskedMany, Item, moment
from shoprl.service.problems import ProblemError, ProblemRoute, answer, problem_of, responses
from shoprl.service.routes.common import needs
from shoprl.service.running import Service
from shoprl.service.shopping import Made
from shoprl.service.workers import Step, Watch

STREAM = "text/event-stream"
ALIVE = 10.0  # seconds without a step, after which a comment keeps a stream open
_ENDED: Mapping[str, Any] = {}


def wish_of(service: Service, asked: Asked) -> Wish:
    """What a body asks for."""
    given = asked.filters
    price = given.price
    filters = Filters(
        price_min=None if price is None else price.min,
        price_max=None if price is None else price.max,
        categories=tuple(given.categories),
        brands=tuple(given.brands),
        in_stock=given.in_stock,
        exclude=tuple(service.asin(each) or asin_of(each) for each in given.exclude),
    )
    fields = ("request", "k", "context", "policy", "seed", "activate")
    return Wish(filters=filters, **{name: getattr(asked, name) for name in fields})


def answer_of(decision: Decision, made: Made, explain: bool) -> Answer:
    """A decision as it is answered."""
    explanation = None
    if explain:
        settings = {name: each for name, each in decision.settings.items() if name != "folder"}
        explanation = {"policy_propensity": decision.policy_propensity, "allocation": decision.allocation, **settings}
    return Answer(
        decision_id=decision.decision_id,
        policy=decision.policy,
        policy_version=decision.policy_version,
        expires_at=None if decision.expires_at is None else moment(decision.expires_at),
        items=[Item(position=place, **each) for place, each in enumerate(made.items, start=1)],
        explanation=explanation,
    )


async def recommended(service: Service, asked: Asked) -> Answer:
    """A list, whose decision is kept."""
    return await _decided(service, asked, wish_of(service, asked))


async def _decided(service: Service, asked: Asked, wish: Wish, watch: Watch | None = None) -> Answer:
    return answer_of(*await decided(service, wish, watch), asked.explain)


async def decided(service: Service, wish: Wish, watch: Watch | None = None) -> tuple[Decision, Made]:
    """A decision, which is kept and counted."""
    (decision, made), *_ = await service.decider.decide([wish], watch)
    count(service, wish, decision)
    return decision, made


def router(service: Service) -> APIRouter:
    """The endpoints."""
    routes = APIRouter(prefix="/v1", tags=["recommendations"], route_class=ProblemRoute)
    needed = needs(service, "recommend")

    @routes.post(
        "/recommendations",
        response_model=Answer,
        responses=responses("unsupported_media_type", "invalid", "not_found", "policy_unavailable", "not_ready")
        | {200: {"content": {STREAM: {}}, "description": "The list; as a stream, its runs step by step before it."}},
    )
    async def recommend(request: Request, asked: Asked, caller: Caller = needed) -> Any:
        """Recommend products for a request. With `Accept: text/event-stream` the runs are streamed."""
        wish = wish_of(service, asked)
        if STREAM in request.headers.get("accept", ""):

            async def decide(watch: Watch) -> str:
                return (await _decided(service, asked, wish, watch)).model_dump_json()

            return streamed(service, request, decide, dict, "recommendations")
        return await _decided(service, asked, wish)

    @routes.post(
        "/recommendations/batch",
        responses=responses("unsupported_media_type", "invalid", "not_found", "policy_unavailable", "not_ready"),
    )
    async def recommend_many(asked: AskedMany, caller: Caller = needed) -> Answers:
        """Recommend products for several requests, which are answered together or not at all."""
        if len(asked.requests) > 1:
            service.rates.take(caller.name, len(asked.requests) - 1)
        wishes = [wish_of(service, each) for each in asked.requests]
        found = await service.decider.decide(wishes)
        for wish, (decision, _) in zip(wishes, found, strict=True):
            count(service, wish, decision)
        pairs = zip(found, asked.requests, strict=True)
        return Answers(results=[answer_of(decision, made, each.explain) for (decision, made), each in pairs])

    return routes


def count(service: Service, wish: Wish, decision: Decision) -> None:
    """Count a decision for Prometheus."""
    service.metrics.decisions.labels(decision.policy, decision.policy_version[:12]).inc()
    if wish.policy is None:  # else nobody drew it
        service.metrics.share.labels(decision.policy).set(decision.policy_propensity)


def streamed(
    service: Service,
    request: Request,
    decide: Callable[[Watch], Awaitable[str]],
    told: Callable[[Step], Any],
    last: str,
) -> Response:
    """The runs while they happen, then what they led to; an error stands in its place.

    Args:
        service: its parts.
        request: that is answered.
        decide: makes the list, and gives the data of the last event.
        told: what an event says of a step.
        last: name of the last event.

    Raises:
        ProblemError: too many streams are open.
    """
    if service.streams >= service.config.streams:
        raise ProblemError(
            "busy", f"{service.streams} streams are open, as many as the server allows. Try again later."
        )
    service.streams += 1  # given back where the stream ends
    service.metrics.streams.set(service.streams)
    steps: queue.SimpleQueue[Step] = queue.SimpleQueue()
    loop, woken = asyncio.get_running_loop(), asyncio.Event()

    def watch(step: Step) -> None:
        steps.put(step)
        loop.call_soon_threadsafe(woken.set)

    async def working() -> str:
        try:
            return await decide(watch)
        finally:
            loop.call_soon(woken.set)

    async def lines() -> AsyncIterator[bytes]:
        work = asyncio.ensure_future(working())
        try:
            while not work.done():
                try:
                    await asyncio.wait_for(woken.wait(), ALIVE)
                except TimeoutError:
                    yield b": still at it\n\n"
                woken.clear()
                while not steps.empty():
                    yield _event("step", json.dumps(told(steps.get())))
            try:
                yield _event(last, work.result())
            except Exception as error:
                yield _event("problem", bytes(answer(problem_of(error), request.state.request_id).body).decode())
        finally:
            work.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await work
            service.streams -= 1
            service.metrics.streams.set(service.streams)

    return StreamingResponse(
        lines(), media_type=STREAM, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


def _event(kind: str, data: str) -> bytes:
    return f"event: {kind}\ndata: {data}\n\n".encode()
