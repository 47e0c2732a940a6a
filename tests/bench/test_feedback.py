from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoprl.errors import ConfigError
from tests.support.toyshop import toy_data

pytest.importorskip("alembic", reason="needs the extra service")
pytest.importorskip("fastapi", reason="needs the extra service")
pytest.importorskip("torch", reason="needs the extra train")
from shoprl.bench.feedback import FeedbackConfig, Place, Trained, bench_feedback, measured, rounds_of
from shoprl.bench.population import Population
from shoprl.bench.served import Client
from shoprl.service.config import ServiceConfig
from tests.support.serving import running

SMALL = FeedbackConfig(sessions=12, rounds=3, held_out=4, clients=1)


def test_rates_and_differences_are_those_of_the_same_requests() -> None:
    sold = {
        "untouched": [True, False, False, False] * 25,
        "learned": [True, True, False, False] * 25,
        "control": [False, False, True, False] * 25,
    }
    row = measured(sold)
    assert row["requests"] == 100
    assert {name: each["value"] for name, each in row["rates"].items()} == {
        "untouched": 0.25, "learned": 0.5, "control": 0.25
    }  # fmt: skip
    assert row["raised_by"] == 1
    less = row["learned_less"]
    assert (less["untouched"]["value"], less["control"]["value"]) == (0.25, 0.25)
    assert 0 < less["untouched"]["low"] < 0.25 < less["untouched"]["high"]
    # the learned policy loses where the control wins: paired, that difference is the less certain one
    assert less["control"]["high"] - less["control"]["low"] > less["untouched"]["high"] - less["untouched"]["low"]
    none = measured({"untouched": [False], "learned": [False]})
    assert none["raised_by"] is None
    assert none["rates"]["learned"]["high"] > 0.5  # one request says little


def test_the_newest_policy_plays_beside_the_untouched_one(tmp_path: Path) -> None:
    data = toy_data()
    people = Population(data.shop, data.goals, "price", np.random.default_rng(0))
    calls: list[Any] = []
    with running(f"sqlite:///{tmp_path / 'service.db'}", ServiceConfig(reward_window=10)) as service:

        def train(name: str, number: int) -> Trained:
            calls.append((name, number, {each["policy"] for each in arms()}))
            service.hands.now += 60  # what was earned counts now
            with service.service.engine.begin() as connection:
                register(connection, name, "rule", service.hands.now)
            return Trained(name, "control", {"round": number})

        def arms() -> Any:
            return service.client.get("/v1/experiments").json()["arms"]

        from shoprl.service.policies import register

        goals, seeds = list(data.goals[:12]), list(range(12))
        rows, last = rounds_of(Client(service.client), people, goals, seeds, SMALL, train)  # type: ignore[arg-type]
        now = {each["policy"]: each["role"] for each in arms()}
    assert calls == [
        ("round-1", 1, {"pretrained"}),
        ("round-2", 2, {"pretrained", "round-1"}),
        ("round-3", 3, {"pretrained", "round-2"}),
    ]
    assert last == Trained("round-3", "control", {"round": 3})
    assert now == {"pretrained": "active", "round-3": "candidate"}
    assert [row["sessions"] for row in rows] == [4, 4, 4]
    assert rows[0]["blocks"][0]["sessions"] == {"pretrained": 4}
    assert set(rows[1]["blocks"][0]["sessions"]) <= {"pretrained", "round-1"}
    assert rows[2]["training"] == {"round": 3}


def test_what_does_not_fit_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="sessions 2: fewer than rounds"):
        FeedbackConfig(sessions=2, rounds=3)
    with pytest.raises(ConfigError, match=r"products 100: the shop has .* Give a larger shop"):
        bench_feedback(tmp_path, "price", 0, FeedbackConfig(products=100))
    assert not (tmp_path / "result.json").exists()


def test_a_folder_of_its_own_is_given_to_the_service(tmp_path: Path) -> None:
    place = Place(tmp_path / "store", tmp_path / "work")
    words = place.served(FeedbackConfig(runs=4, reward_window=7), 0.2)
    given = dict(zip(words[::2], words[1::2], strict=True))
    assert given == {
        "--catalog": str(tmp_path / "store"),
        "--database": f"sqlite:///{tmp_path}/work/feedback.sqlite",
        "--temperature": "0.2",
        "--runs": "4",
        "--reward-window": "7",
    }
