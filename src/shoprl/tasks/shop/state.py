"""One decision point in a shop, and the rule that keeps an agent from going in circles."""

from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from shoprl.tasks.base import Observation
from shoprl.tasks.shop.features import features
from shoprl.tasks.shop.view import ShopCandidate, ShopView


def can_still_buy(view: ShopView, candidate: ShopCandidate) -> bool:
    """Whether an action leaves enough steps to buy something before the episode is cut.

    From a search page buying takes three more steps (search, open, buy), from results two, from an item page one.
    """
    after = view.steps_left - 1
    if candidate.kind == "buy":
        return True
    if candidate.kind in ("product", "option") or (candidate.kind == "prev" and view.page == "sub"):
        return after >= 1
    if candidate.kind == "back":
        return after >= 3
    return after >= 2


def allowed(view: ShopView) -> NDArray[np.bool_]:
    """Which candidates the agent's rule allows, as a mask of shape (candidates,).

    The rule: never the same action twice in the same state, never an option value that is already selected, and no
    action after which nothing can be bought before the step limit. Where that leaves nothing, everything is allowed.
    """
    fresh = [not (c.chosen or (c.done and c.kind != "product")) for c in view.candidates]
    timely = [can_still_buy(view, candidate) for candidate in view.candidates]
    for mask in ([a and b for a, b in zip(fresh, timely, strict=True)], timely):
        if any(mask):
            return np.array(mask)
    return np.ones(len(view.candidates), dtype=np.bool_)


class ShopState(ShopView):
    """A :class:`shoprl.tasks.base.State` of a shop."""

    __slots__ = ()

    @property
    def request(self) -> str:
        """The instruction or request, whole."""
        return self.instruction.text

    @property
    def key(self) -> Hashable:
        """What decides all that can follow on a page."""
        return self.page, self.url

    def allowed(self) -> NDArray[np.bool_]:
        """See :func:`allowed`."""
        return allowed(self)

    def observe(self) -> Observation:
        """Texts and numbers; the price clause, which texts cannot answer, is left out of the request."""
        return Observation(
            request=self.instruction.wish,
            texts=tuple(candidate.text for candidate in self.candidates),
            features=features(self),
            page=self.text,
            actions=tuple(candidate.action for candidate in self.candidates),
            kinds=tuple(candidate.kind for candidate in self.candidates),
            picture=self.asin,
        )
