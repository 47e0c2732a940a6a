"""A policy of your own: a class, its success with intervals, and a paired comparison with the rule."""

from collections.abc import Sequence

import numpy as np

import shoprl
from shoprl.policies.base import Choice, Decode
from shoprl.policies.simple import RulePolicy
from shoprl.tasks.instruction import Instruction
from shoprl.tasks.shop.state import State


class CheapestPolicy:
    """Searches for the request without its price clause, opens the cheapest product of the first page, and buys it."""

    name = "cheapest"

    def queries(self, instruction: Instruction) -> tuple[str, ...]:
        return (instruction.wish,)

    def act(self, states: Sequence[State], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        return [Choice(self.action(state), probability=1.0, policy_probability=1.0) for state in states]

    def action(self, state: State) -> str:
        wanted = {"search": "search", "results": "product", "item": "buy"}.get(state.page, "prev")
        offered = [c for c in state.candidates if c.kind == wanted] or list(state.candidates)
        return min(offered, key=lambda c: c.price or (0.0, 0.0)).action


data = shoprl.generated_data(products=60, seed=0)
task = shoprl.ShopTask(data.shop, max_steps=15)
goals = data.goals_of("eval")

own = shoprl.evaluate(CheapestPolicy(), task, goals, decode="greedy", seed=0)
rule = shoprl.evaluate(RulePolicy(), task, goals, decode="greedy", seed=0)
for name, result in (("cheapest", own), ("rule", rule)):
    score = result.summary.score
    print(f"{name}: score {score.value:.1f} [{score.low:.1f}, {score.high:.1f}], {result.summary.episodes} goals")

comparison = shoprl.compare_paired(own.episodes, rule.episodes)
difference = comparison.score_difference
print(f"cheapest less rule: {difference.value:+.1f} points of score [{difference.low:.1f}, {difference.high:.1f}]")
