"""Policies without parameters: random, WebShop's rule, and a rule that selects the named options."""

from collections.abc import Sequence

import numpy as np

from shoprl.policies.base import Choice, Decode, Policy
from shoprl.tasks.base import State
from shoprl.tasks.instruction import Instruction, named_values, parse_instruction, queries_for


class RandomPolicy:
    """Chooses uniformly among the candidates."""

    name = "random"

    def queries(self, instruction: Instruction) -> tuple[str, ...]:
        """The instruction."""
        return queries_for("instruction", instruction)

    def act(self, states: Sequence[State], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        """Sample an action per state, under either decoding."""
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

    def _action(self, state: State) -> str:
        wanted = {"search": "search", "results": "product", "item": "buy"}.get(state.page, "prev")
        fallback = state.candidates[0].action  # an empty results page offers only going back
        return next((c.action for c in state.candidates if c.kind == wanted), fallback)


class RuleOptionsPolicy(RulePolicy):
    """WebShop's rule, which also selects the option values that the instruction names verbatim before it buys.

    Of several named values of an option it selects the longest.
    """

    name = "rule-options"

    def _action(self, state: State) -> str:
        wish = parse_instruction(state.request).wish
        options = {
            (each.group, each.text): (each, bool(allowed))
            for each, allowed in zip(state.candidates, state.allowed(), strict=True)
            if each.kind == "option"
        }
        named = [options[place] for place in named_values(options, wish).items()]
        missing = (each.action for each, allowed in named if allowed and not each.chosen)
        return next(missing, None) or super()._action(state)


SIMPLE = {each.name: each for each in (RulePolicy, RuleOptionsPolicy, RandomPolicy)}


def simple_policy(name: str) -> Policy | None:
    """The policy without parameters with this name, or None."""
    return SIMPLE[name]() if name in SIMPLE else None
