"""What a study asks of its experiment; tests/experiments/studies/test_running.py has whole studies."""

from dataclasses import replace
from pathlib import Path

import pytest

from shoprl.errors import TrajectoryError
from shoprl.evaluation.thompson.sampling import ThompsonConfig
from shoprl.experiments.engine import Experiment
from shoprl.experiments.studies.plans import DEPARTMENT, HELD_OUT, TINY, Study, plan
from shoprl.experiments.studies.study import (
    GROUPS,
    HELD,
    LEFT_OUT,
    NATURAL,
    StudyRun,
    held_products,
    left_out_department,
    thompson_config,
    thompson_goals,
)
from shoprl.shop.data import ShopData
from shoprl.shop.goal import goals_hash
from shoprl.shop.splits import Split


def experiment(data: ShopData, folder: Path, seed: int = 0) -> Experiment:
    return Experiment(folder, data, seed, plan(TINY), GROUPS)


def with_held_out(data: ShopData, asin: str) -> ShopData:
    held = tuple(index for index, goal in enumerate(data.goals) if goal.asin == asin)
    return replace(data, disjoint=Split("disjoint", (), (), held, goals_hash(data.goals)))


def test_another_department_for_each_seed(toy: ShopData, tmp_path: Path) -> None:
    runs = [experiment(toy, tmp_path, seed) for seed in range(4)]
    assert [left_out_department(run) for run in runs] == ["fashion", "garden", "grocery", "fashion"]
    asked = {toy.catalog[toy.goals[index].asin].category for index in runs[1].group(DEPARTMENT)}
    assert asked == {"fashion", "grocery"}
    outside = [index for index in toy.split.train if toy.catalog[toy.goals[index].asin].category != "garden"]
    assert runs[1].group(DEPARTMENT) == outside


def test_products_held_out(toy: ShopData, tmp_path: Path) -> None:
    asin = toy.goals[toy.split.train[0]].asin
    run = experiment(with_held_out(toy, asin), tmp_path)
    assert held_products(run) == {asin}
    shown = run.group(HELD_OUT)
    assert set(toy.split.train) - set(shown) == {i for i in toy.split.train if toy.goals[i].asin == asin} != set()
    assert set(shown) < set(toy.split.train)
    none = experiment(replace(toy, disjoint=None), tmp_path)
    assert held_products(none) == frozenset()
    with pytest.raises(TrajectoryError, match="hold no product out"):
        none.group(HELD_OUT)


def test_groups_are_of_test_and_eval_goals_and_of_other_words(toy: ShopData, tmp_path: Path) -> None:
    measured = [*toy.split.test[:6], *toy.split.eval[:6]]
    asin = toy.goals[measured[0]].asin
    run = experiment(with_held_out(toy, asin), tmp_path)
    natural = [replace(toy.goals[0], instruction="gimme")]
    assert StudyRun(Study("", ()), run, tmp_path, natural).groups() == {}
    groups = StudyRun(Study("", (), groups=True), run, tmp_path, natural).groups()
    own = toy.hashes()["goals"]
    assert groups[HELD] == ([(i, toy.goals[i]) for i in measured if toy.goals[i].asin == asin], own)
    fashion = [(i, toy.goals[i]) for i in measured if toy.catalog[toy.goals[i].asin].category == "fashion"]
    assert groups[LEFT_OUT] == (fashion, own)
    assert groups[NATURAL] == ([(0, natural[0])], goals_hash(natural))
    without = StudyRun(Study("", (), groups=True), experiment(replace(toy, disjoint=None), tmp_path), tmp_path)
    assert set(without.groups()) == {LEFT_OUT}  # a group of no goals is none


def test_a_policy_that_cannot_be_made_is_noted(toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def policy(self: Experiment, name: str) -> str:
        if name == "stacked":
            raise TrajectoryError("too few are right")
        return name

    monkeypatch.setattr(Experiment, "policy", policy)
    run = StudyRun(Study("", ("dpo", "stacked", "imitation")), experiment(toy, tmp_path), tmp_path)
    assert list(run.policies()) == ["dpo", "imitation"]
    assert run.not_made == {"stacked": "too few are right"}


def test_how_thompson_sampling_is_played(toy: ShopData) -> None:
    tiny = plan(TINY)
    assert thompson_config(tiny, 5) == ThompsonConfig(rollouts=24, batch=8, runs=1, seed=5)
    assert thompson_goals(replace(tiny, test_goals=2), toy) == list(toy.split.test[:2])
