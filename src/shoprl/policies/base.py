"""What every policy offers, and the rule that keeps an agent from walking in circles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from shoprl.tasks.instruction import Instruction
from shoprl.tasks.shop.state import Candidate, State

Decode = Literal["greedy", "sample"]


@dataclass(frozen=True, slots=True)
class Choice:
    """An action and how likely the policy was to take it.

    Attributes:
        action: the action in WebShop's grammar.
        probability: the chance that the policy takes it in this state under the decoding used; 1.0 when greedy.
        policy_probability: the policy's own probability of the action, whatever the decoding.
    """

    action: str
    probability: float
    policy_probability: float


class Policy(Protocol):
    """Decides what to do in a shop."""

    name: str

    def queries(self, instruction: Instruction) -> tuple[str, ...]:
        """The searches it chooses among, from the instruction alone."""

    def act(self, states: Sequence[State], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        """Choose one action a state; draws of state ``i`` come from ``rngs[i]`` alone."""


def can_still_buy(state: State, candidate: Candidate) -> bool:
    """Whether an action leaves enough steps to buy something before the episode is cut.

    From a search page buying takes three more steps (search, open, buy), from results two, from an item page one.
    """
    after = state.steps_left - 1
    if candidate.kind == "buy":
        return True
    if candidate.kind in ("product", "option") or (candidate.kind == "prev" and state.page == "sub"):
        return after >= 1
    if candidate.kind == "back":
        return after >= 3
    return after >= 2


def allowed(state: State) -> NDArray[np.bool_]:
    """Which candidates the agent's rule allows, as a mask of shape (candidates,).

    The rule: never the same action twice in the same state, never an option value that is already selected, and no
    action after which nothing can be bought before the step limit. Where that leaves nothing, everything is allowed.
    """
    fresh = [not (c.chosen or (c.done and c.kind != "product")) for c in state.candidates]
    timely = [can_still_buy(state, candidate) for candidate in state.candidates]
    for mask in ([a and b for a, b in zip(fresh, timely, strict=True)], timely):
        if any(mask):
            return np.array(mask)
    return np.ones(len(state.candidates), dtype=np.bool_)


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
