"""A rule that judges products, without torch."""

from collections.abc import Mapping, Sequence

from shoprl.policies.simple import RuleOptionsPolicy
from shoprl.tasks.base import State
from shoprl.tasks.instruction import overlap, terms_of
from shoprl.tasks.shop.state import ShopState


class JudgingRule(RuleOptionsPolicy):
    """Buys the first product, and judges those that a state remembers.

    Args:
        known: ASIN -> fit; of other products it is the share of the request's terms in the title, and half of that
            unless the product was opened.

    Attributes:
        asked: how many states it was asked about in each call.
    """

    name = "judging-rule"

    def __init__(self, known: Mapping[str, float] | None = None) -> None:
        self.known = known or {}
        self.asked: list[int] = []

    def fits(self, states: Sequence[State]) -> list[Mapping[str, float]]:
        self.asked.append(len(states))
        return [self._of(state) for state in states]

    def _of(self, state: State) -> dict[str, float]:
        assert isinstance(state, ShopState)
        return {
            each.asin: self.known.get(
                each.asin, overlap(state.instruction, terms_of(each.title)) / (1 if each.opened else 2)
            )
            for each in state.seen
        }
