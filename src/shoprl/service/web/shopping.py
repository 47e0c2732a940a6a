"""Shop: a person shops in the pages that the agent sees, and what they do is kept as a demonstration."""

import asyncio
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from shoprl.errors import TrajectoryError
from shoprl.service.access import Caller
from shoprl.service.database import reading
from shoprl.service.demonstrated import site_log_of, trajectory_of
from shoprl.service.demonstrations import (
    MAX_STEPS,
    Demonstration,
    Status,
    consent_version,
    extend,
    find,
    forget,
    new_code,
    session_of,
    start,
    takes,
    unchosen,
)
from shoprl.service.problems import ProblemError
from shoprl.service.routes.common import read
from shoprl.service.running import Service
from shoprl.service.web.people import Form, PageRoute, file_answer, form_of, visitor
from shoprl.service.web.rendering import page, redirect
from shoprl.shop.goal import MAX_INSTRUCTION
from shoprl.shop.page import price_shown, rating_shown
from shoprl.shop.session import Session

HEADINGS = {
    "search": "Search",
    "results": "Results",
    "item": "Product",
    "sub": "About the product",
    "done": "Bought",
}
Code = Annotated[str, Path(max_length=40)]


def router(service: Service) -> APIRouter:
    """The pages."""
    routes = APIRouter(route_class=PageRoute, include_in_schema=False)
    asks = visitor(service, "recommend")

    @routes.get("/shop")
    async def beginning(request: Request, deleted: bool = False, caller: Caller = asks) -> Response:
        given = await read(lambda: service.training_goal(lambda below: 0)) is not None
        notice = "The session was deleted." if deleted else ""
        version = consent_version(service.consent)
        return page(request, "shop_start", given=given, consent=service.consent, version=version, notice=notice)

    @routes.post("/shop")
    async def begin(request: Request, caller: Caller = asks) -> Response:
        new = await _begun(service, await form_of(request))
        await asyncio.wrap_future(service.writer.submit(lambda connection: start(connection, new)))
        return redirect(f"/shop/{new.code}")

    @routes.get("/shop/find")
    async def found(code: str, caller: Caller = asks) -> Response:
        demonstration = await read(lambda: _of(service, code.strip().upper()[:40]))
        return redirect(f"/shop/{demonstration.code}")

    @routes.get("/shop/{code}")
    async def shown(request: Request, code: Code, notice: str = "", caller: Caller = asks) -> Response:
        return await read(lambda: _page(request, service, _of(service, code), _NOTICES.get(notice, "")))

    @routes.post("/shop/{code}")
    async def act(request: Request, code: Code, caller: Caller = asks) -> Response:
        form = await form_of(request)
        before = await read(lambda: _of(service, code))
        after = await read(lambda: _after(service, before, form))
        kept = after is not None and await asyncio.wrap_future(
            service.writer.submit(lambda connection: extend(connection, before, after))
        )
        return redirect(f"/shop/{code}" if kept else f"/shop/{code}?notice=moved")

    @routes.post("/shop/{code}/leave")
    async def leave(request: Request, code: Code, caller: Caller = asks) -> Response:
        await form_of(request)
        before = await read(lambda: _of(service, code))
        if before.status == "open":
            after = replace(before, status="left", changed_at=service.clock())
            await asyncio.wrap_future(service.writer.submit(lambda connection: extend(connection, before, after)))
        return redirect(f"/shop/{code}")

    @routes.post("/shop/{code}/forget")
    async def forgotten(request: Request, code: Code, caller: Caller = asks) -> Response:
        await form_of(request)
        if not await asyncio.wrap_future(service.writer.submit(lambda connection: forget(connection, code))):
            raise _unknown()
        return redirect("/shop?deleted=true")

    @routes.get("/shop/{code}/{kind}.jsonl")
    async def download(code: Code, kind: str, caller: Caller = asks) -> Response:
        lines = await read(lambda: _file(service, _of(service, code), kind))
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        return file_answer(text.encode(), "application/jsonl", f"{code}.{kind}.jsonl")

    return routes


_NOTICES = {"moved": "That page was an older one. This is where your session stands."}


_BRACKETS = str.maketrans("[]", "  ")  # an action's own


def _unknown() -> ProblemError:
    return ProblemError("not_found", "There is no session with this code. It may have been deleted.")


