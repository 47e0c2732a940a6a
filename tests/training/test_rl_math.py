import numpy as np
import pytest
import torch

from shoprl.training.rl_math import advantages, entropy_of, masked_log_probabilities, returns


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
    masks = [np.array([True, False, True]), np.array([True, True])]
    logits = torch.tensor([[0.0, 5.0, 0.0], [1.0, 1.0, -torch.inf]])
    logs = masked_log_probabilities(logits, masks)
    assert logs.exp().tolist() == [[pytest.approx(0.5), 0.0, pytest.approx(0.5)], [pytest.approx(0.5)] * 2 + [0.0]]
    assert entropy_of(logs).tolist() == pytest.approx([np.log(2)] * 2)
