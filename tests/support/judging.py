"""A rule that judges products, without torch."""

import re
from collections.abc import Mapping, Sequence

from shoprl.policies.simple import RuleOptionsPolicy
from shoprl.shop.session import PER_PAGE, Shop
from shoprl.tasks.base import State
from shoprl.tasks.instruction import overlap, terms_of
from shoprl.tasks.shop.state import ShopState

_PLACE = re.compile(r"/(?:search_results/shoprl|item_page/shoprl/[^/]+)/(.*)/(\d+)(?:/\{.*\})?$")  # query, page


class JudgingRule(RuleOptionsPolicy):
    """Buys the first product, and judges all on the results pages up to the one that it came from.

    Args:
        shop: where it shops.
        known: ASIN -> fit; of other products it is the share of the request's terms in the title, and half of that
            unless the product is open.

    Attributes:
        asked: how many states it was asked about in each call.
    """

    name = "judging-rule"

    def __init__(self, shop: Shop, known: Mapping[str, float] | None = None) -> None:
        self.shop, self.known = shop, known or {}
        self.asked: list[int] = []

    def fits(self, states: Sequence[State]) -> list[Mapping[str, float]]:
        self.asked.append(len(states))
        return [self._of(state) for state in states]

    def _of(self, state: State) -> dict[str, float]:
        assert isinstance(state, ShopState)
        if state.page == "search":
            return {}
        place = _PLACE.search(state.url)
        assert place is not None
        keywords, number = place[1], int(place[2])
        fits = {}
        for product in self.shop.find(keywords.split("+"))[: number * PER_PAGE]:
            guess = overlap(state.instruction, terms_of(product.title)) / (1 if product.asin == state.asin else 2)
            fits[product.asin] = self.known.get(product.asin, guess)
        return fits
