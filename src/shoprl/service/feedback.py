"""Feedback: what became of the items of a decision, kept once, whatever is sent again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import Connection, Double, Row, cast, insert, null, select, union_all

from shoprl.service.tables import decisions, events

EventType = Literal["impression", "click", "add_to_cart", "purchase", "like", "dislike", "declined", "prefers"]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
ASKED = 1_000  # events that one statement asks for; databases bound its parameters
Status = Literal["accepted", "duplicate", "conflict", "orphan", "late"]


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to an item.

    Attributes:
        event_id: the client's own; sent again it changes nothing.
        decision_id: of the list that the item stood in.
        item_id: the item.
        type: what happened; ``declined``: seen, and turned down.
        value: of a purchase in money, or of whatever the client counts.
        timestamp: seconds since 1970 in UTC; None for when it is received.
        over: of ``prefers``, the items that this one was preferred to.
    """

    event_id: str
    decision_id: str
    item_id: str
    type: EventType
    value: float | None = None
    timestamp: float | None = None
    over: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Of all of it."""
        return hashlib.sha256(json.dumps(self.row(), sort_keys=True).encode()).hexdigest()

    def row(self) -> dict[str, object]:
        """Its fields; what `asdict` gives, in a tenth of the time."""
        return {name: getattr(self, name) for name in Event.__slots__}


def record(connection: Connection, received: Sequence[Event], now: float) -> list[Status]:
    """Keep events; see :mod:`shoprl.service.database` for when they are on the disk.

    Args:
        connection: a transaction that writes.
        received: in the order in which they happened.
        now: the server's time.

    Returns:
        Of each, in order: ``accepted``; ``duplicate``, where the same event is there already; ``conflict``, where
        another one is there under its id, which stays; ``orphan``, where no decision has its id, and ``late``, where
        the reward window of its decision is over: both are kept.
    """
    (statuses,) = record_all(connection, [(received, now)])
    return statuses


def record_all(connection: Connection, batches: Sequence[tuple[Sequence[Event], float]]) -> list[list[Status]]:
    """Keep several batches with few statements, each as :func:`record` does; the server's time is beside it."""
    together = [each for received, _ in batches for each in received]
    known, ends = _kept(connection, together)
    new: list[dict[str, object]] = []
    statuses = [_judged(received, now, known, ends, new) for received, now in batches]
    if new:
        connection.execute(insert(events), new)
    return statuses


def _judged(
    received: Sequence[Event],
    now: float,
    known: dict[str, str],
    ends: Mapping[str, float | None],
    new: list[dict[str, object]],
) -> list[Status]:
    """What becomes of each event; the rows of those that are kept are added to the new ones, and to what is known."""
    statuses: list[Status] = []
    for each in received:
        digest = each.digest
        if each.event_id in known:
            statuses.append("duplicate" if known[each.event_id] == digest else "conflict")
            continue
        known[each.event_id] = digest
        end = ends.get(each.decision_id)
        late = end is not None and now > end
        statuses.append("orphan" if each.decision_id not in ends else "late" if late else "accepted")
        row = each.row() | {"over": list(each.over), "timestamp": now if each.timestamp is None else each.timestamp}
        new.append(row | {"digest": digest, "received_at": now, "status": statuses[-1]})
    return statuses


def _kept(connection: Connection, received: Sequence[Event]) -> tuple[dict[str, str], dict[str, float | None]]:
    """Digests of the events that are there already, and the ends of the decisions that are; in one statement."""
    known: dict[str, str] = {}
    ends: dict[str, float | None] = {}
    for start in range(0, len(received), ASKED):
        some = received[start : start + ASKED]
        own = select(events.c.event_id, events.c.digest, cast(null(), Double)).where(
            events.c.event_id.in_({each.event_id for each in some})
        )
        theirs = select(decisions.c.decision_id, null(), decisions.c.expires_at).where(
            decisions.c.decision_id.in_({each.decision_id for each in some})
        )
        for key, digest, end in connection.execute(union_all(own, theirs)):
            if digest is None:
                ends[key] = end
            else:
                known[key] = digest
    return known, ends


def events_of(connection: Connection, decision_id: str, after: int = 0, limit: int | None = None) -> list[Row]:  # type: ignore[type-arg]
    """The events kept of a decision, in the order in which they were, after one by its sequence number."""
    own = select(events).where(events.c.decision_id == decision_id, events.c.sequence > after)
    return list(connection.execute(own.order_by(events.c.sequence).limit(limit)))
