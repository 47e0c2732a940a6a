"""Two policies' lists for one request, side by side, and which of them somebody preferred."""

from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import Connection, func, insert, select, update

from shoprl.service.tables import comparisons, decisions

Preferred = Literal["left", "right", "neither"]
PREFERRED: tuple[Preferred, ...] = get_args(Preferred)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two lists side by side.

    Attributes:
        comparison_id: the service's own.
        left, right: the decisions.
        made_at: seconds since 1970 in UTC; so is the last.
        preferred: the better list; ``neither`` where there is none; None until somebody said.
        answered_at: when they did.
    """

    comparison_id: str
    left: str
    right: str
    made_at: float
    preferred: Preferred | None = None
    answered_at: float | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How often people preferred the lists of one policy to those of another.

    Attributes:
        policies: both, by name.
        wins: of the first and of the second.
        ties: comparisons in which neither was preferred.
    """

    policies: tuple[str, str]
    wins: tuple[int, int]
    ties: int


def keep_comparison(connection: Connection, made: Comparison) -> None:
    """Keep two lists that are shown side by side."""
    connection.execute(insert(comparisons), [{name: getattr(made, name) for name in Comparison.__slots__}])


def find_comparison(connection: Connection, comparison_id: str) -> Comparison | None:
    """A comparison by its id."""
    own = comparisons.c.comparison_id == comparison_id
    row = connection.execute(select(comparisons).where(own)).mappings().first()
    return None if row is None else Comparison(**{name: row[name] for name in Comparison.__slots__})


def prefer(connection: Connection, comparison_id: str, preferred: Preferred, now: float) -> bool:
    """Keep which list was preferred; the first answer stays.

    Returns:
        Whether this was the first one.
    """
    own = (comparisons.c.comparison_id == comparison_id, comparisons.c.preferred.is_(None))
    changed = connection.execute(update(comparisons).where(*own).values(preferred=preferred, answered_at=now))
    return bool(changed.rowcount)


def tallies(connection: Connection) -> list[Tally]:
    """What came of all comparisons that were answered, for each two policies."""
    left, right = decisions.alias("left_decision"), decisions.alias("right_decision")
    columns = (left.c.policy.label("one"), right.c.policy.label("other"), comparisons.c.preferred)
    chosen = (
        select(*columns, func.count().label("times"))
        .join(left, left.c.decision_id == comparisons.c.left)
        .join(right, right.c.decision_id == comparisons.c.right)
        .where(comparisons.c.preferred.is_not(None))
        .group_by(*columns)
    )
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for row in connection.execute(chosen):
        first, second = sorted((row.one, row.other))
        named = {"left": row.one, "right": row.other}.get(row.preferred, "")
        own = counts.setdefault((first, second), {})
        own[named] = own.get(named, 0) + row.times
    return [
        Tally(pair, (own.get(pair[0], 0), own.get(pair[1], 0)), own.get("", 0)) for pair, own in sorted(counts.items())
    ]
