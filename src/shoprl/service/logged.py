"""Reads the log a page at a time: decisions with what became of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, Row, exists, func, select

from shoprl.service.database import reading
from shoprl.service.decisions import Decision, Listed
from shoprl.service.preferences import Reaction
from shoprl.service.tables import decisions, events, items

PAGE = 500  # decisions


@dataclass(frozen=True, slots=True)
class Logged:
    """A decision with its events.

    Attributes:
        sequence: its place in the log; a cursor.
        decision: the decision, with its items.
        reactions: its events, in the order in which they were kept.
    """

    sequence: int
    decision: Decision
    reactions: tuple[Reaction, ...]


def page_of_log(engine: Engine, after: int = 0, limit: int = PAGE, since: float | None = None) -> list[Logged]:
    """Decisions that something became of, in the order in which they were made.

    Args:
        engine: the database.
        after: the cursor: those with a greater sequence.
        limit: how many at most.
        since: decisions made before are left out, in seconds since 1970.

    Raises:
        StorageError: the database cannot be read.
    """
    reacted = exists().where(events.c.decision_id == decisions.c.decision_id)
    chosen = select(decisions).where(decisions.c.sequence > after, reacted).order_by(decisions.c.sequence).limit(limit)
    if since is not None:
        chosen = chosen.where(decisions.c.decided_at >= since)
    with reading(engine) as connection:
        rows = list(connection.execute(chosen))
        ids = [row.decision_id for row in rows]
        of_items = connection.execute(select(items).where(items.c.decision_id.in_(ids)).order_by(items.c.position))
        listed = grouped(of_items)
        columns = (events.c.decision_id, events.c.item_id, events.c.type, events.c.over, events.c.status)
        of_events = connection.execute(
            select(*columns).where(events.c.decision_id.in_(ids)).order_by(events.c.sequence)
        )
        happened = grouped(of_events)
    return [_logged(row, listed.get(row.decision_id, ()), happened.get(row.decision_id, ())) for row in rows]


def whole_log(engine: Engine, since: float | None = None, page: int = PAGE) -> Iterator[Logged]:
    """All of :func:`page_of_log`, of which a page at a time is held.

    Args:
        engine: the database.
        since: see there.
        page: decisions read at a time.
    """
    after = 0
    while found := page_of_log(engine, after, page, since):
        yield from found
        after = found[-1].sequence


def orphans(engine: Engine) -> int:
    """How many events name a decision that nobody made."""
    with reading(engine) as connection:
        return connection.execute(select(func.count()).where(events.c.status == "orphan")).scalar_one()


def grouped(rows: Iterable[Row]) -> dict[str, list[Row]]:  # type: ignore[type-arg]
    """The rows of each decision, in their order."""
    groups: dict[str, list[Row]] = {}  # type: ignore[type-arg]
    for row in rows:
        groups.setdefault(row.decision_id, []).append(row)
    return groups


def _logged(row: Row, listed: Sequence[Row], happened: Sequence[Row]) -> Logged:  # type: ignore[type-arg]
    shown = tuple(Listed(*(getattr(each, name) for name in Listed.__slots__)) for each in listed)
    fields = {name: getattr(row, name) for name in Decision.__slots__ if name != "items"}
    reactions = tuple(Reaction(each.item_id, each.type, tuple(each.over or ()), each.status) for each in happened)
    return Logged(row.sequence, Decision(**fields, items=shown), reactions)
