"""Exports of the log, a page at a time: for OpenSearch UBI, for off-policy estimates, and as it is.

Pages follow the numbers that the database gave (``sequence``): a page holds rows of decisions or events with a greater
number than ``after``, and says from where the next one goes on. Page by page all rows come once, in order, however long
a page is. Nothing but a page is in memory.

**What was seen.** A list was shown when its decision was activated. Where the client sent impressions of a decision,
only those items were seen of it, and those that something else happened to; without any, all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, Select, Table, func, select

from shoprl.errors import ConfigError, LogError
from shoprl.service.config import MAX_PAGE
from shoprl.service.logged import grouped
from shoprl.service.rewards import RewardRule
from shoprl.service.tables import comparisons, decisions, events, items

APPLICATION = "shoprl"
_WHO = ("client_id", "session_id", "user_id")  # taken from a decision's context
_LONGEST = 100  # characters of these, in UBI
_LATEST = 253_402_300_799.0  # seconds; the end of the year 9999

Rows = list[dict[str, Any]]
_Row = Row[Any]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an export.

    Attributes:
        rows: each can be written as JSON.
        next: what to give as ``after`` for the next page; None after the last.
    """

    rows: Rows
    next: int | None


def ubi_queries(connection: Connection, after: int = 0, limit: int = MAX_PAGE, application: str = APPLICATION) -> Page:
    """Decisions as documents of OpenSearch UBI's index ``ubi_queries``, schema 1.3.0.

    ``query_id`` is the decision's id. ``client_id``, ``session_id`` and ``user_id`` come from the client's context
    where it gave them as texts of at most 100 characters. ``query_attributes`` holds the rest, and when the list was
    shown: null for one that was not when the page was read.

    Args:
        connection: a transaction.
        after: the cursor; 0 from the start.
        limit: decisions of a page.
        application: the name by which UBI knows this service, of at most 100 characters.

    Raises:
        ConfigError: after, limit or application is out of range.
    """
    _check_application(application)
    found, following = _page(connection, select(decisions), decisions, after, limit)
    listed = _items_of(connection, found)
    return Page([_ubi_query(row, listed.get(row.decision_id, ()), application) for row in found], following)


def ubi_events(connection: Connection, after: int = 0, limit: int = MAX_PAGE, application: str = APPLICATION) -> Page:
    """Feedback as documents of OpenSearch UBI's index ``ubi_events``, schema 1.3.0.

    ``query_id`` is the decision's id, ``object_id`` the item's, and ``position.ordinal`` its position from 1. What was
    sent is exported, late events too (``event_attributes.status``); impressions that nobody sent are not made up. Left
    out is feedback on unknown decisions and on items that were not in the list: UBI has no position for it. The
    published schema says ``oneOf`` of an action's usual names and of any text, so that a validator refuses the usual
    names, such as ``click``; OpenSearch and UBI's own examples take them.

    Args:
        connection: a transaction.
        after: the cursor; 0 from the start.
        limit: events of a page.
        application: see :func:`ubi_queries`.

    Raises:
        ConfigError: as :func:`ubi_queries`.
    """
    _check_application(application)
    own = (items.c.decision_id == events.c.decision_id, items.c.item_id == events.c.item_id)
    place = select(func.min(items.c.position)).where(*own).scalar_subquery()
    known = decisions.c.decision_id == events.c.decision_id
    chosen = select(events, place.label("position"), decisions.c.context).join(decisions, known)
    found, following = _page(connection, chosen.where(place.is_not(None)), events, after, limit)
    return Page([_ubi_event(row, application) for row in found], following)


