from shoprl.evaluation.thompson.sampling import (
    ThompsonConfig,
    ThompsonRun,
)
from tests.support.thompson import ARMS


def test_rounds_are_cut_into_tasks_of_one_arm() -> None:
    asked = ThompsonRun(ARMS, range(9), ThompsonConfig(rollouts=50, batch=40)).next_round()
    tasks = list(asked.tasks(8))
    assert sorted(index for task in tasks for index in task.indices) == list(range(40))
    for task in tasks:
        assert len(task.indices) <= 8
        assert [asked.arms[index] for index in task.indices] == [task.arm] * len(task.indices)
        assert task.goals == tuple(asked.goals[index] for index in task.indices)
        assert task.seeds == tuple(asked.seeds[index] for index in task.indices)
    assert max(len(task.indices) for task in tasks) == 8
