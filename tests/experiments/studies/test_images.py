"""The study of pictures on a tiny shop and a backbone without weights."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from shoprl.experiments import engine
from shoprl.experiments.studies.images import OFF, ON, SHUFFLED, SIZES, run
from shoprl.files import sha256_of
from shoprl.policies.saving import load_learned
from shoprl.trajectories.files import read_trajectories

TINY = SIZES["tiny"]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("run")
    return folder, run(folder, 0, TINY).to_json()


def timeless(results: dict[str, Any]) -> dict[str, Any]:
    agents = {name: {**row, "seconds": 0} for name, row in results["agents"].items()}
    return {**results, "agents": agents, "wall_seconds": {}}


def digests(folder: Path) -> dict[str, str]:
    made = (
        "policies/*/config.json",
        "policies/*/model.safetensors",
        "training/*/log.jsonl",
    )  # the manifest has a clock's
    kept = (*made, "trajectories/*", "episodes/*/*", "goals*", "split*.json")
    return {str(path.relative_to(folder)): sha256_of(path) for pattern in kept for path in folder.glob(pattern)}


def test_its_results_hold_together(done: tuple[Path, dict[str, Any]]) -> None:
    folder, results = done
    assert set(results["agents"]) == {ON, OFF, SHUFFLED}
    for row in results["agents"].values():
        assert (row["demonstrations"], row["updates"]) == (12, 6)
        assert row["success_rate_interval"][0] <= row["success_rate"] <= row["success_rate_interval"][1]
    first = results["comparisons"][0]
    assert first["name"] == "pictures on less pictures off"
    rates = [results["agents"][name]["success_rate"] for name in (ON, OFF)]
    assert first["success_rate_difference"]["value"] == pytest.approx(rates[0] - rates[1])
    assert {path.name for path in (folder / "episodes" / "test").iterdir()} == {
        f"{name}.jsonl.gz" for name in results["agents"]
    }
    json.dumps(results)


def test_one_agent_sees_and_another_does_not(done: tuple[Path, dict[str, Any]]) -> None:
    seeing = {name: bool(load_learned(done[0] / "policies" / name).model.config.image) for name in (ON, OFF, SHUFFLED)}
    assert seeing == {ON: True, OFF: False, SHUFFLED: True}
    weights = [sha256_of(done[0] / "policies" / name / "model.safetensors") for name in (ON, SHUFFLED)]
    assert weights[0] != weights[1]


def test_demonstrations_are_of_training_goals(done: tuple[Path, dict[str, Any]]) -> None:
    folder, results = done
    episodes = read_trajectories(folder / "trajectories" / "expert.jsonl.gz", results["hashes"]["goals"])
    split = json.loads((folder / "split.json").read_text())
    assert len(episodes) == 12
    assert {episode.goal_index for episode in episodes} <= set(split["train"])
    assert any(episode.slips for episode in episodes)


def test_two_runs_of_one_seed_are_equal(done: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    assert timeless(run(tmp_path, 0, TINY).to_json()) == timeless(done[1])
    assert digests(tmp_path) == digests(done[0])


def test_another_seed_gives_other_agents_in_the_same_shop(done: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    assert run(tmp_path, 1, TINY).hashes == done[1]["hashes"]
    ours, theirs = digests(tmp_path), digests(done[0])
    assert ours["policies/pictures_off/model.safetensors"] != theirs["policies/pictures_off/model.safetensors"]


@pytest.mark.parametrize("at", ["learn", "evaluate"])
def test_a_run_cut_off_goes_on_to_the_same_results(
    done: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    real, calls = getattr(engine, at), []

    def cut(*given: Any, **named: Any) -> Any:
        calls.append(at)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(engine, at, cut)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, 0, TINY)
    if at == "evaluate":  # and an agent had not been saved yet, but for a checkpoint
        shutil.rmtree(tmp_path / "policies" / SHUFFLED)
    assert timeless(run(tmp_path, 0, TINY).to_json()) == timeless(done[1])
    assert digests(tmp_path) == digests(done[0])