def off_policy_log(connection: Connection, rule: RewardRule, now: float, after: int = 0, limit: int = MAX_PAGE) -> Page:
    """What was shown, with which probability, and what it earned: a row for each item that was seen.

    Only decisions whose reward window is over, so that none is there because it was rewarded early: give all pages of
    an export the same ``now``, and begin again from 0 later rather than from the last cursor, as windows do not end in
    the order in which they began. Late events count nothing.

    A row has ``context`` (the request, what else was asked for, and what the client said of the situation), ``action``
    (the item's id), ``position`` from 1, ``propensity`` (of the item at its place, given those above it),
    ``policy_propensity`` (with which the policy was drawn among the arms; the others are given that policy),
    ``reward`` (1 where an event of the rule was about this item, else 0), ``decision_reward`` (what the rule gives the
    whole decision), ``policy`` and ``version``. For Open Bandit Pipeline it has that project's names ``slate_id``,
    ``pscore`` (the propensity) and ``pscore_cascade`` (the product of the propensities down to the place, items that
    nobody saw among them); see :func:`bandit_feedback`.

    Args:
        connection: a transaction.
        rule: what is rewarded.
        now: in seconds since 1970; windows that end before are over.
        after: the cursor; 0 from the start.
        limit: decisions of a page, of which each has several rows.

    Raises:
        ConfigError: after or limit is out of range.
    """
    over = select(decisions).where(decisions.c.expires_at < now)  # which those not shown yet have not
    found, following = _page(connection, over, decisions, after, limit)
    listed, happened = _items_of(connection, found), _events_of(connection, found)
    rows = [
        each
        for row in found
        for each in _off_policy(row, listed.get(row.decision_id, ()), happened.get(row.decision_id, ()), rule)
    ]
    return Page(rows, following)


def raw_decisions(connection: Connection, after: int = 0, limit: int = MAX_PAGE) -> Page:
    """Decisions as they are kept, each with its ``items``.

    Raises:
        ConfigError: after or limit is out of range.
    """
    found, following = _page(connection, select(decisions), decisions, after, limit)
    listed = _items_of(connection, found)
    rows = [
        dict(row._mapping) | {"items": [_without_decision(item) for item in listed.get(row.decision_id, ())]}
        for row in found
    ]
    return Page(rows, following)


def raw_events(connection: Connection, after: int = 0, limit: int = MAX_PAGE) -> Page:
    """Feedback as it is kept, whatever its status.

    Raises:
        ConfigError: after or limit is out of range.
    """
    found, following = _page(connection, select(events), events, after, limit)
    return Page([dict(row._mapping) for row in found], following)


def raw_comparisons(connection: Connection, after: int = 0, limit: int = MAX_PAGE) -> Page:
    """Which of two lists people preferred, with the request, and the policy and version of both lists.

    ``left`` and ``right`` are decisions; :func:`raw_decisions` has what stood in them.

    Raises:
        ConfigError: after or limit is out of range.
    """
    sides = {"left": decisions.alias("left_decision"), "right": decisions.alias("right_decision")}
    named = [
        each.c[name].label(f"{side}_{name}") for side, each in sides.items() for name in ("policy", "policy_version")
    ]
    chosen = select(comparisons, sides["left"].c.request, *named).where(comparisons.c.preferred.is_not(None))
    for side, each in sides.items():
        chosen = chosen.join(each, each.c.decision_id == comparisons.c[side])
    found, following = _page(connection, chosen, comparisons, after, limit)
    return Page([dict(row._mapping) for row in found], following)


