"""Compare: two policies' lists for one request, side by side and blind, and which one somebody prefers."""

import asyncio
import secrets
from dataclasses import replace
from typing import cast

from fastapi import APIRouter, Path, Request, Response

from shoprl.policies.simple import SIMPLE
from shoprl.service.access import Caller
from shoprl.service.comparisons import PREFERRED, Comparison, Preferred, find_comparison, keep_comparison, prefer
from shoprl.service.database import reading
from shoprl.service.deciding import Standing
from shoprl.service.decisions import new_id
from shoprl.service.policies import ROLES
from shoprl.service.problems import ProblemError
from shoprl.service.routes.common import read
from shoprl.service.routes.recommendations import count
from shoprl.service.running import Service
from shoprl.service.tables import ID
from shoprl.service.web.ask import SOURCE, Given, decision_of, wish_of_form
from shoprl.service.web.people import PageRoute, form_of, visitor
from shoprl.service.web.rendering import page, redirect


def two_policies(stand: Standing, broken: list[str]) -> tuple[str, str] | None:
    """Which policies are compared: the active one with a candidate, else with one that is off; rules come last.

    Args:
        stand: how they stand.
        broken: names of those that cannot be loaded.

    Returns:
        Their names; None where there is one alone.
    """
    usable = [each for each in stand.policies if each.name not in broken]
    usable.sort(key=lambda each: (ROLES.index(each.role), each.folder in SIMPLE, -each.registered_at))
    return (usable[0].name, usable[1].name) if len(usable) > 1 else None


def router(service: Service) -> APIRouter:
    """The pages."""
    routes = APIRouter(route_class=PageRoute, include_in_schema=False)
    asks, sends = visitor(service, "recommend"), visitor(service, "recommend", "feedback")

    @routes.get("/compare")
    async def start(request: Request, caller: Caller = asks) -> Response:
        enough = two_policies(await service.decider.standing(), service.decider.broken) is not None
        return page(request, "compare_start", given=replace(Given(), k="5"), enough=enough)

    @routes.post("/compare")
    async def compare(request: Request, caller: Caller = asks) -> Response:
        wish = wish_of_form(await form_of(request))
        names = two_policies(await service.decider.standing(), service.decider.broken)
        if names is None:
            raise ProblemError("policy_unavailable", "There is one policy alone.")
        service.rates.take(caller.name)  # two lists
        sides = names if secrets.randbelow(2) else names[::-1]
        # not activated: nobody drew these policies, so what becomes of the lists must not count for them
        wishes = [replace(wish, policy=name, activate=False, context=SOURCE | {"compared": True}) for name in sides]
        (left, _), (right, _) = await service.decider.decide(wishes)
        for wished, decision in zip(wishes, (left, right), strict=True):
            count(service, wished, decision)
        made = Comparison(new_id("c"), left.decision_id, right.decision_id, service.clock())
        await asyncio.wrap_future(service.writer.submit(lambda connection: keep_comparison(connection, made)))
        return redirect(f"/compare/{made.comparison_id}")

    @routes.get("/compare/{comparison_id}")
    async def shown(request: Request, comparison_id: str = Path(max_length=ID), caller: Caller = asks) -> Response:
        found = await read(lambda: _of(service, comparison_id))
        lists = await read(lambda: [decision_of(service, name) for name in (found.left, found.right)])
        return page(request, "compare", comparison=found, lists=lists, request=lists[0].request)

    @routes.post("/compare/{comparison_id}")
    async def preferred(request: Request, comparison_id: str = Path(max_length=ID), caller: Caller = sends) -> Response:
        choice = cast(Preferred, (await form_of(request)).one_of("preferred", PREFERRED))
        await read(lambda: _of(service, comparison_id))
        now = service.clock()
        work = service.writer.submit(lambda connection: prefer(connection, comparison_id, choice, now))
        await asyncio.wrap_future(work)
        return redirect(f"/compare/{comparison_id}")

    return routes


def _of(service: Service, comparison_id: str) -> Comparison:
    with reading(service.engine) as connection:
        found = find_comparison(connection, comparison_id)
    if found is None:
        raise ProblemError("not_found", "There is no such comparison.")
    return found
