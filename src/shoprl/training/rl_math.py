"""Mathematics shared by policy gradient and PPO: returns, advantages, log-probabilities, entropy."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray


def returns(steps: int, reward: float, discount: float) -> NDArray[np.float64]:
    """Discounted return of each step of an episode with a terminal reward only, shape (steps,)."""
    discounted: NDArray[np.float64] = reward * discount ** np.arange(steps - 1, -1, -1, dtype=np.float64)
    return discounted


def advantages(values: Sequence[float], reward: float, discount: float, trace: float) -> NDArray[np.float64]:
    """Generalised advantage estimates (arXiv 1506.02438, equation 16) of an episode with a terminal reward only.

    Args:
        values: of its states, in order.
        reward: of its last step.
        discount: gamma.
        trace: lambda; 1 gives return less value.

    Returns:
        Shape (steps,).
    """
    estimates, ahead, after = np.zeros(len(values)), 0.0, 0.0
    for step in range(len(values) - 1, -1, -1):
        gain = reward if step == len(values) - 1 else 0.0
        ahead = gain + discount * after - values[step] + discount * trace * ahead
        estimates[step], after = ahead, values[step]
    return estimates


def masked_log_probabilities(logits: torch.Tensor, masks: Sequence[NDArray[np.bool_]]) -> torch.Tensor:
    """Log-probabilities over the candidates that the task's rule allows, shape (steps, candidates).

    Args:
        logits: shape (steps, candidates).
        masks: which candidates are allowed, per step, each of shape (candidates of that step,).
    """
    mask = torch.zeros(logits.shape, dtype=torch.bool)
    for row, allowed in enumerate(masks):
        mask[row, : len(allowed)] = torch.from_numpy(allowed)
    return torch.log_softmax(logits.masked_fill(~mask.to(logits.device), -torch.inf), dim=-1)


def entropy_of(logs: torch.Tensor) -> torch.Tensor:
    """Entropy of each row of log-probabilities, in nats, shape (steps,)."""
    return -(logs.exp() * logs.masked_fill(torch.isinf(logs), 0.0)).sum(dim=-1)