def bandit_feedback(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows of :func:`off_policy_log` as the logged bandit feedback that Open Bandit Pipeline (``obp``) reads.

    Its arrays have an entry for each row: ``action`` numbers the items in the order of their ids (``items`` has these),
    ``position`` counts from 0, and ``context`` is a column of ones, as requests are no numbers: put your features in
    its place. ``pscore`` is the propensity of the item at its place, ``pscore_cascade`` what its slate estimators take.

    Raises:
        LogError: there are no rows.
    """
    table = list(rows)
    if not table:
        raise LogError("The log holds no decisions whose reward window is over. Serve some, and wait for their end.")
    named, action = np.unique([row["action"] for row in table], return_inverse=True)
    return {
        "n_rounds": len(table),
        "n_actions": len(named),
        "items": named.tolist(),
        "action": action.astype(np.int64),
        "position": np.array([row["position"] - 1 for row in table]),
        "reward": np.array([row["reward"] for row in table], dtype=np.float64),
        "pscore": np.array([row["pscore"] for row in table], dtype=np.float64),
        "slate_id": np.array([row["slate_id"] for row in table]),
        "pscore_cascade": np.array([row["pscore_cascade"] for row in table], dtype=np.float64),
        "context": np.ones((len(table), 1)),
        "action_context": None,
    }


def _page(
    connection: Connection, chosen: Select[Any], table: Table, after: int, limit: int
) -> tuple[Sequence[_Row], int | None]:
    """The rows of a page, and the cursor of the next one."""
    if not 1 <= limit <= MAX_PAGE:
        raise ConfigError(f"limit {limit}: must be from 1 to {MAX_PAGE}.")
    if not 0 <= after < 2**63:
        raise ConfigError(f"after {after}: must be 0 or the cursor that came with a page.")
    asked = chosen.where(table.c.sequence > after).order_by(table.c.sequence).limit(limit + 1)
    found = connection.execute(asked).all()
    return found[:limit], found[limit - 1].sequence if len(found) > limit else None


def _items_of(connection: Connection, found: Sequence[_Row]) -> dict[str, list[_Row]]:
    """The lists of decisions, each from the top."""
    own = items.c.decision_id.in_([row.decision_id for row in found])
    return grouped(connection.execute(select(items).where(own).order_by(items.c.decision_id, items.c.position)))


def _events_of(connection: Connection, found: Sequence[_Row]) -> dict[str, list[_Row]]:
    """The feedback on decisions that came in time."""
    own = events.c.decision_id.in_([row.decision_id for row in found])
    columns = (events.c.decision_id, events.c.item_id, events.c.type)
    return grouped(connection.execute(select(*columns).where(own, events.c.status == "accepted")))


def _off_policy(row: _Row, listed: Sequence[_Row], happened: Sequence[_Row], rule: RewardRule) -> Rows:
    """A row for each item of a decision that was seen."""
    names = {item.item_id for item in listed}
    about = [each for each in happened if each.item_id in names]
    shown = {each.item_id for each in about} if any(each.type == "impression" for each in about) else names
    earned = {each.item_id for each in about if each.type in rule.events}
    context = {"request": row.request, "settings": row.settings, "client": row.context}
    chance, rows = 1.0, []
    for item in listed:
        chance *= item.propensity
        if item.item_id not in shown:
            continue
        rows.append(
            {
                "decision_id": row.decision_id,
                "decided_at": row.decided_at,
                "context": context,
                "action": item.item_id,
                "position": item.position,
                "propensity": item.propensity,
                "policy_propensity": row.policy_propensity,
                "reward": 1.0 if item.item_id in earned else 0.0,
                "decision_reward": 1.0 if earned else rule.default,
                "policy": row.policy,
                "version": row.policy_version,
                "shop": row.shop,
                "slate_id": row.sequence,
                "pscore": item.propensity,
                "pscore_cascade": chance,
            }
        )
    return rows


def _ubi_query(row: _Row, listed: Sequence[_Row], application: str) -> dict[str, Any]:
    return {
        "application": application,
        "query_id": row.decision_id,
        **_who(row.context),
        "user_query": row.request,
        "timestamp": _iso(row.decided_at),
        "object_id_field": "id",
        "query_response_id": row.decision_id,
        "query_response_hit_ids": [item.item_id for item in listed],
        "query_attributes": {
            "policy": row.policy,
            "policy_version": row.policy_version,
            "shown_at": None if row.activated_at is None else _iso(row.activated_at),
            "settings": row.settings,
            "context": row.context,
        },
    }


def _ubi_event(row: _Row, application: str) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "object": {"object_id": row.item_id, "object_id_field": "id"},
        "position": {"ordinal": row.position},
        "event_id": row.event_id,
        "status": row.status,
    }
    if row.value is not None:
        attributes["value"] = row.value
    if row.over:
        attributes["over"] = row.over
    return {
        "application": application,
        "action_name": row.type,
        "query_id": row.decision_id,
        **_who(row.context),
        "timestamp": _iso(row.timestamp),
        "event_attributes": attributes,
    }


def _who(context: Mapping[str, Any]) -> dict[str, str]:
    given = {name: context.get(name) for name in _WHO}
    return {name: value for name, value in given.items() if isinstance(value, str) and 0 < len(value) <= _LONGEST}


def _iso(seconds: float) -> str:
    """ISO 8601 with the time zone, which OpenSearch wants."""
    return datetime.fromtimestamp(min(max(seconds, 0.0), _LATEST), UTC).isoformat(timespec="milliseconds")


def _without_decision(item: _Row) -> dict[str, Any]:
    return {name: value for name, value in item._mapping.items() if name != "decision_id"}


def _check_application(name: str) -> None:
    if not 0 < len(name) <= _LONGEST:
        raise ConfigError(f"application {name[:40]!r}: must have 1 to {_LONGEST} characters.")
