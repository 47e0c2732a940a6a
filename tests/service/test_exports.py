import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from shoprl.errors import ConfigError, LogError
from shoprl.evaluation.lists import ListLog, ips
from shoprl.service.database import open_database, reading, writing
from shoprl.service.decisions import Listed, keep
from shoprl.service.exports import (
    MAX_PAGE,
    Page,
    bandit_feedback,
    off_policy_log,
    raw_decisions,
    raw_events,
    ubi_events,
    ubi_queries,
)
from shoprl.service.feedback import EVENT_TYPES, record
from shoprl.service.rewards import RewardRule, earned
from shoprl.service.tables import decisions, events
from tests.support.service import decision, happened

Export = Callable[..., Page]
RULE, NOW = RewardRule(events=("purchase", "click")), 300.0
EXPORTS: dict[str, Export] = {
    "ubi_queries": ubi_queries,
    "ubi_events": ubi_events,
    "off_policy": lambda connection, **page: off_policy_log(connection, RULE, NOW, **page),
    "raw_decisions": raw_decisions,
    "raw_events": raw_events,
}
PROPENSITIES = (0.5, 0.4, 1.0)


def listed(*names: str) -> tuple[Listed, ...]:
    places = enumerate(zip(names, PROPENSITIES, strict=False), start=1)
    return tuple(Listed(place, name, chance, {"title": name}) for place, (name, chance) in places)