def _of(service: Service, code: str) -> Demonstration:
    with reading(service.engine) as connection:
        found = find(connection, code)
    if found is None:
        raise _unknown()
    return found


async def _begun(service: Service, form: Form) -> Demonstration:
    """A new session.

    Raises:
        ProblemError: nobody agreed, or there is no request.
    """
    if form.text("consent") != "yes":
        raise ProblemError("invalid", "Nothing is recorded without your consent: agree to what is recorded first.")
    if form.text("version") != consent_version(service.consent):
        raise ProblemError("invalid", "What is recorded was changed since you read it. Go to Shop and read it again.")
    own = " ".join(form.text("request", MAX_INSTRUCTION).split())
    goal = None
    if form.one_of("kind", ("given", "own")) == "given":
        if own:
            raise ProblemError("invalid", "You wrote a request and asked to be given one: choose one of them.")
        goal = await read(lambda: service.training_goal(secrets.randbelow))
        if goal is None:
            raise ProblemError("invalid", "This shop has no requests to give. Write one of your own.")
    request = own if goal is None else goal[1].instruction
    if not request:
        raise ProblemError("invalid", "request: say what you shop for.")
    now = service.clock()
    return Demonstration(
        code=new_code(),
        request=request,
        goal=None if goal is None else goal[1].to_json(),
        goal_index=None if goal is None else goal[0],
        shop=service.shop.catalog.content_hash,
        consent=service.consent,
        started_at=now,
        changed_at=now,
    )


def _changed(service: Service, demonstration: Demonstration) -> bool:
    """Whether the catalogue is another one than the session was begun in."""
    return demonstration.shop != service.shop.catalog.content_hash


def _session(service: Service, demonstration: Demonstration) -> Session:
    if _changed(service, demonstration):
        raise ProblemError("not_found", "The shop's catalogue was changed since this session. Begin a new one.")
    return session_of(service.browsed, demonstration)


def _after(service: Service, before: Demonstration, form: Form) -> Demonstration | None:
    """What a session becomes by an action; None where the page that was clicked is not the session's last one.

    Raises:
        ProblemError: the session is too long, or the catalogue was changed.
    """
    if before.status != "open" or form.text("step", 10) != str(len(before.actions)):
        return None
    if len(before.actions) >= MAX_STEPS:
        raise ProblemError("invalid", f"A session has at most {MAX_STEPS} actions. Begin a new one.")
    session = _session(service, before)
    clicked = form.all("click")
    words = " ".join(form.text("search").translate(_BRACKETS).split())
    action = f"click[{clicked[0]}]" if clicked else f"search[{words}]"
    if not takes(session, action):
        return before if not clicked else None  # an empty search changes nothing
    session.step(action)
    status: Status = "bought" if session.done else "open"
    reward = None if session.purchase is None else float(session.purchase.total)
    actions = (*before.actions, action)
    return replace(before, actions=actions, status=status, reward=reward, changed_at=service.clock())


def _page(request: Request, service: Service, demonstration: Demonstration, notice: str) -> Response:
    if _changed(service, demonstration):
        return page(request, "shop_gone", demonstration=demonstration)
    session = _session(service, demonstration)
    product = session.page.product
    about: dict[str, Any] = {"price": "", "rating": ""}
    if product is not None:
        about = {"price": price_shown(product, session.page.options), "rating": rating_shown(product)}
    return page(
        request,
        "shop_page",
        demonstration=demonstration,
        session=session,
        notice=notice,
        heading=HEADINGS[session.page.kind],
        unchosen=unchosen(session),
        **about,
    )


def _file(service: Service, demonstration: Demonstration, kind: str) -> Iterable[Mapping[str, Any]]:
    """The lines of a session's file; what was looked for stays hidden until something is bought."""
    _session(service, demonstration)
    if demonstration.status != "bought":
        raise ProblemError("not_found", "There is no file of this session: nothing was bought yet.")
    if kind == "log" and (lines := site_log_of(service.browsed, demonstration)):
        return lines
    if kind == "trajectory":
        try:
            return [trajectory_of(service.browsed, 0, demonstration)]
        except TrajectoryError as error:
            raise ProblemError("not_found", f"The session cannot be replayed: {error}") from error
    raise ProblemError("not_found", "There is no such file of this session.")
