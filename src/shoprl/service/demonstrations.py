"""Sessions in which people shop: what they did, kept action by action, under a code in the place of a name."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, delete, insert, select, update

from shoprl.errors import ConfigError
from shoprl.reading import opened
from shoprl.service.tables import demonstrations
from shoprl.shop.goal import goal_from_json
from shoprl.shop.page import item_clickables
from shoprl.shop.session import Session, Shop, parse_action

Status = Literal["open", "bought", "left"]
MAX_STEPS = 500  # of a session
CONSENT = """\
Recorded: the request, the words you search for, the products you open, the options you choose, what you buy, and when.
Not recorded: your name, your address on the internet, or anything else about you. Please type no personal data.
Your session gets a code in the place of a name. Whoever has the code can look at the session and delete it.
You can stop at any time. The recordings are used to train and to evaluate shopping agents, and may be passed on for \
that."""
MAX_CONSENT = 10_000  # characters
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without those that are mistaken for others


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A session in which a person shops.

    Attributes:
        code: of the session; whoever has it can see and delete the session.
        request: what is looked for.
        goal: the goal behind it, in WebShop's fields; None of a request of one's own.
        goal_index: its position in the shop's goals; None of a request of one's own.
        shop: content hash of the catalogue.
        consent: the text that the person agreed to.
        started_at: seconds since 1970 in UTC; so is the next.
        changed_at: when the last action was taken.
        actions: in WebShop's grammar.
        status: ``open``; ``bought``; or ``left`` without buying.
        reward: of the purchase; None before it, and where there is no goal.
    """

    code: str
    request: str
    goal: Mapping[str, Any] | None
    goal_index: int | None
    shop: str
    consent: str
    started_at: float
    changed_at: float
    actions: tuple[str, ...] = ()
    status: Status = "open"
    reward: float | None = None


def new_code() -> str:
    """A session's code: 59 random bits in a form that people can copy by hand."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))


def read_consent(path: Path) -> str:
    """The text of a consent from a file.

    Raises:
        ConfigError: it is missing, no text in UTF-8, empty or too long.
    """
    with opened(path, ConfigError) as file:
        found = file.read(4 * MAX_CONSENT + 1)
    try:
        text = found.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is no text in UTF-8. Save it as UTF-8.") from error
    if not text or len(text) > MAX_CONSENT or "\0" in text:
        raise ConfigError(f"{path}: must hold a text of 1 to {MAX_CONSENT:,} characters.")
    return text


def consent_version(consent: str) -> str:
    """What tells one text of a consent from another one."""
    return sha256(consent.encode()).hexdigest()[:16]


def pseudonym(code: str) -> str:
    """What stands for a session where its code must not, since whoever has the code can delete the session."""
    return sha256(code.encode()).hexdigest()[:16]


def start(connection: Connection, new: Demonstration) -> None:
    """Keep a session that has begun."""
    connection.execute(insert(demonstrations), [asdict(new) | {"actions": list(new.actions)}])


def find(connection: Connection, code: str) -> Demonstration | None:
    """A session by its code."""
    row = connection.execute(select(demonstrations).where(demonstrations.c.code == code)).mappings().first()
    return None if row is None else _read(row)


def extend(connection: Connection, before: Demonstration, after: Demonstration) -> bool:
    """Keep what a session has become.

    Returns:
        False, and nothing is kept, where it is not any more what it was before: another tab was quicker.
    """
    found = find(connection, before.code)
    if found != before:
        return False
    values = {"actions": list(after.actions), "status": after.status, "reward": after.reward}
    values["changed_at"] = after.changed_at
    own = demonstrations.c.code == before.code
    connection.execute(update(demonstrations).where(own).values(values))
    return True


def forget(connection: Connection, code: str) -> bool:
    """Delete a session; returns whether there was one."""
    return bool(connection.execute(delete(demonstrations).where(demonstrations.c.code == code)).rowcount)


def page_of_demonstrations(
    connection: Connection, after: int = 0, limit: int | None = None, status: Status | None = "bought"
) -> list[tuple[int, Demonstration]]:
    """Sessions in the order in which they began, each with its number.

    Args:
        connection: a transaction.
        after: the cursor: those with a greater number.
        limit: how many at most.
        status: those of one status alone; None for all.
    """
    chosen = select(demonstrations).where(demonstrations.c.sequence > after).order_by(demonstrations.c.sequence)
    if status is not None:
        chosen = chosen.where(demonstrations.c.status == status)
    return [(row["sequence"], _read(row)) for row in connection.execute(chosen.limit(limit)).mappings()]


def latest_demonstrations(connection: Connection, limit: int) -> list[Demonstration]:
    """The sessions that changed last, the latest first."""
    chosen = (
        select(demonstrations)
        .order_by(demonstrations.c.changed_at.desc(), demonstrations.c.sequence.desc())
        .limit(limit)
    )
    return [_read(row) for row in connection.execute(chosen).mappings()]


def _read(row: Mapping[Any, Any]) -> Demonstration:
    fields = {name: row[name] for name in Demonstration.__slots__}
    return Demonstration(**fields | {"actions": tuple(row["actions"])})


def session_of(shop: Shop, demonstration: Demonstration) -> Session:
    """The session as its actions left it.

    Args:
        shop: the one that it was begun in.
        demonstration: the session.

    Raises:
        GoalError: the goal's fields were damaged.
    """
    goal = demonstration.goal
    session = Session(shop, demonstration.request if goal is None else goal_from_json(dict(goal)), demonstration.code)
    for action in demonstration.actions:
        session.step(action)
    return session


def takes(session: Session, action: str) -> bool:
    """Whether the page offers an action; a search only where it has a search bar."""
    name, argument = parse_action(action)
    if name == "search":
        return bool(argument and argument.strip()) and session.page.has_search_bar
    return name == "click" and argument is not None and argument != "search" and argument in session.clickables


def unchosen(session: Session) -> Sequence[str]:
    """Names of the options of the product shown that have no value yet; one value alone is no choice."""
    product = session.page.product
    if product is None:
        return ()
    offered = set(item_clickables(product).values())
    return [
        name
        for name, values in product.options.items()
        if name in offered and len(values) > 1 and name not in session.page.options
    ]
