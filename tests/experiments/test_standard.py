"""The standard recipe on a small generated shop and a backbone without weights."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from shoprl.cli.reproduce import Reproduce
from shoprl.errors import RunError
from shoprl.experiments.engine import Experiment, ExperimentOutcome
from shoprl.experiments.standard import Sizes, make_agent, standard_experiment
from shoprl.files import sha256_of
from shoprl.policies.networks.backbone import load_backbone
from shoprl.policies.saving import load_learned
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.generated import generated_data, write_generated
from shoprl.shop.goal import read_goals
from shoprl.training.imitation import ImitationConfig
from shoprl.trajectories.files import read_trajectories
from tests.support.fakerun import use_fake_backbone
from tests.support.tiny_bert import tiny_bert

SMALL = Sizes(
    wordings=1,
    even=10,
    often=8,
    reworded=12,
    imitation=ImitationConfig(updates=6, batch_size=4, checkpoint_every=2, log_every=2, warmup=2),
    corrected_own=6,
    corrected_reworded=6,
    correction=ImitationConfig(updates=4, batch_size=4, checkpoint_every=2, log_every=2, warmup=2),
    eval_goals=8,
)


@pytest.fixture(scope="module")
def data() -> ShopData:
    return generated_data(60, 0)


@pytest.fixture(scope="module", autouse=True)
def fake() -> object:
    with pytest.MonkeyPatch.context() as patch:
        use_fake_backbone(patch)
        yield


@pytest.fixture(scope="module")
def done(data: ShopData, tmp_path_factory: pytest.TempPathFactory) -> tuple[Experiment, ExperimentOutcome]:
    run = standard_experiment(tmp_path_factory.mktemp("run"), data, 0, SMALL)
    return run, make_agent(run, data)


def digests(folder: Path) -> dict[str, str]:
    kept = ("policies/*/*", "trajectories/*", "episodes/*/*", "goals*", "split*.json", "training/*/log.jsonl")
    return {str(path.relative_to(folder)): sha256_of(path) for pattern in kept for path in folder.glob(pattern)}


def test_the_kept_agent_is_the_best_on_eval_goals_and_measured_on_test_goals(
    done: tuple[Experiment, ExperimentOutcome], data: ShopData
) -> None:
    run, outcome = done
    results = json.loads(json.dumps(outcome.results.to_json()))
    chosen, agents = results["chosen_on_eval_goals"], results["agents"]
    best = max(chosen, key=lambda name: (chosen[name]["success_rate"], chosen[name]["score"]))
    assert results["best_policy"] == f"policies/{best}"
    assert set(agents) == {"rule", "rule-options", best, f"{best}, sampled"}
    assert all(row["episodes"] == len(data.split.test) for row in agents.values())
    assert load_learned(run.folder / "policies" / best, run.store).name == best


def test_nothing_is_shown_on_eval_or_test_goals(done: tuple[Experiment, ExperimentOutcome], data: ShopData) -> None:
    run, _ = done
    kept = run.folder / "trajectories"
    shown, corrected = (
        read_trajectories(kept / f"{name}.jsonl.gz", run.data.hashes()["goals"]) for name in ("expert", "corrected")
    )
    indices = {episode.goal_index for episode in [*shown, *corrected]}
    assert len(shown) == SMALL.even + SMALL.often + SMALL.reworded
    assert not indices & {*data.split.eval, *data.split.test}
    assert sum(episode.goal_index >= len(data.goals) for episode in shown) == SMALL.reworded
    assert read_goals(run.folder / "goals.jsonl.gz", data.catalog) == list(run.data.goals)


@pytest.mark.parametrize("at", ["corrected_episodes", "evaluate"])
def test_a_run_cut_off_goes_on_to_the_same_agent(
    data: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    real = load_backbone(str(tiny_bert()))  # its states depend on what is in a batch, as a real one's do
    monkeypatch.setattr("shoprl.policies.networks.encoder.load_backbone", lambda *name: real)
    monkeypatch.setattr("shoprl.policies.networks.choice.load_backbone", lambda *name: real)

    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    whole = make_agent(standard_experiment(tmp_path / "whole", data, 0, SMALL), data)
    with monkeypatch.context() as patch:
        patch.setattr(f"shoprl.experiments.engine.{at}", cut)
        with pytest.raises(KeyboardInterrupt):
            make_agent(standard_experiment(tmp_path / "cut", data, 0, SMALL), data)
    if at == "evaluate":  # and the corrected agent was not saved yet
        shutil.rmtree(tmp_path / "cut" / "policies" / "corrected")
        shutil.rmtree(tmp_path / "cut" / "training" / "corrected")
    assert make_agent(standard_experiment(tmp_path / "cut", data, 0, SMALL), data).results == whole.results
    assert digests(tmp_path / "cut") == digests(tmp_path / "whole")


def test_the_command_runs_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: object) -> None:
    monkeypatch.setattr("shoprl.experiments.standard.SIZES", SMALL)
    monkeypatch.setattr("shoprl.experiments.reproducing.SIZES", SMALL)
    write_generated(tmp_path / "data", 60, 0)
    command = Reproduce(data=tmp_path / "data", budget="standard", out=tmp_path / "run", threads=1)
    command.execute()
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert (tmp_path / "run" / results["best_policy"] / "policy.json").is_file()
    assert results["hashes"] == read_data(tmp_path / "data").hashes()
    assert (tmp_path / "run" / "report.html").is_file()
    (tmp_path / "run" / "results.json").unlink()
    replace(command, resume=True).execute()
    again = json.loads((tmp_path / "run" / "results.json").read_text())
    assert again["agents"] == results["agents"]


def test_no_training_goals_are_an_error(data: ShopData, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no training goal"):
        standard_experiment(tmp_path, replace(data, split=replace(data.split, train=())), 0, SMALL)
