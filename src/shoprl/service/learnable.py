"""What a log can be learned from, a page at a time: preference pairs for TRL, and demonstrations of purchases."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.ids import asin_of
from shoprl.files import content_hash
from shoprl.rollouts.recording import Recording
from shoprl.service.decisions import Listed
from shoprl.service.logged import PAGE, Logged, page_of_log
from shoprl.service.preferences import preferences_of
from shoprl.shop.page import NEXT, item_clickables
from shoprl.shop.session import PER_PAGE
from shoprl.tasks.shop.task import ShopEpisode, ShopTask

REQUESTS_SHA256 = content_hash("requests of a service")  # in the place of a goal list's hash: requests have no goals


@dataclass(frozen=True, slots=True)
class Learnable:
    """A page of what can be learned.

    Attributes:
        rows: as JSON.
        after: the cursor of the next page; None where the log is at its end.
        left_out: reason -> how much was left out.
    """

    rows: tuple[Mapping[str, Any], ...]
    after: int | None
    left_out: Mapping[str, int]


def sold(catalog: Catalog, item_id: str) -> str | None:
    """The ASIN of an item by its catalogue's id; None where the shop no longer sells it."""
    named = asin_of(item_id)
    return next((asin for asin in (item_id, named, asin_of(item_id, {named.lower()})) if asin in catalog), None)


def pair_rows(engine: Engine, catalog: Catalog, after: int = 0, limit: int = PAGE) -> Learnable:
    """Preference pairs: rows of ``prompt``, ``chosen``, ``rejected``, as TRL reads them, and ``about``.

    Args:
        engine: the database.
        catalog: pairs with a product that it no longer holds are left out.
        after: the cursor; see :attr:`Learnable.after`.
        limit: decisions read.

    Raises:
        StorageError: the database cannot be read.
    """

    def rows(each: Logged, left_out: Counter[str]) -> list[Mapping[str, Any]]:
        pairs, other = preferences_of(each.decision, each.reactions)
        left_out.update(other)
        kept = [x for x in pairs if sold(catalog, x.chosen.item_id) and sold(catalog, x.rejected.item_id)]
        left_out["product gone"] += len(pairs) - len(kept)
        return [pair.to_json() for pair in kept]

    return _page(engine, after, limit, rows)


def demonstration_rows(engine: Engine, task: ShopTask, after: int = 0, limit: int = PAGE) -> Learnable:
    """Demonstrations of purchases: search for the request, open the product, choose the options shown, buy.

    A row is a trajectory as in trajectory files, with the ``request`` and ``about``. A request has no goal: its reward
    is unknown, ``goal_index`` is the decision's number in the log, and ``goals_sha256`` stands for no list of goals.

    Args:
        engine: the database.
        task: the shop in which the actions replay.
        after: the cursor; see :attr:`Learnable.after`.
        limit: decisions read.

    Raises:
        StorageError: the database cannot be read.
    """

    def rows(each: Logged, left_out: Counter[str]) -> list[Mapping[str, Any]]:
        decision, found = each.decision, list[Mapping[str, Any]]()
        bought = {x.item_id for x in each.reactions if x.type == "purchase" and x.status == "accepted"}
        for item in decision.items:
            if item.item_id not in bought:
                continue
            asin = sold(task.shop.catalog, item.item_id)
            if asin is None:
                left_out["product gone"] += 1
                continue
            live = task.start(decision.request)
            recording = Recording(live, each.sequence)
            fault = _shop_for(recording, asin, dict(item.shown.get("options") or {}))
            if fault is not None:
                left_out[fault] += 1
                continue
            row = {"goals_sha256": REQUESTS_SHA256, **recording.episode().to_json(), "request": decision.request}
            found.append(row | {"about": _about(each, item)})
        return found

    return _page(engine, after, limit, rows)


def _about(each: Logged, item: Listed) -> dict[str, Any]:
    decision = each.decision
    return {
        "decision_id": decision.decision_id,
        "policy": decision.policy,
        "policy_version": decision.policy_version,
        "item_id": item.item_id,
        "position": item.position,
        "propensity": item.propensity,
    }


def _shop_for(recording: Recording[ShopEpisode], asin: str, options: Mapping[str, str]) -> str | None:
    """Buy a product as the request's own search leads to it; why not, where it does not."""
    live = recording.live
    recording.take(live.state.candidates[0].action)
    while asin not in (each.asin for each in live.page.products):
        if live.page.number * PER_PAGE >= live.page.total:
            return "not found by the request's own search"
        recording.take(f"click[{NEXT.lower()}]")
    recording.take(f"click[{asin.lower()}]")
    assert live.page.product is not None
    offered = item_clickables(live.page.product)
    for name, value in options.items():
        if offered.get(value) != name:
            return "options changed"
        recording.take(f"click[{value}]")
    recording.take("click[buy now]")
    return None if live.session.done else "too many steps"


def _page(
    engine: Engine, after: int, limit: int, rows: Callable[[Logged, Counter[str]], list[Mapping[str, Any]]]
) -> Learnable:
    log, left_out = page_of_log(engine, after, limit), Counter[str]()
    made = tuple(row for each in log for row in rows(each, left_out))
    return Learnable(made, log[-1].sequence if len(log) == limit else None, dict(+left_out))
