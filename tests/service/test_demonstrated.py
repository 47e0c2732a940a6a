"""What people's sessions give to learn from: files that are read back, and an agent that learns from them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from shoprl.errors import TrajectoryError
from shoprl.service.database import open_database, writing
from shoprl.service.demonstrated import (
    goal_of,
    import_demonstrations,
    session_rows,
    site_log_of,
    site_log_rows,
    trajectory_of,
)
from shoprl.service.demonstrations import Demonstration, pseudonym, start
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.shoppers import demonstrations
from shoprl.trajectories.site_logs import import_site_logs
from tests.support.site_logs import write_log

BRASS = ("search[brass lamp]", "click[b0lamp0002]", "click[buy now]")


def session(toy: ShopData, code: str, index: int | None, actions: tuple[str, ...], **changes: object) -> Demonstration:
    goal = None if index is None else toy.goals[index]
    made = Demonstration(
        code=code,
        request="a brass lamp" if goal is None else goal.instruction,
        goal=None if goal is None else goal.to_json(),
        goal_index=index,
        shop=toy.catalog.content_hash,
        consent="I agree.",
        started_at=100.0,
        changed_at=200.0,
        actions=actions,
        status="bought",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def expert(toy: ShopData, seed: int) -> tuple[int, tuple[str, ...]]:
    (made,) = demonstrations(ShopTask(toy.shop, 30), toy.goals, toy.split.train, 1, 1.0, np.random.default_rng(seed))
    return made.goal_index, tuple(each.action.lower() for each in made.decisions)


@pytest.fixture
def engine(tmp_path: Path, toy: ShopData) -> Engine:
    """A database with four sessions that can be learned from, and some that cannot."""
    engine = open_database(f"sqlite:///{tmp_path / 'service.db'}")
    with writing(engine) as connection:
        for seed in range(3):
            start(connection, session(toy, f"GIVEN-{seed}", *expert(toy, seed)))
        start(connection, session(toy, "OWN", None, BRASS))
        start(connection, session(toy, "LEFT", None, BRASS[:2], status="left"))
        start(connection, session(toy, "TEST", toy.split.test[0], BRASS))
        start(
            connection, session(toy, "OTHER", None, ("search[lamp]", "click[b0gone0001]", "click[buy now]"), shop="e")
        )
    return engine


def test_sessions_are_imported_with_a_goal_each(engine: Engine, toy: ShopData) -> None:
    found = import_demonstrations(engine, toy)
    assert [(each.source, each.status) for each in found.outcomes] == [
        *((f"GIVEN-{seed}", "used") for seed in range(3)),
        ("OWN", "used"),
        ("LEFT", "not bought"),
        ("TEST", "held out"),
        ("OTHER", "not replayable"),
    ]
    assert [each.goal_index for each in found.episodes] == [0, 1, 2, 3]
    assert [each.reward for each in found.episodes] == [1.0] * 4
    assert found.goals[0] == toy.goals[expert(toy, 0)[0]]
    own = found.goals[3]
    assert (own.instruction, own.asin, own.options) == ("a brass lamp", "B0LAMP0002", {})
    assert tuple(each.action for each in found.episodes[3].decisions) == BRASS


def test_a_database_without_sessions_is_said_to_be(tmp_path: Path, toy: ShopData) -> None:
    with pytest.raises(TrajectoryError, match="holds no session"):
        import_demonstrations(open_database(f"sqlite:///{tmp_path / 'service.db'}"), toy)


def test_exports_hold_what_was_bought_in_this_catalogue(engine: Engine, toy: ShopData) -> None:
    rows = session_rows(engine, toy.shop)
    codes = ("GIVEN-0", "GIVEN-1", "GIVEN-2", "OWN", "TEST")
    assert [row["about"]["code"] for row in rows.rows] == list(map(pseudonym, codes))
    assert not any(code in json.dumps((rows.rows, site_log_rows(engine, toy.shop).rows)) for code in codes)
    assert rows.left_out == {"catalogue changed since": 1}
    given, own = rows.rows[0], rows.rows[3]
    assert (given["reward"], given["goal"]["asin"], given["about"]["goal_index"]) == (
        1.0,
        toy.goals[expert(toy, 0)[0]].asin,
        expert(toy, 0)[0],
    )
    assert (own["reward"], own["goal"], own["actions"], own["about"]["started_at"]) == (
        None,
        None,
        list(BRASS),
        "1970-01-01T00:01:40+00:00",
    )
    first = session_rows(engine, toy.shop, limit=2)
    rest = session_rows(engine, toy.shop, after=first.after or 0)
    assert (*first.rows, *rest.rows) == rows.rows
    assert json.loads(json.dumps(rows.rows)) == list(rows.rows)


def test_a_session_that_does_not_replay_leaves_the_others(engine: Engine, toy: ShopData) -> None:
    gone = ("search[lamp]", "click[b0gone0001]", "click[buy now]")
    with writing(engine) as connection:
        start(connection, session(toy, "GONE", None, gone))
    found = session_rows(engine, toy.shop)
    assert len(found.rows) == 5
    assert found.left_out == {"catalogue changed since": 1, "not replayable": 1}


def test_logs_in_the_form_of_the_site_are_read_back(engine: Engine, toy: ShopData, tmp_path: Path) -> None:
    for row in site_log_rows(engine, toy.shop).rows:
        write_log(tmp_path / "logs" / f"{row['session']}.jsonl", row["lines"])
    found = import_site_logs(tmp_path / "logs", toy)
    assert {Path(each.source).stem: each.status for each in found.outcomes} == {
        **{pseudonym(f"GIVEN-{seed}"): "used" for seed in range(3)},
        pseudonym("OWN"): "used",
        pseudonym("TEST"): "held out",
    }
    actions = [tuple(x.action for x in each.decisions) for each in found.episodes]
    assert sorted(actions) == sorted([*(expert(toy, seed)[1] for seed in range(3)), BRASS])
    assert [each.reward for each in found.episodes] == [1.0] * 4


def test_a_session_without_a_purchase_has_no_goal_of_its_own(toy: ShopData) -> None:
    left = session(toy, "LEFT", None, BRASS[:2])
    assert goal_of(toy.shop, left) is None
    assert site_log_of(toy.shop, left) == []


def test_what_cannot_be_replayed_is_said(toy: ShopData) -> None:
    with pytest.raises(TrajectoryError, match="step 2 of 3"):
        trajectory_of(toy.shop, 1, session(toy, "X", None, ("search[lamp]", "click[b0gone0001]", "click[buy now]")))
