"""Ask: a request, the agent's runs while they happen, the list, and what people say of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from fastapi import APIRouter, Path, Request, Response

from shoprl.catalog.ids import MAX_ID
from shoprl.service.access import Caller
from shoprl.service.config import MAX_K
from shoprl.service.database import reading
from shoprl.service.deciding import Wish
from shoprl.service.decisions import Decision, find, new_id
from shoprl.service.feedback import EventType, events_of
from shoprl.service.filters import Filters
from shoprl.service.models import Happened
from shoprl.service.preferences import Reaction, last_said
from shoprl.service.problems import ProblemError
from shoprl.service.routes.common import read
from shoprl.service.routes.feedback import record_events
from shoprl.service.routes.recommendations import STREAM, decided, streamed
from shoprl.service.running import Service
from shoprl.service.tables import ID
from shoprl.service.web.people import Form, PageRoute, form_of, visitor
from shoprl.service.web.rendering import page, redirect
from shoprl.service.web.telling import limit_text, sentence
from shoprl.service.workers import Step, Watch
from shoprl.shop.goal import MAX_INSTRUCTION
from shoprl.shop.page import rating_shown

Said = Literal["like", "dislike", "prefers", "purchase", "impression"]
SAID: tuple[Said, ...] = get_args(Said)
MOST_EVENTS = 1_000  # of a list that a page looks at
SOURCE = {"source": "page"}  # of a decision's context


@dataclass(frozen=True)
class Given:
    """What the form for a request holds.

    Attributes:
        request, price_min, price_max, k, in_stock: as they were typed.
    """

    request: str = ""
    price_min: str = ""
    price_max: str = ""
    k: str = "10"
    in_stock: bool = False

    @property
    def limits(self) -> bool:
        """Whether there is more than a request."""
        return replace(self, request="") != Given()


def given_of(decision: Decision) -> Given:
    """The form that a decision came from."""
    filters = decision.settings.get("filters") or {}
    low, high = (filters.get(name) for name in ("price_min", "price_max"))
    return Given(
        request=decision.request,
        price_min="" if low is None else limit_text(low),
        price_max="" if high is None else limit_text(high),
        k=str(decision.settings.get("k", 10)),
        in_stock=bool(filters.get("in_stock")),
    )


def wish_of_form(form: Form) -> Wish:
    """What a form asks for.

    Raises:
        ProblemError: a field is wrong.
    """
    request = " ".join(form.text("request", MAX_INSTRUCTION).split())
    if not request:
        raise ProblemError("invalid", "Say what you are looking for.")
    low, high = form.price("price_min"), form.price("price_max")
    if low is not None and high is not None and low > high:
        raise ProblemError("invalid", "The lowest price is above the highest.")
    k = form.number("k", 1, MAX_K)
    filters = Filters(price_min=low, price_max=high, in_stock=form.text("in_stock") == "yes")
    return Wish(request, 10 if k is None else int(k), filters, SOURCE)


def reactions_of(service: Service, decision_id: str) -> Mapping[str, Mapping[EventType, None]]:
    """Item -> what was said of it, in order; the last of liking and disliking counts."""
    with reading(service.engine) as connection:
        rows = events_of(connection, decision_id, 0, MOST_EVENTS)
    return last_said(Reaction(row.item_id, row.type) for row in rows)


def decision_of(service: Service, decision_id: str) -> Decision:
    """A decision by its id.

    Raises:
        ProblemError: there is none.
    """
    with reading(service.engine) as connection:
        found = find(connection, decision_id)
    if found is None:
        raise ProblemError("not_found", "There is no such list.")
    return found


def router(service: Service) -> APIRouter:
    """The pages."""
    routes = APIRouter(route_class=PageRoute, include_in_schema=False)
    asks, sends = visitor(service, "recommend"), visitor(service, "recommend", "feedback")

    @routes.get("/")
    @routes.get("/ask")
    async def start(request: Request, caller: Caller = asks) -> Response:
        return page(request, "ask", given=Given(), corrects="", without=False, fault="")

    @routes.post("/ask")
    async def ask(request: Request, caller: Caller = asks) -> Response:
        form = await form_of(request)
        try:
            wish = await _wish(service, form)
        except ProblemError as error:
            if error.code != "invalid":
                raise
            again = {"corrects": form.text("corrects", ID), "without": form.text("without") == "yes"}
            return page(request, "ask", 422, given=_typed(form), fault=error.detail, **again)
        if STREAM not in request.headers.get("accept", ""):
            decision, _ = await decided(service, wish)
            return redirect(_address(decision))

        async def decide(watch: Watch) -> str:
            return json.dumps({"address": _address((await decided(service, wish, watch))[0])})

        return streamed(service, request, decide, _told, "list")

    @routes.get("/lists/{decision_id}")
    async def shown(
        request: Request, decision_id: str = Path(max_length=ID), late: bool = False, caller: Caller = asks
    ) -> Response:
        decision = await read(lambda: decision_of(service, decision_id))
        said = await read(lambda: reactions_of(service, decision_id))
        notice = (
            "The time in which feedback counts is over. It is kept, but nothing is learned from it." if late else ""
        )
        cards = [
            {**each.shown, "position": each.position, "said": own, "disliked": "dislike" in own}
            for each in decision.items
            for own in (said.get(each.item_id, {}),)
        ]
        turned_down = sum(card["disliked"] for card in cards)
        context = {"decision": decision, "cards": cards, "notice": notice, "turned_down": turned_down}
        return page(
            request, "list", **context, given=given_of(decision), event=new_id("e"), left_out=_left_out(decision)
        )

    @routes.post("/lists/{decision_id}/feedback")
    async def feedback(request: Request, decision_id: str = Path(max_length=ID), caller: Caller = sends) -> Response:
        form = await form_of(request)
        decision = await read(lambda: decision_of(service, decision_id))
        results = await record_events(service, _events(decision, form))
        late = any(each.status == "late" for each in results.results)
        place = next((each.position for each in decision.items if each.item_id in form.all("item")), 1)
        return redirect(f"{_address(decision)}{'?late=true' if late else ''}#item-{place}")

    @routes.get("/lists/{decision_id}/items/{position}")
    async def opened(
        request: Request, position: int, decision_id: str = Path(max_length=ID), caller: Caller = asks
    ) -> Response:
        decision = await read(lambda: decision_of(service, decision_id))
        item = next((each for each in decision.items if each.position == position), None)
        product = None if item is None else await read(lambda: service.product(item.item_id))
        if item is None or product is None:
            raise ProblemError("not_found", "The shop does not sell this product any more.")
        if caller.may("feedback"):
            await record_events(
                service, [_happened(decision, item.item_id, "click", f"{decision_id}-click-{position}")]
            )
        rating = f"Rating: {rating_shown(product)}"
        return page(request, "product", decision=decision, item=item, product=product, rating=rating)

    return routes


async def _wish(service: Service, form: Form) -> Wish:
    """What is asked for; a correction keeps what the list before it left out, and leaves out what was turned down."""
    wish, corrected = wish_of_form(form), form.text("corrects", ID)
    if not corrected:
        return wish
    before = await read(lambda: decision_of(service, corrected))
    exclude = tuple(before.settings.get("filters", {}).get("exclude") or ())
    if form.text("without") == "yes":
        said = await read(lambda: reactions_of(service, corrected))
        refused = (service.asin(item) for item, own in said.items() if "dislike" in own)
        exclude = tuple(dict.fromkeys((*exclude, *(asin for asin in refused if asin is not None))))
    context = SOURCE | {"corrects": corrected}
    return replace(wish, filters=replace(wish.filters, exclude=exclude), context=context)


def _typed(form: Form) -> Given:
    """What was typed, so that nobody has to type it again."""
    names = ("request", "price_min", "price_max", "k")
    typed = {name: next(iter(form.all(name)), "")[:MAX_INSTRUCTION] for name in names}
    return Given(**typed, in_stock="yes" in form.all("in_stock"))


def _address(decision: Decision) -> str:
    return f"/lists/{decision.decision_id}"


def _told(step: Step) -> dict[str, Any]:
    return {"run": step.get("run"), "text": sentence(step), "over": step["kind"] == "done"}


def _left_out(decision: Decision) -> str:
    left = decision.settings.get("left_out") or {}
    parts = [(left.get("unfit", 0), "fit too little"), (left.get("too_dear", 0), "cost more than you said")]
    return ", ".join(f"{count} left out because they {why}" for count, why in parts if count)


def _happened(decision: Decision, item: str, type_: str, event_id: str) -> Happened:
    shown = next((each for each in decision.items if each.item_id == item), None)
    if shown is None:
        raise ProblemError("invalid", "item: the list has no such product.")
    over = [each.item_id for each in decision.items if each.item_id != item] if type_ == "prefers" else []
    if type_ == "prefers" and not over:
        raise ProblemError("invalid", "There is no other product to prefer it to.")
    fields: dict[str, Any] = {"decision_id": decision.decision_id, "item_id": item, "type": type_, "over": over}
    return Happened(event_id=event_id, value=shown.shown.get("price") if type_ == "purchase" else None, **fields)


def _events(decision: Decision, form: Form) -> Sequence[Happened]:
    """What a form says of items: one of them, or those that were looked at."""
    type_, items = form.one_of("type", SAID), form.all("item")
    if not items or len(items) > MAX_K or any(len(item) > MAX_ID for item in items):
        raise ProblemError("invalid", f"item: give 1 to {MAX_K} of the list's products.")
    if type_ == "impression":
        places = {each.item_id: each.position for each in decision.items}
        return [
            _happened(decision, x, type_, f"{decision.decision_id}-seen-{places.get(x)}") for x in dict.fromkeys(items)
        ]
    return [_happened(decision, items[0], type_, f"{form.text('event', 100) or new_id('e')}-{type_}")]
