"""Whole runs, in processes of their own: repeatable, and the same when killed and resumed."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shoprl.errors import RunError
from shoprl.experiments.engine import Experiment
from shoprl.experiments.quick import PLANS, STREAMS, _disjoint_goals, _shown_goals, quick_experiment, reproduce
from shoprl.files import sha256_of
from shoprl.shop.data import ShopData
from shoprl.shop.generated import generated_data
from tests.support.fakerun import ROOT, environment, results_of, shared_run, tiny, use_fake_backbone


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_run(tmp_path_factory)[0]


def digests(folder: Path) -> dict[str, str]:
    """Of everything that does not hold a time or a place."""
    kept = (
        "policies/*/*",
        "trajectories/*",
        "episodes/*/*",
        "thompson/*/*",
        "data/*",
        "split*.json",
        "training/*/log.jsonl",
    )
    return {str(path.relative_to(folder)): sha256_of(path) for pattern in kept for path in folder.glob(pattern)}


def kill_in_training(command: list[str], folder: Path, name: str, seconds: float = 200.0) -> None:
    """Start a run and kill it when the training of this name has its first checkpoint."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + seconds
        while not (folder / "training" / name / "checkpoint.safetensors").is_file():
            assert process.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < end, "no checkpoint came"
            time.sleep(0.002)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL
    assert not (folder / "results.json").exists()
    assert json.loads((folder / "run.json").read_text())["status"] == "running"


def test_two_runs_of_one_seed_are_equal(finished: Path, tmp_path: Path) -> None:
    done = subprocess.run(tiny(tmp_path / "run"), cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert results_of(tmp_path / "run") == results_of(finished)
    assert digests(tmp_path / "run") == digests(finished)
    for figure in (finished / "figures").iterdir():
        assert (tmp_path / "run" / "figures" / figure.name).read_bytes() == figure.read_bytes()


def test_killed_and_resumed_equals_uninterrupted(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    kill_in_training(tiny(folder), folder, "imitation")
    kill_in_training(tiny(folder, "--resume"), folder, "dpo")
    done = subprocess.run(tiny(folder, "--resume"), cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert results_of(folder) == results_of(finished)
    assert digests(folder) == digests(finished)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_and_resumed_on_the_real_backbone(tmp_path: Path) -> None:
    shoprl = str(Path(sys.executable).with_name("shoprl"))
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    commands = [[shoprl, "reproduce", "--budget", "tiny", "--out", str(each), "--json"] for each in (whole, cut)]
    subprocess.run(commands[0], cwd=ROOT, env=dict(os.environ), check=True, capture_output=True)
    kill_in_training(commands[1], cut, "imitation")
    subprocess.run([*commands[1], "--resume"], cwd=ROOT, env=dict(os.environ), check=True, capture_output=True)
    assert results_of(cut) == results_of(whole)
    assert digests(cut) == digests(whole)
    row = json.loads(
        subprocess.run(
            [shoprl, "recommend", "a mug under $20", "--run", str(cut), "--runs", "3", "--json"],
            check=True,
            capture_output=True,
        ).stdout
    )
    assert row["runs"] == 3


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