def fill(engine: Engine) -> None:
    """Decisions whose windows end at 200, but for some, and feedback on them in time and late."""
    made = [decision(f"d_{number}", items=listed("B1", "B2", "B3")) for number in range(6)]
    made[1] = decision(
        "d_1", items=listed("B2"), policy="new", policy_propensity=0.25, context={"client_id": "c", "n": 3}
    )
    made += [decision("d_open", 400.0), decision("d_hidden", None), decision("d_empty", items=())]
    about = [
        ("d_0", "B2", "click"),
        ("d_0", "B9", "purchase"),
        ("d_2", "B1", "impression"),
        ("d_2", "B2", "impression"),
        ("d_2", "B2", "purchase"),
        ("d_3", "B1", "impression"),
        ("d_3", "B3", "dislike"),
        ("d_4", "B9", "impression"),
        ("d_open", "B1", "purchase"),
        ("d_nobody", "B1", "click"),
    ]
    feedback = [happened(f"e{n}", decision_id=d, item_id=i, type=t) for n, (d, i, t) in enumerate(about)]
    feedback.append(happened("over", decision_id="d_1", item_id="B2", type="prefers", over=("B1",), value=2.5))
    late = [
        happened(f"l{n}", decision_id="d_5", item_id="B1", type=t) for n, t in enumerate(("purchase", "impression"))
    ]
    with writing(engine) as connection:
        keep(connection, made)
        record(connection, feedback, 150.0)
        record(connection, late, 250.0)


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    engine = open_database(address)
    fill(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with reading(engine) as connection:
        yield connection


def whole(export: Callable[..., Page], limit: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = export(after=after, limit=limit)
        assert page.next is None or page.next > after
        rows += page.rows
        after = page.next
    return rows


@pytest.mark.parametrize("name", EXPORTS)
@given(limit=st.integers(1, 20))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_pages_of_any_length_hold_the_same_rows(name: str, connection: Connection, limit: int) -> None:
    export = partial(EXPORTS[name], connection)
    everything = export(after=0, limit=MAX_PAGE)
    assert everything.next is None
    assert whole(export, limit) == everything.rows
    assert len(everything.rows) >= 8
    assert json.loads(json.dumps(everything.rows, allow_nan=False)) == everything.rows


@pytest.mark.parametrize("name", EXPORTS)
def test_what_comes_later_is_on_the_next_page(name: str, engine: Engine) -> None:
    with reading(engine) as connection:
        before = whole(partial(EXPORTS[name], connection), 3)
    with writing(engine) as connection:
        keep(connection, [decision("d_new")])
        record(connection, [happened("new", decision_id="d_new")], 150.0)
    with reading(engine) as connection:
        after = whole(partial(EXPORTS[name], connection), 3)
    assert after[: len(before)] == before
    assert len(after) > len(before)


@pytest.mark.parametrize("name", EXPORTS)
def test_an_empty_log_has_one_empty_page(name: str, tmp_path: Any) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'empty.db'}")
    with reading(engine) as connection:
        assert EXPORTS[name](connection) == Page([], None)
        for wrong in ({"limit": 0}, {"limit": MAX_PAGE + 1}, {"after": -1}, {"after": 2**63}):
            with pytest.raises(ConfigError, match=f"{next(iter(wrong))} {next(iter(wrong.values()))}"):
                EXPORTS[name](connection, **wrong)
    engine.dispose()


def off_policy(connection: Connection, rule: RewardRule = RULE, now: float = NOW) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in off_policy_log(connection, rule, now).rows:
        found.setdefault(row["decision_id"], []).append(row)
    return found


def test_the_off_policy_log_holds_what_was_seen_and_what_it_earned(connection: Connection) -> None:
    found = off_policy(connection)
    seen = {name: [(row["action"], row["reward"]) for row in rows] for name, rows in found.items()}
    assert seen == {
        "d_0": [("B1", 0.0), ("B2", 1.0), ("B3", 0.0)],  # no impressions were sent: all were seen
        "d_1": [("B2", 0.0)],
        "d_2": [("B1", 0.0), ("B2", 1.0)],
        "d_3": [("B1", 0.0), ("B3", 0.0)],  # disliked, so seen
        "d_4": [("B1", 0.0), ("B2", 0.0), ("B3", 0.0)],  # the impression was of another list's item
        "d_5": [("B1", 0.0), ("B2", 0.0), ("B3", 0.0)],  # all came late
    }
    row = found["d_3"][1]
    assert (row["position"], row["propensity"], row["pscore"]) == (3, 1.0, 1.0)
    assert row["pscore_cascade"] == pytest.approx(0.5 * 0.4)  # the second stands above it, seen or not
    assert found["d_1"][0]["policy_propensity"] == 0.25
    assert (found["d_1"][0]["policy"], found["d_1"][0]["version"]) == ("new", "1")
    assert found["d_1"][0]["context"] == {
        "request": "a red mug",
        "settings": {"k": 2},
        "client": {"client_id": "c", "n": 3},
    }


def test_decisions_count_once_their_windows_are_over(connection: Connection) -> None:
    assert "d_open" in off_policy(connection, now=500.0)
    assert "d_hidden" not in off_policy(connection, now=500.0)
    assert off_policy(connection, now=200.0) == {}


@pytest.mark.parametrize("rule", [RewardRule(), RULE, RewardRule(events=("dislike",), default=0.25)])
def test_rewards_of_decisions_are_those_that_the_arms_get(rule: RewardRule, connection: Connection) -> None:
    arms = {
        key: (count - (key[0] == "pretrained"), reward - rule.default * (key[0] == "pretrained"))
        for key, (count, reward) in earned(connection, rule, 0.0, NOW).items()  # which count the empty list too
    }
    for (policy, _), (count, reward) in arms.items():
        rewards = [
            rows[0]["decision_reward"] for rows in off_policy(connection, rule).values() if rows[0]["policy"] == policy
        ]
        assert (len(rewards), sum(rewards)) == (count, reward)


def test_a_log_is_read_as_bandit_feedback(connection: Connection) -> None:
    rows = off_policy_log(connection, RULE, NOW).rows
    made = bandit_feedback(rows)
    assert made["items"] == ["B1", "B2", "B3"]
    assert [made["items"][number] for number in made["action"]] == [row["action"] for row in rows]
    assert made["position"].tolist() == [row["position"] - 1 for row in rows]
    assert made["reward"].sum() == 2
    assert (made["n_rounds"], made["n_actions"], made["context"].shape) == (len(rows), 3, (len(rows), 1))
    assert len(np.unique(made["slate_id"])) == 6
    for name in ("action", "position", "slate_id"):
        assert np.issubdtype(made[name].dtype, np.integer)
    with pytest.raises(LogError, match="window"):
        bandit_feedback([])


def test_open_bandit_pipeline_reads_a_log_and_finds_what_we_find(address: str) -> None:
    ope = pytest.importorskip("obp.ope", reason="needs obp, which asks for old versions of what is installed here")
    rng = np.random.default_rng(0)
    scores = {"B1": 3.0, "B2": 2.0, "B3": 1.0}
    made, clicks = [], []
    for number in range(60):
        names = rng.permutation(list(scores)).tolist()
        chances = [scores[name] / sum(scores[each] for each in names[place:]) for place, name in enumerate(names)]
        places = enumerate(zip(names, chances, strict=True), start=1)
        made.append(decision(f"d_{number}", items=tuple(Listed(place, *each, {}) for place, each in places)))
        clicks += [
            happened(f"{number}{name}", decision_id=f"d_{number}", item_id=name) for name in names if rng.random() < 0.4
        ]
    engine = open_database(address)
    with writing(engine) as connection:
        keep(connection, made)
        record(connection, clicks, 150.0)
    with reading(engine) as connection:
        feedback = bandit_feedback(off_policy_log(connection, RULE, NOW).rows)
    engine.dispose()
    target = np.tile([1 / 3, 1 / 2, 1.0], 60)
    log = ListLog(*(each.reshape(60, 3) for each in (feedback["pscore"], target, feedback["reward"])))
    common = {name: feedback[name] for name in ("slate_id", "reward", "position")}
    cascade = np.cumprod(target.reshape(60, 3), axis=1).ravel()
    found = ope.SlateRewardInteractionIPS(len_list=3).estimate_policy_value(
        **common, pscore_cascade=feedback["pscore_cascade"], evaluation_policy_pscore_cascade=cascade
    )
    assert found == pytest.approx(ips(log).estimate.value)
    found = ope.SlateIndependentIPS(len_list=3).estimate_policy_value(
        **common, pscore_item_position=feedback["pscore"], evaluation_policy_pscore_item_position=target
    )
    assert found == pytest.approx(ips(log, "independent").estimate.value)
    shares = np.full((180, 3, 3), 1 / 3)
    plain = ope.OffPolicyEvaluation(feedback, [ope.InverseProbabilityWeighting()]).estimate_policy_values(shares)
    assert plain["ipw"] == pytest.approx((feedback["reward"] / 3 / feedback["pscore"]).mean())


def fits_ubi(row: dict[str, Any]) -> None:
    """What schema 1.3.0 asks of the fields that queries and events share."""
    for name in ("application", "query_id", "client_id", "session_id", "user_id", "action_name"):
        assert isinstance(row.get(name, ""), str)
        assert len(row.get(name, "")) <= 100
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", row["timestamp"])


def test_events_are_as_ubi_wants_them(connection: Connection) -> None:
    rows = ubi_events(connection, application="mugs").rows
    for row in rows:
        fits_ubi(row)
        assert row["action_name"] in EVENT_TYPES
        assert row["application"] == "mugs"
        assert type(row["event_attributes"]["position"]["ordinal"]) is int
        assert 0 < len(row["event_attributes"]["object"]["object_id"]) <= 256
    ids = [row["event_attributes"]["event_id"] for row in rows]
    assert ids == ["e0", "e2", "e3", "e4", "e5", "e6", "e8", "over", "l0", "l1"]  # not on unknown lists and items
    first, preferred = rows[0], rows[ids.index("over")]
    assert (first["query_id"], first["action_name"], first["timestamp"]) == (
        "d_0",
        "click",
        "1970-01-01T00:01:41.000+00:00",
    )
    assert first["event_attributes"]["position"] == {"ordinal": 2}
    assert "client_id" not in first
    assert preferred["client_id"] == "c"
    assert preferred["event_attributes"]["over"] == ["B1"]
    assert preferred["event_attributes"]["value"] == 2.5
    assert rows[-1]["event_attributes"]["status"] == "late"


def test_queries_are_as_ubi_wants_them(connection: Connection) -> None:
    rows = {row["query_id"]: row for row in ubi_queries(connection).rows}
    assert len(rows) == 9
    for row in rows.values():
        fits_ubi(row)
        assert row["user_query"] == "a red mug"
        assert all(isinstance(name, str) for name in row["query_response_hit_ids"])
    assert rows["d_0"]["query_response_hit_ids"] == ["B1", "B2", "B3"]
    assert rows["d_empty"]["query_response_hit_ids"] == []
    assert rows["d_hidden"]["query_attributes"]["shown_at"] is None
    assert rows["d_0"]["query_attributes"]["shown_at"] == rows["d_0"]["timestamp"] == "1970-01-01T00:01:40.000+00:00"
    assert rows["d_1"]["client_id"] == "c"


@pytest.mark.parametrize("who", ["", "x" * 101, 7, None])
def test_who_asked_is_left_out_where_ubi_has_no_room(who: object, address: str) -> None:
    engine = open_database(address)
    with writing(engine) as connection:
        keep(connection, [decision(context={"client_id": who, "session_id": "s"})])
        record(connection, [happened("e", timestamp=1e300), happened("f", timestamp=-5.0)], 150.0)
    with reading(engine) as connection:
        rows = ubi_queries(connection).rows + ubi_events(connection).rows
    assert all("client_id" not in row and row["session_id"] == "s" for row in rows)
    assert [row["timestamp"][:4] for row in rows] == ["1970", "9999", "1970"]
    engine.dispose()


@pytest.mark.parametrize("name", ["", "x" * 101])
def test_an_applications_name_fits_ubi(name: str, connection: Connection) -> None:
    for export in (ubi_queries, ubi_events):
        with pytest.raises(ConfigError, match="application"):
            export(connection, application=name)


def test_raw_exports_hold_every_column(connection: Connection) -> None:
    made = raw_decisions(connection).rows
    assert len(made) == 9
    assert made[0].keys() == {*decisions.c.keys(), "items"}
    assert made[0]["items"][1] == {"position": 2, "item_id": "B2", "propensity": 0.4, "shown": {"title": "B2"}}
    assert made[-1]["items"] == []
    kept = raw_events(connection).rows
    assert len(kept) == 13
    assert kept[0].keys() == set(events.c.keys())
    assert {row["status"] for row in kept} == {"accepted", "late", "orphan"}
