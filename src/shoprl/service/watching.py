"""What somebody who watches a service wants to know of its log: rates of feedback, and the last decisions."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from shoprl.service.feedback import EventType
from shoprl.service.tables import decisions, events


@dataclass(frozen=True, slots=True)
class Rates:
    """What became of the lists of a policy.

    Attributes:
        policy, version: which one.
        lists: that were shown.
        with_feedback: how many of them had an event of each type, in time.
    """

    policy: str
    version: str
    lists: int
    with_feedback: Mapping[EventType, int]


@dataclass(frozen=True, slots=True)
class Summary:
    """A decision in a line.

    Attributes:
        decision_id, decided_at, request, policy: see :class:`shoprl.service.decisions.Decision`.
        events: how many events there are of it.
    """

    decision_id: str
    decided_at: float
    request: str
    policy: str
    events: int


def rates(connection: Connection, since: float) -> list[Rates]:
    """What became of the lists that each policy has shown.

    Args:
        connection: a transaction.
        since: decisions made before are left out, in seconds since 1970.
    """
    named = (decisions.c.policy, decisions.c.policy_version)
    recent = (decisions.c.decided_at >= since, decisions.c.activated_at.is_not(None))
    shown = select(*named, func.count().label("lists")).where(*recent).group_by(*named)
    lists = {(row.policy, row.policy_version): row.lists for row in connection.execute(shown)}
    happened = (
        select(*named, events.c.type, func.count(events.c.decision_id.distinct()).label("lists"))
        .join(events, events.c.decision_id == decisions.c.decision_id)
        .where(*recent, events.c.status == "accepted")
        .group_by(*named, events.c.type)
    )
    found: dict[tuple[str, str], dict[EventType, int]] = {}
    for row in connection.execute(happened):
        found.setdefault((row.policy, row.policy_version), {})[row.type] = row.lists
    return [Rates(*key, count, found.get(key, {})) for key, count in sorted(lists.items())]


def latest(connection: Connection, limit: int) -> list[Summary]:
    """The last decisions, the latest first."""
    columns = (decisions.c.decision_id, decisions.c.decided_at, decisions.c.request, decisions.c.policy)
    last = select(*columns).order_by(decisions.c.sequence.desc()).limit(limit)
    rows = connection.execute(last).all()
    own = events.c.decision_id.in_([row.decision_id for row in rows])
    counted = select(events.c.decision_id, func.count().label("events")).where(own).group_by(events.c.decision_id)
    counts = {row.decision_id: row.events for row in connection.execute(counted)}
    return [Summary(*row, counts.get(row.decision_id, 0)) for row in rows]
