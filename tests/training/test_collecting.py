import numpy as np
import pytest
import torch

from shoprl.rollouts.runner import run_episodes
from shoprl.shop.data import ShopData
from shoprl.training.collecting import (
    Step,
    advantages,
    collect,
    entropy_of,
    masked_log_probabilities,
    returns,
)
from tests.support.fakes import fake_policy


def test_returns_by_hand() -> None:
    assert returns(3, 0.5, 0.9).tolist() == pytest.approx([0.5 * 0.81, 0.5 * 0.9, 0.5])


def test_advantages_by_hand() -> None:
    values, reward, gamma, trace = [0.2, 0.4, 0.1], 1.0, 0.9, 0.5
    last = 1.0 - 0.1
    middle = 0.9 * 0.1 - 0.4 + 0.45 * last
    first = 0.9 * 0.4 - 0.2 + 0.45 * middle
    assert advantages(values, reward, gamma, trace).tolist() == pytest.approx([first, middle, last])


def test_a_trace_of_one_gives_return_less_value() -> None:
    values = [0.3, -0.1, 0.7, 0.2]
    expected = returns(4, 0.8, 0.9) - np.array(values)
    assert advantages(values, 0.8, 0.9, 1.0) == pytest.approx(expected)


def test_only_allowed_candidates_share_the_probability() -> None:
    steps = [
        Step(None, np.array([True, False, True]), 0, 0.0, 0.0),  # type: ignore[arg-type]
        Step(None, np.array([True, True]), 1, 0.0, 0.0),  # type: ignore[arg-type]
    ]
    logits = torch.tensor([[0.0, 5.0, 0.0], [1.0, 1.0, -torch.inf]])
    logs = masked_log_probabilities(logits, steps)
    assert logs.exp().tolist() == [[pytest.approx(0.5), 0.0, pytest.approx(0.5)], [pytest.approx(0.5)] * 2 + [0.0]]
    assert entropy_of(logs).tolist() == pytest.approx([np.log(2)] * 2)


def test_what_is_collected_is_what_was_done(toy: ShopData) -> None:
    policy = fake_policy()
    goals = [(index, toy.goals[index]) for index in toy.split.train[:9]]
    found = collect(policy, toy.shop, goals, seed=4)
    plain = run_episodes(policy, toy.shop, goals, 4, "sample", what="")
    assert [episode.goal_index for episode, _ in found] == [index for index, _ in goals]
    for (episode, steps), alone in zip(found, plain, strict=True):
        assert [d.action for d in episode.decisions] == [d.action for d in alone.decisions]
        assert [s.state.actions[s.action] for s in steps] == [d.action for d in episode.decisions]
        assert [np.exp(s.log_probability) for s in steps] == pytest.approx([d.probability for d in episode.decisions])
        assert all(step.allowed[step.action] for step in steps)
    steps = [step for _, own in found for step in own]
    with torch.no_grad():
        logits, values = policy.logits_and_values([step.state for step in steps])
    logs = masked_log_probabilities(logits, steps)
    assert [float(logs[i, s.action]) for i, s in enumerate(steps)] == pytest.approx(
        [s.log_probability for s in steps], abs=1e-5
    )
    assert values.tolist() == pytest.approx([s.value for s in steps], abs=1e-5)
