"""Episodes of the policy that is trained, with what its updates need: states, log-probabilities, values, returns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from shoprl.policies.base import Choice, Decode, allowed, pick
from shoprl.policies.learned import ACT_BATCH, Encoded, LearnedPolicy, encode_state
from shoprl.rollouts.records import Episode
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.goal import Goal
from shoprl.shop.session import MAX_STEPS, Shop
from shoprl.tasks.instruction import Instruction
from shoprl.tasks.shop.state import State


@dataclass(frozen=True, slots=True)
class Step:
    """A decision that was taken.

    Attributes:
        state: what the policy saw.
        allowed: which candidates the agent's rule allows, shape (candidates,).
        action: index of the candidate taken.
        log_probability: of it, among those allowed, when it was taken.
        value: what the policy thought the state to be worth.
    """

    state: Encoded
    allowed: NDArray[np.bool_]
    action: int
    log_probability: float
    value: float


class _Recorder:
    """Acts for a policy and keeps what it saw; an episode is known by its own generator."""

    def __init__(self, policy: LearnedPolicy) -> None:
        self.name = policy.name
        self._policy = policy
        self._steps: dict[int, tuple[np.random.Generator, list[Step]]] = {}  # with the generator, so that its id stays

    def queries(self, instruction: Instruction) -> tuple[str, ...]:
        return self._policy.queries(instruction)

    def episodes(self) -> list[list[Step]]:
        """Of each episode, in the order they were started."""
        return [steps for _, steps in self._steps.values()]

    @torch.no_grad()
    def act(self, states: Sequence[State], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        choices = []
        for start in range(0, len(states), ACT_BATCH):
            part = states[start : start + ACT_BATCH]
            encoded = [encode_state(state) for state in part]
            logits, values = (each.double().cpu() for each in self._policy.logits_and_values(encoded))
            for i, state in enumerate(part):
                choices.append(self._take(state, encoded[i], logits[i], float(values[i]), rngs[start + i], decode))
        return choices

    def _take(
        self,
        state: State,
        encoded: Encoded,
        logits: torch.Tensor,
        value: float,
        rng: np.random.Generator,
        decode: Decode,
    ) -> Choice:
        mask = allowed(state)
        own = logits[: len(mask)].masked_fill(~torch.from_numpy(mask), -torch.inf)
        logs = torch.log_softmax(own, dim=-1).numpy()
        index, chance = pick(np.exp(logs), rng, decode)
        steps = self._steps.setdefault(id(rng), (rng, []))[1]
        steps.append(Step(encoded, mask, index, float(logs[index]), value))
        return Choice(state.candidates[index].action, chance, float(np.exp(logs[index])))


def collect(
    policy: LearnedPolicy,
    shop: Shop,
    goals: Sequence[tuple[int, Goal]],
    seed: int,
    max_steps: int = MAX_STEPS,
) -> list[tuple[Episode, list[Step]]]:
    """Let a policy shop for each goal, sampling its actions; without dropout.

    Args:
        policy: who acts.
        shop: where.
        goals: (index in its goal list, goal).
        seed: of the draws.
        max_steps: an episode is cut after so many steps.

    Returns:
        Each episode and its decisions, in the order of ``goals``.
    """
    policy.model.eval()
    recorder = _Recorder(policy)
    episodes = run_episodes(recorder, shop, goals, seed, "sample", max_steps, what="")
    return list(zip(episodes, recorder.episodes(), strict=True))


def returns(steps: int, reward: float, discount: float) -> NDArray[np.float64]:
    """Discounted return of each step of an episode that pays at its end, shape (steps,)."""
    found: NDArray[np.float64] = reward * discount ** np.arange(steps - 1, -1, -1, dtype=np.float64)
    return found


def advantages(values: Sequence[float], reward: float, discount: float, trace: float) -> NDArray[np.float64]:
    """Generalised advantage estimates (arXiv 1506.02438, equation 16) of an episode that pays at its end.

    Args:
        values: of its states, in order.
        reward: of its last step.
        discount: gamma.
        trace: lambda; 1 gives return less value.

    Returns:
        Shape (steps,).
    """
    found, ahead, after = np.zeros(len(values)), 0.0, 0.0
    for step in range(len(values) - 1, -1, -1):
        gain = reward if step == len(values) - 1 else 0.0
        ahead = gain + discount * after - values[step] + discount * trace * ahead
        found[step], after = ahead, values[step]
    return found


def masked_log_probabilities(logits: torch.Tensor, steps: Sequence[Step]) -> torch.Tensor:
    """Log-probabilities among the candidates that the agent's rule allowed, shape (steps, candidates)."""
    mask = torch.zeros(logits.shape, dtype=torch.bool)
    for row, step in enumerate(steps):
        mask[row, : len(step.allowed)] = torch.from_numpy(step.allowed)
    return torch.log_softmax(logits.masked_fill(~mask.to(logits.device), -torch.inf), dim=-1)


def entropy_of(logs: torch.Tensor) -> torch.Tensor:
    """Entropy of each row of log-probabilities, in nats, shape (steps,)."""
    return -(logs.exp() * logs.masked_fill(torch.isinf(logs), 0.0)).sum(dim=-1)
