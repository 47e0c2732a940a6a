"""Policies without parameters: uniformly random, and WebShop's rule baseline."""

from collections.abc import Sequence

import numpy as np

from shoprl.policies.base import Choice, Decode
from shoprl.tasks.instruction import Instruction, queries_for
from shoprl.tasks.shop.state import State


class RandomPolicy:
    """Every candidate is equally likely."""

    name = "random"

    def queries(self, instruction: Instruction) -> tuple[str, ...]:
        """The instruction."""
        return queries_for("instruction", instruction)

    def act(self, states: Sequence[State], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        """Draw an action a state, whatever the decoding."""
        choices = []
        for state, rng in zip(states, rngs, strict=True):
            count = len(state.candidates)
            choices.append(Choice(state.candidates[int(rng.integers(count))].action, 1 / count, 1 / count))
        return choices


class RulePolicy:
    """WebShop's rule: search for the instruction, open the first product, buy it."""

    name = "rule"

    def queries(self, instruction: Instruction) -> tuple[str, ...]:
        """The instruction."""
        return queries_for("instruction", instruction)

    def act(self, states: Sequence[State], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        """Apply the rule."""
        return [Choice(self._action(state), 1.0, 1.0) for state in states]

    @staticmethod
    def _action(state: State) -> str:
        wanted = {"search": "search", "results": "product", "item": "buy"}.get(state.page, "prev")
        fallback = state.candidates[0].action  # an empty results page offers only the way back
        return next((c.action for c in state.candidates if c.kind == wanted), fallback)


def simple_policy(name: str) -> RandomPolicy | RulePolicy | None:
    """The policy without parameters of that name, or None."""
    named: dict[str, RandomPolicy | RulePolicy] = {"rule": RulePolicy(), "random": RandomPolicy()}
    return named.get(name)
