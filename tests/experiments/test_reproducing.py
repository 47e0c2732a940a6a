"""Whole runs, in processes of their own: repeatable, and the same when killed and resumed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from shoprl.errors import RunError
from shoprl.evaluation.evaluate import evaluate
from shoprl.evaluation.results import PolicyRow, RunResults
from shoprl.experiments import reproducing
from shoprl.experiments.engine import Experiment, ExperimentOutcome
from shoprl.experiments.plan import Plan, Recipe
from shoprl.experiments.reproducing import run_recipe, write_run_report
from shoprl.files import sha256_of, write_json_lines
from shoprl.policies.simple import RandomPolicy, RulePolicy
from shoprl.shop.data import ShopData, read_data
from shoprl.training.dpo import DPOConfig
from tests.support.fakerun import ROOT, environment, results_of, shared_run, tiny
from tests.support.folders import HOSTILE
from tests.support.png import check_png


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


@pytest.mark.parametrize(("seed", "resume"), [(1, True), (0, False)])
def test_a_folder_of_another_run_is_refused(finished: Path, tmp_path: Path, seed: int, resume: bool) -> None:
    shutil.copy(finished / "run.json", tmp_path)
    before = (tmp_path / "run.json").read_bytes()
    with pytest.raises(RunError):
        run_recipe(tmp_path, None, None, "tiny", seed, resume)
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]
    assert (tmp_path / "run.json").read_bytes() == before


def test_a_finished_run_reports_again_and_stays_as_it_is(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "run")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    torch.set_num_threads(1)
    results, shop = run_recipe(tmp_path / "run", None, None, "tiny", 0, resume=True)
    assert results.to_json() == json.loads((finished / "results.json").read_text())
    assert shop.hashes() == read_data(finished / "data").hashes()
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")} == before


def test_the_record_and_the_results_agree(finished: Path) -> None:
    record, results = (json.loads((finished / f"{name}.json").read_text()) for name in ("run", "results"))
    assert record["status"] == "done"
    assert {name: record[name] for name in ("best_policy", "wall_seconds")} == {
        name: results[name] for name in ("best_policy", "wall_seconds")
    }
    wall = results["wall_seconds"]
    assert wall["total"] == pytest.approx(sum(wall.values()) - wall["total"], abs=0.01)
    assert {"encoding", "demonstrations", "training dpo", "thompson sampling", "report"} < set(wall)
    assert results["budget"] == "tiny"
    assert record["settings"]["seed"] == results["seed"] == 0


def test_figures_and_report(toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    plan = Plan({"dpo": Recipe("dpo", DPOConfig())}, {}, {})
    run = Experiment(tmp_path, toy, 0, plan, wall={"training": 12.34})
    write_json_lines(
        tmp_path / "training" / "dpo" / "log.jsonl", [{"update": 1, "loss": 0.5}, {"update": 2, "loss": 0.25}]
    )
    goals = run.goals(toy.split.test[:4])
    tests = {each.name: evaluate(each, run.task, goals, "greedy", 0, "") for each in (RulePolicy(), RandomPolicy())}
    results = RunResults(
        agents={name: PolicyRow.of(test.summary) for name, test in tests.items()},
        **{"budget": HOSTILE, "seed": 0, "threads": 1, "machine": {}, "versions": {}, "hashes": toy.hashes()},
    )
    curves: dict[str, Any] = {}
    plot = reproducing.plot_panels
    monkeypatch.setattr(reproducing, "plot_panels", lambda panels, path: (curves.update(panels), plot(panels, path))[1])
    write_run_report(run, ExperimentOutcome(results, tests), results)
    assert curves == {"Loss: dpo": {"dpo": [[(1, 0.5), (2, 0.25)]]}}
    for name in ("agents", "losses"):
        check_png(tmp_path / "figures" / f"{name}.png")
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"agents.png", "losses.png"}
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert HOSTILE not in html
    assert "<script>alert" not in html
    assert "12.3" in html  # the seconds come from the experiment
    apart = next(
        toy.goals[a.goal_index].instruction
        for a, b in zip(tests["rule"].episodes, tests["random"].episodes, strict=True)
        if a.reward != b.reward
    )
    assert apart in html
