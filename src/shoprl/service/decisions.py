"""Decisions: each list that was answered, with the propensities by which it came about."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from shoprl.service.tables import decisions, items


@dataclass(frozen=True, slots=True)
class Listed:
    """An item of a decision.

    Attributes:
        position: from 1.
        item_id: the product.
        propensity: the probability with which it stands there, given the items above it.
        shown: the item as it was answered.
    """

    position: int
    item_id: str
    propensity: float
    shown: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """A list that was answered.

    Attributes:
        decision_id: the service's own.
        decided_at: seconds since 1970 in UTC; so are the next two.
        activated_at: when it was shown; None of one that is not shown yet.
        expires_at: the end of its reward window; None of one that is not shown yet.
        request: what was asked.
        settings: what else was asked for, and how the list was made.
        context: what the client says of the situation.
        policy, policy_version: what made it.
        policy_propensity: the probability with which this policy was drawn among the arms.
        allocation: among which arms it was drawn, and how; see :class:`shoprl.service.arms.Allocation`.
        shop: content hash of the catalogue.
        items: the list.
    """

    decision_id: str
    decided_at: float
    activated_at: float | None
    expires_at: float | None
    request: str
    settings: Mapping[str, Any]
    context: Mapping[str, Any]
    policy: str
    policy_version: str
    policy_propensity: float
    allocation: Mapping[str, Any]
    shop: str
    items: tuple[Listed, ...] = ()


def new_id(kind: str = "d") -> str:
    """An id that nobody can guess, which begins with its kind."""
    return f"{kind}_{secrets.token_urlsafe(18)}"


def keep(connection: Connection, made: Sequence[Decision]) -> None:
    """Keep decisions."""
    rows = [asdict(each) for each in made]
    listed = [item | {"decision_id": row["decision_id"]} for row in rows for item in row.pop("items")]
    connection.execute(insert(decisions), rows)
    if listed:
        connection.execute(insert(items), listed)


def find(connection: Connection, decision_id: str) -> Decision | None:
    """A decision by its id."""
    row = connection.execute(select(decisions).where(decisions.c.decision_id == decision_id)).mappings().first()
    if row is None:
        return None
    listed = connection.execute(select(items).where(items.c.decision_id == decision_id).order_by("position")).mappings()
    fields = {name: row[name] for name in Decision.__slots__ if name != "items"}
    shown = tuple(Listed(**{name: each[name] for name in Listed.__slots__}) for each in listed)
    return Decision(**fields, items=shown)


def activate(connection: Connection, decision_id: str, now: float, window: float) -> bool:
    """Begin the reward window of a decision that is shown now; one that was shown before keeps its own.

    Returns:
        Whether there is such a decision.
    """
    own = decisions.c.decision_id == decision_id
    fresh = update(decisions).where(own, decisions.c.activated_at.is_(None))
    connection.execute(fresh.values(activated_at=now, expires_at=now + window))
    return connection.execute(select(decisions.c.sequence).where(own)).first() is not None
