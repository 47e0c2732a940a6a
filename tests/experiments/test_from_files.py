"""What a training from files reads; tests/cli/test_train.py has the commands."""

from pathlib import Path

import numpy as np
import pytest

from shoprl.errors import ConfigError
from shoprl.experiments.from_files import TrainingFiles
from shoprl.shop.goal import goals_hash
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
