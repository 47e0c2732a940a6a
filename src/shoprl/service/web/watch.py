"""Watch: the running experiment, what feedback comes, the policies with their evidence, and episodes step by step."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from fastapi import APIRouter, Path, Request, Response

from shoprl.errors import CatalogError, ShopRLError
from shoprl.evaluation.thompson.posteriors import BetaPosterior
from shoprl.report.text import shown as pathless
from shoprl.service.access import Caller
from shoprl.service.comparisons import Tally, tallies
from shoprl.service.database import reading
from shoprl.service.deciding import RARELY, job_of
from shoprl.service.decisions import Decision
from shoprl.service.demonstrations import Demonstration, find, latest_demonstrations
from shoprl.service.feedback import EventType
from shoprl.service.models import Experiments
from shoprl.service.policies import Registered
from shoprl.service.problems import ProblemError
from shoprl.service.routes.common import read
from shoprl.service.routes.policies import experiments_of
from shoprl.service.running import Service
from shoprl.service.shopping import step_of
from shoprl.service.tables import ID
from shoprl.service.watching import Rates, Summary, latest, rates
from shoprl.service.web.ask import decision_of, reactions_of
from shoprl.service.web.people import PageRoute, visitor
from shoprl.service.web.rendering import page
from shoprl.service.web.telling import moment_text, sentence
from shoprl.service.workers import Step
from shoprl.shop.session import Session

DAYS = 30  # of feedback
FRESH = 3.0  # seconds for which what was read of the log is shown, at least
LATEST = 20  # decisions, and sessions
DRAWS = 20_000  # of a posterior
MOST_FACTS = 60  # of a policy's evidence
_SHOWN: tuple[EventType, ...] = ("click", "like", "dislike", "prefers", "add_to_cart", "purchase")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a page.

    Attributes:
        name: its caption.
        head: its columns.
        body: its rows; the first cell may be a link: ``text`` and ``address``.
    """

    name: str
    head: Sequence[str]
    body: Sequence[Sequence[str | Mapping[str, str]]]


def router(service: Service) -> APIRouter:
    """The pages."""
    routes = APIRouter(route_class=PageRoute, include_in_schema=False)
    looks = visitor(service, "admin")
    held: dict[str, Any] = {"until": 0.0}

    @routes.get("/watch")
    async def watch(request: Request, caller: Caller = looks) -> Response:
        if held["until"] <= service.clock():  # the sums over a long log take their time
            began = time.monotonic()
            held["read"] = await read(lambda: _overview(service))
            held["until"] = service.clock() + max(FRESH, RARELY * (time.monotonic() - began))
        return page(request, "watch", **held["read"])

    @routes.get("/watch/lists/{decision_id}")
    async def runs(request: Request, decision_id: str = Path(max_length=ID), caller: Caller = looks) -> Response:
        decision = await read(lambda: decision_of(service, decision_id))
        said = await read(lambda: reactions_of(service, decision_id))
        try:
            steps, fault = await _steps(service, decision), ""
        except ShopRLError as error:
            steps, fault = [], f"The runs cannot be shown: {error}"
        settings = [(name, json.dumps(each)) for name, each in decision.settings.items() if name != "folder"]
        context = {"decision": decision, "runs": _runs(steps), "fault": fault, "settings": settings}
        heard = {each.item_id: list(said.get(each.item_id, ())) for each in decision.items}
        return page(request, "watch_list", **context, said=heard)

    @routes.get("/watch/sessions/{code}")
    async def session(request: Request, code: str = Path(max_length=40), caller: Caller = looks) -> Response:
        return await read(lambda: _session(request, service, code))

    return routes


def _overview(service: Service) -> dict[str, Any]:
    """What the first page shows."""
    now = service.clock()
    stand, experiments = experiments_of(service)
    with reading(service.engine) as connection:
        feedback = rates(connection, now - DAYS * 86_400)
        compared = tallies(connection)
        lists, sessions = latest(connection, LATEST), latest_demonstrations(connection, LATEST)
    return {
        "now": now,
        "since": stand.since,
        "events": experiments.reward_events,
        "floor": experiments.floor,
        "arms": stand.arms,
        "experiment": _experiment(experiments),
        "rates": _rates(feedback),
        "compared": _compared(compared),
        "policies": _policies(stand.policies, service.decider.broken),
        "evidence": [{"name": x.name, "rows": _facts(x.evidence)} for x in stand.policies if x.evidence],
        "lists": _lists(lists),
        "sessions": _sessions(sessions),
    }


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}%"


