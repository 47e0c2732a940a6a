"""Whole runs, in processes of their own: repeatable, and the same when killed and resumed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shoprl.errors import RunError
from shoprl.experiments.engine import Experiment
from shoprl.experiments.quick import PLANS, STREAMS, _disjoint_goals, _shown_goals, quick_experiment, reproduce
from shoprl.shop.data import ShopData
from shoprl.shop.generated import generated_data
from tests.support.fakerun import results_of, shared_run, use_fake_backbone


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_run(tmp_path_factory)[0]


def test_its_results_hold_together(finished: Path) -> None:
    results, data = results_of(finished), generated_data(PLANS["tiny"].products, 0)
    assert set(results["agents"]) == {"rule", "rule-options", *PLANS["tiny"].recipes}
    assert results["hashes"] == data.hashes()
    for name, row in results["agents"].items():
        assert row["episodes"] == len(data.split.test)
        assert row["success_rate_interval"][0] <= row["success_rate"] <= row["success_rate_interval"][1]
        unseen = row["unseen_products"]
        assert (unseen["success_rate"] is None) == (unseen["n"] == 0)
        assert unseen["n"] == row["episodes"] if name.startswith("rule") else unseen["n"] <= row["episodes"]
        assert row["disjoint"]["n"] <= PLANS["tiny"].disjoint_goals
    change = results["comparison"]["success_rate_difference"]
    rates = [results["agents"][name]["success_rate"] for name in ("dpo", "control")]
    assert change["value"] == pytest.approx(rates[0] - rates[1])
    test, episodes = results["comparison"]["mcnemar"], results["comparison"]["episodes"]
    assert test["only_first"] - test["only_second"] == pytest.approx(change["value"] * episodes)
    chosen = results["chosen_on_eval_goals"]
    best = max(chosen, key=lambda name: (chosen[name]["success_rate"], chosen[name]["score"]))
    assert results["best_policy"] == f"policies/{best}"
    assert sum(arm["rollouts"] for arm in results["thompson"]["arms"].values()) == PLANS["tiny"].rollouts


def run_of(folder: Path, data: ShopData) -> Experiment:
    return quick_experiment(folder, data, 0, PLANS["tiny"])


def test_training_and_test_goals_are_apart(tmp_path: Path) -> None:
    run = run_of(tmp_path, generated_data(120, 0))
    train = set(_shown_goals(run))
    test, chosen, apart = (
        {index for index, _ in part} for part in (run.test_goals(), run.eval_goals(), _disjoint_goals(run))
    )
    assert train
    assert test
    assert chosen
    assert apart
    assert not train & (test | chosen | apart)
    assert not test & (chosen | apart)
    shown = {run.data.goals[index].asin for index in train}
    assert not shown & {run.data.goals[index].asin for index in apart}


def test_each_random_stream_has_draws_of_its_own(tmp_path: Path) -> None:
    run = run_of(tmp_path, generated_data(120, 0))
    first = [run.rng(stream).random() for stream in STREAMS]
    assert first == [run.rng(stream).random() for stream in STREAMS]
    assert len(set(first)) == len(STREAMS) == 6
    with pytest.raises(KeyError):
        run.rng("nonsense")


def test_no_training_goals_are_an_error(toy: ShopData, tmp_path: Path) -> None:
    data = replace(toy, split=replace(toy.split, train=()))
    with pytest.raises(RunError, match="no training goal"):
        reproduce(run_of(tmp_path, data))
    assert list(tmp_path.iterdir()) == []


def test_the_global_generators_are_left_alone(toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_fake_backbone(monkeypatch)
    monkeypatch.setattr("shoprl.experiments.engine.average_skill", lambda *_: 0.6)
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    tiny_ = PLANS["tiny"]
    data = {name: tuple(replace(part, count=6) for part in parts) for name, parts in tiny_.data.items()}  # type: ignore[union-attr]
    plan = replace(tiny_, data=data, rollouts=4, eval_goals=2, disjoint_goals=2)
    reproduce(quick_experiment(tmp_path, toy, 0, plan))
    after = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert after[1] == before[1]
    assert torch.equal(after[0], before[0])
