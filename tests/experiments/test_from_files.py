"""What a training from files reads; tests/cli/test_train.py has the commands."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shoprl.errors import ConfigError, TrajectoryError
from shoprl.experiments.from_files import TrainingFiles
from shoprl.shop.goal import goals_hash, write_goals
from shoprl.tasks.instruction import WISH
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.files import write_trajectories
from shoprl.trajectories.shoppers import demonstrations
from tests.support.toyshop import toy_data


@pytest.mark.parametrize("part", ["eval", "test"])
def test_nothing_is_trained_on_held_out_goals(tmp_path: Path, part: str) -> None:
    data = toy_data()
    indices = data.split.part("eval" if part == "eval" else "test")
    episodes = demonstrations(ShopTask(data.shop), data.goals, indices, 1, 1.0, np.random.default_rng(0))
    write_trajectories(tmp_path / "shown.jsonl", episodes, goals_hash(data.goals))
    with pytest.raises(ConfigError, match="on test or eval goals, which are never trained on"):
        TrainingFiles(data, demonstrations=tmp_path / "shown.jsonl").examples(WISH)


def test_demonstrations_become_examples(tmp_path: Path) -> None:
    data = toy_data()
    episodes = demonstrations(ShopTask(data.shop), data.goals, data.split.train, 2, 1.0, np.random.default_rng(0))
    write_trajectories(tmp_path / "shown.jsonl", episodes, goals_hash(data.goals))
    shown = TrainingFiles(data, demonstrations=tmp_path / "shown.jsonl").examples(WISH)
    assert {example.episode for example in shown} == {0, 1}
    assert TrainingFiles(data).examples(WISH) == []


def test_imported_demonstrations_come_with_goals_of_their_own(tmp_path: Path) -> None:
    data = toy_data()
    (made,) = demonstrations(ShopTask(data.shop), data.goals, data.split.train, 1, 1.0, np.random.default_rng(0))
    goal = replace(data.goals[made.goal_index], instruction="something else in other words")
    write_trajectories(tmp_path / "people.jsonl", [replace(made, goal_index=0)], goals_hash([goal]))
    with pytest.raises(TrajectoryError, match="made on another goal list"):
        TrainingFiles(data, demonstrations=tmp_path / "people.jsonl").examples(WISH)
    write_goals(tmp_path / "people.goals.jsonl", [goal])
    shown = TrainingFiles(data, demonstrations=tmp_path / "people.jsonl").examples(WISH)
    assert len(shown) == len(made.decisions) - 1  # no search of the new words was demonstrated
    held = [replace(goal, instruction=data.goals[data.split.test[0]].instruction.upper())]
    write_goals(tmp_path / "people.goals.jsonl", held)
    with pytest.raises(ConfigError, match=r"people\.goals\.jsonl: line 1: a test or eval goal"):
        TrainingFiles(data, demonstrations=tmp_path / "people.jsonl").examples(WISH)
