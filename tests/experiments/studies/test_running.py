"""Studies on a small generated shop, with a backbone without weights: everything happens, nothing is learned."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from shoprl.catalog.style import Style
from shoprl.errors import ConfigError, RunError
from shoprl.experiments.engine import Experiment
from shoprl.experiments.studies.plans import DEPARTMENT, HELD_OUT, TINY, plan, studies
from shoprl.experiments.studies.running import NATURAL, Studies
from shoprl.experiments.studies.study import GROUPS, HELD, LEFT_OUT, held_products
from shoprl.experiments.studies.study import NATURAL as NATURAL_GROUP
from shoprl.files import sha256_of
from shoprl.shop.data import read_data
from shoprl.shop.generated import write_generated
from shoprl.shop.goal import write_goals
from shoprl.trajectories.files import read_trajectories


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "data"
    write_generated(folder, 60, 0, Style.plain())
    data = read_data(folder)
    write_goals(folder / NATURAL, [data.goals[index] for index in data.split.test[:3]])
    return folder


@pytest.fixture(scope="module")
def done(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("studies")
    studies_ = Studies(out, shop, "tiny", 1)
    return out, {name: studies_.run(name, 0).to_json() for name in ("learners", "generalisation")}


def stripped(results: dict[str, Any]) -> dict[str, Any]:
    """Results without what a clock tells."""
    agents_ = {name: {**row, "seconds": None, "processor_seconds": None} for name, row in results["agents"].items()}
    return {**results, "agents": agents_, "wall_seconds": None}


def test_a_run_holds_its_record_results_episodes_and_logs(done: tuple[Path, dict[str, Any]]) -> None:
    out, made = done
    folder, results = out / "learners" / "seed-0", made["learners"]
    assert json.loads((folder / "run.json").read_text())["status"] == "done"
    assert json.loads((folder / "results.json").read_text()) == json.loads(json.dumps(results))
    study = studies(TINY)["learners"]
    assert tuple(results["agents"]) == study.agents
    hashes = results["hashes"]
    for name, row in results["agents"].items():
        assert row["episodes"] == TINY.test_goals == row["sampled"]["episodes"]
        assert len(read_trajectories(folder / "episodes" / "test" / f"{name}.jsonl.gz", hashes["goals"])) == 6
        assert (folder / "training" / name / "log.jsonl").is_file()
        assert row["seconds"] > 0
    assert results["agents"]["dpo"]["updates"] == TINY.imitation + TINY.updates
    assert results["agents"]["dpo"]["demonstrations"] == TINY.demonstrations  # those of its start, counted once
    assert sum(row["rollouts"] for row in results["thompson"]["arms"].values()) == TINY.rollouts
    assert [row["name"] for row in results["comparisons"]] == [
        f"{a} less {b}, {how}" for how in ("greedy", "drawn actions") for a, b in study.differences
    ]


def test_groups_are_measured_and_never_trained_on(done: tuple[Path, dict[str, Any]], shop: Path) -> None:
    out, made = done
    results, data = made["generalisation"], read_data(shop)
    assert set(results["agents"]["expert"]["groups"]) == {HELD, LEFT_OUT, NATURAL_GROUP}
    experiment = Experiment(out / "seed-0", data, 0, plan(TINY), GROUPS)
    names = {part.goals: name for name, (part,) in experiment.plan.data.items() if part.skill == "expert"}  # type: ignore[misc]
    held, apart = experiment.episodes(names[HELD_OUT]), experiment.episodes(names[DEPARTMENT])
    assert held_products(experiment).isdisjoint(data.goals[episode.goal_index].asin for episode in held)
    assert all(data.catalog[data.goals[e.goal_index].asin].category != results["left_out_department"] for e in apart)
    for name in experiment.plan.data:
        for shown in experiment.episodes(name):
            assert shown.goal_index in set(data.split.train)


def test_studies_share_their_agents(done: tuple[Path, dict[str, Any]]) -> None:
    _, made = done
    first, second = (made[name]["agents"]["dpo"] for name in ("learners", "generalisation"))
    assert first["weights"] == second["weights"]


def test_called_again_it_reads_and_makes_nothing(
    done: tuple[Path, dict[str, Any]], shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, made = done
    monkeypatch.setattr("shoprl.experiments.studies.running.run_study", None)
    again = Studies(out, shop, "tiny", 1).run("learners", 0).to_json()
    assert again == json.loads(json.dumps(made["learners"]))


def test_cut_off_and_made_elsewhere_give_the_same(
    done: tuple[Path, dict[str, Any]], shop: Path, tmp_path: Path
) -> None:
    out, made = done
    shutil.copytree(out, tmp_path / "cut")
    for path in ("learners/seed-0/results.json", "seed-0/policies/ppo", "seed-0/policies/dpo", "seed-0/training/dpo"):
        gone = tmp_path / "cut" / path
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    for path in ("seed-0/episodes/test/dpo.jsonl.gz", "seed-0/episodes/test/ppo-sample.jsonl.gz"):
        (tmp_path / "cut" / path).unlink()
    again = Studies(tmp_path / "cut", shop, "tiny", 1).run("learners", 0).to_json()
    assert stripped(json.loads(json.dumps(again))) == stripped(json.loads(json.dumps(made["learners"])))
    kept = "thompson/run-0/rollouts.jsonl.gz"
    assert sha256_of(tmp_path / "cut/learners/seed-0" / kept) == sha256_of(out / "learners/seed-0" / kept)


def test_other_settings_are_refused(done: tuple[Path, dict[str, Any]], shop: Path) -> None:
    out, _ = done
    with pytest.raises(RunError, match="other settings"):
        Studies(out, shop, "tiny", 2).run("learners", 0)
    torch.set_num_threads(1)
    data = read_data(shop)
    tiny = plan(TINY)
    changed = replace(tiny, recipes={**tiny.recipes, "control": tiny.recipes["dpo"]})
    experiment = Experiment(out / "seed-0", data, 0, changed, GROUPS)
    with pytest.raises(RunError, match="control: made in another way"):
        experiment.policy("control")


def test_an_agent_that_cannot_learn_is_noted_and_not_scored(
    done: tuple[Path, dict[str, Any]], shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, _ = done
    from shoprl.errors import TrajectoryError

    def fail(*_: object, **__: object) -> None:
        raise TrajectoryError("too few are right")

    monkeypatch.setattr("shoprl.experiments.methods.self_learn", fail)
    results = Studies(out, shop, "tiny", 1).run("data", 0)
    assert results.not_made == dict.fromkeys(("generated-2", "generated-4"), "too few are right")
    assert set(results.agents or {}) == {"imitation", "dpo", "generated-3"}  # what another study made is there
    assert results.thompson is not None
    assert set(results.thompson.arms or {}) == {"imitation", "dpo", "generated-3"}


def test_figures_of_all_seeds(done: tuple[Path, dict[str, Any]], shop: Path) -> None:
    out, _ = done
    studies_ = Studies(out, shop, "tiny", 1)
    studies_.draw("learners")
    captions = json.loads((out / "learners/figures/captions.json").read_text())
    assert "compare-success.png" in captions
    assert all((out / "learners/figures" / name).stat().st_size > 5_000 for name in captions)


def test_a_study_of_a_catalogue_needs_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="`data`"):
        Studies(tmp_path, None, "tiny", 1).run("learners", 0)
