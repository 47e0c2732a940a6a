import numpy as np
import pytest
import torch

from shoprl.rollouts.runner import run_episodes
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.task import ShopTask
from shoprl.training.rl_math import masked_log_probabilities
from shoprl.training.rollout import collect
from tests.support.fakes import fake_policy


def test_what_is_collected_is_what_was_done(toy: ShopData) -> None:
    policy = fake_policy()
    goals = [(index, toy.goals[index]) for index in toy.split.train[:9]]
    rollout = collect(policy, ShopTask(toy.shop), goals, seed=4)
    plain = run_episodes(policy, ShopTask(toy.shop), goals, 4, "sample", label="")
    assert [episode.goal_index for episode in rollout.episodes] == [index for index, _ in goals]
    for episode, steps, alone in zip(rollout.episodes, rollout.steps, plain, strict=True):
        assert [d.action for d in episode.decisions] == [d.action for d in alone.decisions]
        assert [s.state.actions[s.action] for s in steps] == [d.action for d in episode.decisions]
        assert [np.exp(s.log_probability) for s in steps] == pytest.approx([d.probability for d in episode.decisions])
        assert all(step.allowed[step.action] for step in steps)
    steps = rollout.flat()
    assert rollout.metrics() == {
        "score": pytest.approx(100 * np.mean([episode.reward for episode in plain])),
        "success": np.mean([episode.success for episode in plain]),
        "steps": np.mean([len(episode.decisions) for episode in plain]),
    }
    with torch.no_grad():
        logits, values = policy.logits_and_values([step.state for step in steps])
    logs = masked_log_probabilities(logits, [step.allowed for step in steps])
    assert [float(logs[i, s.action]) for i, s in enumerate(steps)] == pytest.approx(
        [s.log_probability for s in steps], abs=1e-5
    )
    assert values.tolist() == pytest.approx([s.value for s in steps], abs=1e-5)
