"""Trajectories on a shop's goals and on goals beside the file; none on goals that the shop is tested on."""

from pathlib import Path

import numpy as np
import pytest

from shoprl.errors import ConfigError, TrajectoryError
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.goal import goals_hash
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.files import goals_beside, write_trajectories
from shoprl.trajectories.given import given_goals, given_trajectories
from shoprl.trajectories.imported import held_out_goals
from shoprl.trajectories.shoppers import demonstrations
from tests.support.given import written


def test_the_shops_own_goals(toy: ShopData, tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    rng = np.random.default_rng(0)
    shown = list(demonstrations(ShopTask(toy.shop, 30), toy.goals, toy.split.train, 3, 1.0, rng))
    write_trajectories(path, shown, goals_hash(toy.goals))
    given, episodes = given_trajectories(path, toy)
    assert (given.own, given.goals, episodes) == (True, toy.goals, shown)


@pytest.mark.parametrize("part", ["test", "eval"])
def test_goals_that_the_shop_is_tested_on_are_refused(toy: ShopData, tmp_path: Path, part: str) -> None:
    index = toy.split.part("test" if part == "test" else "eval")[0]
    path, rng = tmp_path / "own.jsonl", np.random.default_rng(0)
    write_trajectories(
        path, list(demonstrations(ShopTask(toy.shop, 30), toy.goals, [index], 1, 1.0, rng)), goals_hash(toy.goals)
    )
    with pytest.raises(ConfigError, match=r"own.jsonl: holds trajectories on test or eval goals"):
        given_trajectories(path, toy)
    with pytest.raises(ConfigError, match=r"people.goals.jsonl: line 1: a test or eval goal"):
        given_trajectories(written(tmp_path / "people.jsonl", toy, [toy.goals[index]]), toy)


def test_goals_beside_the_file(toy: ShopData, tmp_path: Path) -> None:
    goals = [toy.goals[index] for index in toy.split.train[:3]]
    path = written(tmp_path / "people.jsonl", toy, goals)
    given, episodes = given_trajectories(path, toy)
    assert (given.own, list(given.goals), len(episodes)) == (False, goals, 3)
    goals_beside(path).unlink()
    with pytest.raises(TrajectoryError, match="made on another goal list"):
        given_trajectories(path, toy)


def test_human_goals_are_tested_on_whichever_goals_are_loaded(toy_folder: Path, tmp_path: Path) -> None:
    synthetic, human = (read_data(toy_folder, goals=kind) for kind in ("synthetic", "human"))
    held = {goal.instruction for goal in held_out_goals(synthetic)}
    for data in (synthetic, human):
        assert held >= {data.goals[index].instruction for index in (*data.split.test, *data.split.eval)}
    wanted = [human.goals[human.split.test[0]]]
    path = written(tmp_path / "people.jsonl", synthetic, wanted)
    with pytest.raises(ConfigError, match="a test or eval goal"):
        given_goals(path, synthetic)