def _experiment(found: Experiments) -> Table:
    head = ("policy", "role", "lists that count", "reward", "mean", "95%", "best with", "gets")
    rows = [
        (
            arm.policy,
            arm.role,
            f"{arm.decisions:,}",
            f"{arm.reward:g}",
            _percent(arm.mean),
            f"{_percent(arm.interval[0])} to {_percent(arm.interval[1])}",
            _percent(arm.probability_best),
            _percent(arm.share),
        )
        for arm in found.arms
    ]
    return Table("What the arms earned", head, rows)


def _rates(found: Sequence[Rates]) -> Table:
    head = ("policy", "version", "lists shown", *(f"{name.replace('_', ' ')}" for name in _SHOWN))
    rows = []
    for each in found:
        counts = [(each.with_feedback.get(name, 0)) for name in _SHOWN]
        cells = [f"{count:,} ({_percent(count / each.lists)})" for count in counts]
        rows.append((each.policy, each.version[:12], f"{each.lists:,}", *cells))
    return Table(f"Lists with feedback of each kind, last {DAYS} days", head, rows)


def _compared(found: Sequence[Tally]) -> Table:
    head = ("policies", "first preferred", "second preferred", "neither", "first, of those that decided (95%)")
    rows = []
    for each in found:
        decided = sum(each.wins)
        draws = BetaPosterior(*each.wins).sample(np.random.default_rng(0), DRAWS)
        low, high = np.quantile(draws, (0.025, 0.975))
        share = f"{_percent(each.wins[0] / decided)} [{100 * low:.0f}, {100 * high:.0f}]" if decided else "–"
        rows.append((" and ".join(each.policies), f"{each.wins[0]:,}", f"{each.wins[1]:,}", f"{each.ties:,}", share))
    return Table("Blind comparisons by people", head, rows)


def _policies(known: Sequence[Registered], broken: Sequence[str]) -> Table:
    head = ("policy", "role", "learned from", "registered", "role since", "state")
    rows = [
        (
            each.name,
            each.role,
            each.parent or "–",
            moment_text(each.registered_at),
            moment_text(each.changed_at),
            "cannot be loaded" if each.name in broken else "held back by the guard" if each.held_back else "ready",
        )
        for each in known
    ]
    return Table("What is registered", head, rows)


def _facts(evidence: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """What is known of a policy, a line each."""
    rows: list[tuple[str, str]] = []
    for name, value in evidence.items():
        if isinstance(value, Mapping):
            rows += _facts(value, f"{prefix}{name} · ")
        else:
            text = (
                f"{value:.4g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)
            )
            rows.append((f"{prefix}{name}".replace("_", " "), pathless(text)))
    return rows[:MOST_FACTS]


def _lists(found: Sequence[Summary]) -> Table:
    rows = [
        (
            {"text": each.request, "address": f"/watch/lists/{each.decision_id}"},
            each.policy,
            f"{each.events:,}",
            moment_text(each.decided_at),
        )
        for each in found
    ]
    return Table("The last lists", ("request", "policy", "events", "made"), rows)


def _sessions(found: Sequence[Demonstration]) -> Table:
    rows = [
        (
            {"text": each.request, "address": f"/watch/sessions/{each.code}"},
            each.status,
            str(len(each.actions)),
            "–" if each.reward is None else f"{each.reward:.2f}",
            moment_text(each.changed_at),
        )
        for each in found
    ]
    return Table("The last sessions of people", ("request", "state", "actions", "reward", "changed"), rows)


async def _steps(service: Service, decision: Decision) -> list[Step]:
    """The steps of a decision's runs, which are taken again.

    Raises:
        ShopRLError: its policy cannot be loaded, the catalogue was changed, or too much waits.
    """
    if decision.shop != service.shop.catalog.content_hash:
        raise CatalogError("the catalogue was changed since.")
    steps: list[Step] = []
    await asyncio.wrap_future(service.workers.make(replace(job_of(decision), watched=True), steps.append))
    return steps


def _runs(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Steps by their runs; what was compared comes last."""
    runs: dict[int | None, list[str]] = {}
    for step in steps:
        runs.setdefault(step.get("run"), []).append(sentence(step))
    order = sorted((run for run in runs if run is not None), key=int)
    named = [{"name": f"Run {run + 1}", "steps": runs[run]} for run in order]
    return [*named, {"name": "Comparing", "steps": runs[None]}] if None in runs else named


def _session(request: Request, service: Service, code: str) -> Response:
    """A person's session step by step."""
    with reading(service.engine) as connection:
        found = find(connection, code)
    if found is None:
        raise ProblemError("not_found", "There is no session with this code. It may have been deleted.")
    changed = found.shop != service.shop.catalog.content_hash
    session, steps = Session(service.browsed, found.request, code), list[str]()
    for action in found.actions:
        if not changed:
            session.step(action)
        steps.append(action if changed else sentence(step_of(session.page, action)))
    return page(request, "watch_session", demonstration=found, steps=steps, changed=changed)
