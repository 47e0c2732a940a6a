"""One decision point in a shop, and the rule that keeps a policy out of loops."""

from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from shoprl.tasks.base import Evidence, Observation, ObservedPart
from shoprl.tasks.shop.evidence import evidence
from shoprl.tasks.shop.features import features
from shoprl.tasks.shop.view import ShopCandidate, ShopView


def can_still_buy(view: ShopView, candidate: ShopCandidate) -> bool:
    """Whether an action leaves enough steps for a purchase before the episode is truncated.

    A purchase takes three steps from a search page (search, open, buy), two from results, one from an item page.
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
    """Mask of the candidates that the task's rule allows, shape (candidates,).

    The rule excludes actions already taken in the same state, option values already selected, and actions after which
    no purchase fits the step limit. If that excludes all candidates, all of them are allowed.
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
        """The instruction or request, unabridged."""
        return self.instruction.text

    @property
    def key(self) -> Hashable:
        """Kind and address of the page, which determine all that can follow."""
        return self.page, self.url

    def allowed(self) -> NDArray[np.bool_]:
        """See :func:`allowed`."""
        return allowed(self)

    def observe(self) -> Observation:
        """The input of a network; its request is the wish, since texts cannot match a price clause."""
        return self._observed(features(self), evidence(self))

    def observe_part(self, part: ObservedPart) -> Observation:
        """See :class:`shoprl.tasks.base.PartlyObserved`."""
        if part == "features":
            return self._observed(features(self), None)
        return self._observed(np.zeros((len(self.candidates), 0), dtype=np.float32), evidence(self))

    def _observed(self, numbers: NDArray[np.float32], shown: Evidence | None) -> Observation:
        return Observation(
            request=self.instruction.wish,
            texts=tuple(candidate.text for candidate in self.candidates),
            features=numbers,
            page=self.text,
            actions=tuple(candidate.action for candidate in self.candidates),
            kinds=tuple(candidate.kind for candidate in self.candidates),
            picture=self.asin,
            evidence=shown,
        )
