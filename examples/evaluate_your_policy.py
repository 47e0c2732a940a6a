"""A policy of your own: a class, its score with intervals, and a paired comparison with the rule."""

from collections.abc import Sequence

import numpy as np

import shoprl
from shoprl.policies.base import Choice, Decode
from shoprl.tasks.base import State
from shoprl.tasks.instruction import Instruction


class BestTitlePolicy:
    """Opens the product of the first page whose title shares the most words with the request, and buys it."""

    name = "best-title"

    def queries(self, instruction: Instruction) -> tuple[str, ...]:
        return (instruction.wish,)

    def act(self, states: Sequence[State], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        return [Choice(self.action(state), probability=1.0, policy_probability=1.0) for state in states]

    def action(self, state: State) -> str:
        words = set(state.request.lower().split())
        wanted = {"search": "search", "results": "product", "item": "buy"}.get(state.page, "prev")
        offered = [c for c in state.candidates if c.kind == wanted] or state.candidates
        return max(offered, key=lambda c: len(words & set(c.text.lower().split()))).action


data = shoprl.generated_data(products=60, seed=0)
task = shoprl.ShopTask(data.shop, max_steps=15)
goals = data.goals_of("eval")

own = shoprl.evaluate(BestTitlePolicy(), task, goals, decode="greedy", seed=0)
rule = shoprl.evaluate(shoprl.load_policy("rule"), task, goals, decode="greedy", seed=0)
for name, result in (("best-title", own), ("rule", rule)):
    score = result.summary.score
    print(f"{name}: score {score.value:.1f} [{score.low:.1f}, {score.high:.1f}], {result.summary.episodes} goals")

comparison = shoprl.compare_paired(own.episodes, rule.episodes)
difference = comparison.score_difference
print(f"best-title minus rule: {difference.value:+.1f} points of score [{difference.low:.1f}, {difference.high:.1f}]")
