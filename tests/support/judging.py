"""A rule that judges products by words of their titles, without torch."""

from collections.abc import Mapping, Sequence

from shoprl.policies.simple import RuleOptionsPolicy
from shoprl.tasks.base import State
from shoprl.tasks.instruction import overlap, terms_of
from shoprl.tasks.shop.state import ShopState


class JudgingRule(RuleOptionsPolicy):
    """Judges the products that a state shows; those it was given a fit for, by that.

    Args:
        known: ASIN -> fit; of others it is the share of the request's terms in the title.

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
        shown = {c.action[6:-1].upper(): c.text for c in state.candidates if c.kind == "product"}
        if state.asin:
            shown[state.asin] = state.title
        return {
            asin: self.known.get(asin, overlap(state.instruction, terms_of(title))) for asin, title in shown.items()
        }
