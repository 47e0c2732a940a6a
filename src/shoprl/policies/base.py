"""What every policy offers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from shoprl.tasks.base import State
from shoprl.tasks.instruction import Instruction

Decode = Literal["greedy", "sample"]


@dataclass(frozen=True, slots=True)
class Choice:
    """An action and how likely the policy was to take it.

    Attributes:
        action: the action, in the task's grammar.
        probability: the chance that the policy takes it in this state under the decoding used; 1.0 when greedy.
        policy_probability: the policy's own probability of the action, whatever the decoding.
    """

    action: str
    probability: float
    policy_probability: float


class Policy(Protocol):
    """Decides what to do in a task."""

    name: str

    def queries(self, instruction: Instruction) -> tuple[str, ...]:
        """The searches it chooses among, from the instruction alone; asked for by tasks with a search bar."""

    def act(self, states: Sequence[State], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        """Choose one action a state; draws of state ``i`` come from ``rngs[i]`` alone."""


def pick(probabilities: NDArray[np.float64], rng: np.random.Generator, decode: Decode) -> tuple[int, float]:
    """An index and its chance: the most likely one when greedy, else a draw.

    Args:
        probabilities: shape (candidates,), summing to 1.
        rng: used when sampling.
        decode: how to choose.
    """
    if decode == "greedy":
        return int(probabilities.argmax()), 1.0
    index = int(np.searchsorted(np.cumsum(probabilities), rng.random() * probabilities.sum(), side="right"))
    index = min(index, len(probabilities) - 1)
    return index, float(probabilities[index])
