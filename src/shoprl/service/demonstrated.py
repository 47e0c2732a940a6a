"""What people's sessions give to learn from: trajectories, and logs in the form of WebShop's site."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from shoprl.errors import TrajectoryError
from shoprl.rollouts.records import Episode
from shoprl.service.database import reading
from shoprl.service.demonstrations import Demonstration, page_of_demonstrations, pseudonym, session_of
from shoprl.service.learnable import REQUESTS_SHA256, Learnable
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal, goal_from_json
from shoprl.shop.session import Shop
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.imported import (
    Imported,
    ImportOutcome,
    held_out_goals,
    plain_wish,
    replayed,
    take_recorded,
)
from shoprl.trajectories.purchases import goal_of_purchase
from shoprl.trajectories.site_log_lines import Line, site_log_lines

PAGE = 500  # sessions


def trajectory_of(shop: Shop, number: int, each: Demonstration) -> dict[str, Any]:
    """A session as a line of a trajectory file, with the ``request``, the ``goal`` and ``about``.

    A request of one's own has no goal: its reward is unknown.

    Args:
        shop: the shop that it was begun in.
        number: of the session; ``goal_index``, as ``goals_sha256`` stands for no list of goals.
        each: the session.

    Raises:
        TrajectoryError: an action is not available: the catalogue was changed since.
    """
    goal: Goal | str = each.request if each.goal is None else goal_from_json(dict(each.goal))
    episode = take_recorded(ShopTask(shop), goal, number, each.actions)
    about = {"code": each.code, "goal_index": each.goal_index, "shop": each.shop}
    about |= {name: _iso(getattr(each, name)) for name in ("started_at", "changed_at")}
    row = {"goals_sha256": REQUESTS_SHA256, **episode.to_json(), "request": each.request}
    return row | {"goal": None if each.goal is None else dict(each.goal), "about": about}


def site_log_of(shop: Shop, each: Demonstration) -> list[Line]:
    """A session as a log of WebShop's site.

    For a request of one's own the goal of the log is made of the purchase (:func:`goal_of_purchase`), and of nothing
    where nothing was bought: such a session has no log.
    """
    goal = goal_of(shop, each)
    return [] if goal is None else site_log_lines(shop, goal, each.actions, each.code)


def goal_of(shop: Shop, each: Demonstration) -> Goal | None:
    """The goal behind a session; that of the purchase for a request of one's own, None without a purchase."""
    if each.goal is not None:
        return goal_from_json(dict(each.goal))
    page = session_of(shop, each).page
    if page.kind != "done" or page.product is None:
        return None
    return goal_of_purchase(each.request, page.product, page.options)


def session_rows(engine: Engine, shop: Shop, after: int = 0, limit: int = PAGE) -> Learnable:
    """Sessions that ended in a purchase, as :func:`trajectory_of` has them, with what stands for their codes.

    Args:
        engine: the database.
        shop: as people saw it.
        after: the cursor; see :attr:`Learnable.after`.
        limit: sessions read.

    Raises:
        StorageError: the database cannot be read.
    """
    return _rows(engine, shop, after, limit, lambda number, each: trajectory_of(shop, number, each))


def site_log_rows(engine: Engine, shop: Shop, after: int = 0, limit: int = PAGE) -> Learnable:
    """Sessions that ended in a purchase: ``session``, what stands for their code, and ``lines``, their log.

    Raises:
        StorageError: the database cannot be read.
    """
    return _rows(engine, shop, after, limit, lambda _, x: {"session": x.code, "lines": site_log_of(shop, x)})


def _rows(
    engine: Engine, shop: Shop, after: int, limit: int, row: Callable[[int, Demonstration], Mapping[str, Any]]
) -> Learnable:
    with reading(engine) as connection:
        found = page_of_demonstrations(connection, after, limit)
    rows: list[Mapping[str, Any]] = []
    left_out: Counter[str] = Counter()
    for number, each in found:
        if each.shop != shop.catalog.content_hash:
            left_out["catalogue changed since"] += 1
            continue
        try:
            rows.append(row(number, replace(each, code=pseudonym(each.code))))
        except TrajectoryError:  # the search finds other products now
            left_out["not replayable"] += 1
    return Learnable(tuple(rows), found[-1][0] if len(found) == limit else None, dict(left_out))


def import_demonstrations(engine: Engine, data: ShopData) -> Imported:
    """Demonstrations by the people who shopped in a service's pages, with a goal for each.

    Sessions that ended in a purchase and whose actions the shop still offers are used; those on eval and test goals of
    the data folder are left out, as are requests that say the same as one of them.

    Args:
        engine: the database.
        data: the shop to replay them in.

    Raises:
        StorageError: the database cannot be read.
        TrajectoryError: it holds no session.
    """
    task = ShopTask(data.shop)
    hidden = frozenset(plain_wish(goal.instruction) for goal in held_out_goals(data))
    goals: list[Goal] = []
    episodes: list[Episode] = []
    outcomes: list[ImportOutcome] = []
    for each in _sessions(engine):
        goal = goal_of(data.shop, each) if each.status == "bought" else None
        used = ImportOutcome(each.code, "used", "", each.request, len(each.actions), logged_reward=each.reward)
        if plain_wish(each.request) in hidden:
            used = replace(used, status="held out", reason="its request is that of an eval or test goal")
        elif each.status != "bought":
            used = replace(used, status="not bought", reason="it ends without a purchase")
        elif goal is None:
            used = replace(used, status="not replayable", reason="what was bought is not on sale here any more")
        else:
            episode, status, reason = replayed(task, goal, len(goals), each.actions, [goal.asin])
            used = replace(used, status=status, reason=reason, reward=episode.reward if episode else None)
            if episode is not None:
                goals.append(goal)
                episodes.append(episode)
        outcomes.append(used)
    if not outcomes:
        raise TrajectoryError("The database holds no session. People shop at /shop of `shoprl serve`.")
    return Imported(goals, tuple(episodes), tuple(outcomes))


def _sessions(engine: Engine) -> Iterator[Demonstration]:
    """All of them, of which a page at a time is held."""
    after: int | None = 0
    while after is not None:
        with reading(engine) as connection:
            found = page_of_demonstrations(connection, after, PAGE, status=None)
        yield from (each for _, each in found)
        after = found[-1][0] if len(found) == PAGE else None


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
