"""The protocol of policies."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from shoprl.tasks.base import State
from shoprl.tasks.instruction import Instruction

Decode = Literal["greedy", "sample"]


@dataclass(frozen=True, slots=True)
class Choice:
    """An action and its probabilities.

    Attributes:
        action: the action, in the task's grammar.
        probability: the action's probability under the decoding used; 1.0 when greedy.
        policy_probability: the action's probability under the policy, independent of the decoding.
    """

    action: str
    probability: float
    policy_probability: float


class Policy(Protocol):
    """Chooses actions in a task."""

    name: str

    def queries(self, instruction: Instruction) -> tuple[str, ...]:
        """The searches it chooses among, from the instruction alone; used by tasks with a search bar."""

    def act(self, states: Sequence[State], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        """Choose one action per state; random draws for state ``i`` come from ``rngs[i]`` alone."""


@runtime_checkable
class Judging(Policy, Protocol):
    """A policy that can also say how well products fit; ``isinstance(policy, Judging)`` tells whether one can."""

    def fits(self, states: Sequence[State]) -> list[Mapping[str, float]]:
        """Estimated rewards of the products that each state remembers of its episode, listed in results or opened.

        Args:
            states: of episodes in progress; they need not be of one request.

        Returns:
            For each state: ASIN -> the reward, in [0, 1], that buying the product with its best options would earn.
        """


@runtime_checkable
class Remembering(Protocol):
    """A policy that can keep what it works out for a request, for as long as the request is shopped for."""

    def remembering(self) -> Judging:
        """The same policy, which remembers; it is for some requests alone, and while the weights do not change."""


def distinct(states: Sequence[State]) -> tuple[list[State], list[int]]:
    """The different states among some; runs of one request have many in common, which need be judged only once.

    Returns:
        The different ones, in the order in which they come first, and for each state its place among them.
    """
    different: list[State] = []
    places: list[int] = []
    alike: dict[Hashable, list[int]] = {}  # key -> places of the different states that have it
    for state in states:
        known = alike.setdefault(state.key, [])
        place = next((each for each in known if different[each] == state), len(different))
        if place == len(different):
            different.append(state)
            known.append(place)
        places.append(place)
    return different, places


def pick(probabilities: NDArray[np.float64], rng: np.random.Generator, decode: Decode) -> tuple[int, float]:
    """Choose an index, the most likely one when greedy and else a sampled one.

    Args:
        probabilities: shape (candidates,), summing to 1.
        rng: used when sampling.
        decode: greedy or sampled.

    Returns:
        The index and its probability under the decoding.
    """
    if decode == "greedy":
        return int(probabilities.argmax()), 1.0
    index = int(np.searchsorted(np.cumsum(probabilities), rng.random() * probabilities.sum(), side="right"))
    index = min(index, len(probabilities) - 1)
    return index, float(probabilities[index])
