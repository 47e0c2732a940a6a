"""Lists of a log as a learner takes them: how a policy judges their items, and what became of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from shoprl.policies.networks.match.policy import MatchPolicy
from shoprl.progress import track
from shoprl.recommender.evidence import Asked, browsed, walk
from shoprl.service.decisions import Decision
from shoprl.service.learnable import sold
from shoprl.service.logged import Logged
from shoprl.service.preferences import EARNS, ListPreference, heard, preferences_of
from shoprl.tasks.base import Observation
from shoprl.tasks.shop.task import ShopTask
from shoprl.training.lists import Floats, ListConfig, ShownList, order_weight, scale_of

TOGETHER = 500  # lists whose pages are read at once
PASSED_OVER = "seen and passed over above the chosen"
Shops = Callable[[Decision], ShopTask]
"""The shop that a decision's list was made in: what its filters hide is out of reach."""


@dataclass(slots=True)
class Judge:
    """Judges the items of lists as the policy does that made lists for the same requests.

    Attributes:
        policy: the policy.
        shops: where a decision was made.
        config: settings of the learner.
        pages: (request, shop) -> the states and, for each product, where they show it last.
    """

    policy: MatchPolicy
    shops: Shops
    config: ListConfig
    pages: dict[tuple[str, int], tuple[tuple[Observation, ...], dict[str, tuple[int, int]]]] = field(
        default_factory=dict
    )

    def all(self, log: Sequence[Logged]) -> list[ShownList]:
        """:meth:`one` of each, with a progress bar; words of their pages that were never met are encoded at once."""
        for start in range(0, len(log), TOGETHER):
            part = [each.decision for each in log[start : start + TOGETHER]]
            pages = [walk(self.shops(each), each.request, self.policy.queries) for each in part]
            self.policy.prepare(self.policy.observed([page for own in pages for page in own]))
        return [self.one(each) for each in track(log, "looking at what was listed", unit="list")]

    def one(self, logged: Logged) -> ShownList:
        """A list that was logged; its decision has items."""
        decision = logged.decision
        task = self.shops(decision)
        states, places = self._pages(task, decision.request)
        known = heard(decision, logged.reactions)
        asins = [sold(task.shop.catalog, each.item_id) for each in decision.items]
        rows = tuple(places.get(asin) if asin is not None else None for asin in asins)
        given = [each.shown.get("estimated_fit") for each in decision.items]
        fits = np.array([0.5 if fit is None else fit for fit in given], dtype=np.float64)
        propensities = np.array([each.propensity for each in decision.items], dtype=np.float64)
        temperature = float(decision.settings.get("temperature") or 0.0)
        drawn = temperature > 0 and None not in given
        rest, others = scale_of(propensities, fits, temperature) if drawn else (np.zeros(len(fits)), 1.0)
        pairs, _ = preferences_of(decision, logged.reactions)
        kept = [each for each in pairs if asins[_at(decision, each)[0]] and asins[_at(decision, each)[1]]]
        earned = [EARNS[known.strength[x.item_id][0]] if x.item_id in known.strength else 0.0 for x in decision.items]
        scores, notice = fits + rest, temperature if drawn else self.config.temperature
        return ShownList(
            states=states,
            rows=rows,
            fits=fits,
            rest=rest,
            others=others,
            temperature=temperature if drawn else None,
            propensities=propensities,
            seen=np.array([each.item_id in known.seen for each in decision.items], dtype=np.bool_),
            rewards=np.array(earned, dtype=np.float64),
            pairs=tuple(_at(decision, each) for each in kept),
            weights=tuple(_weight(each, *_at(decision, each), scores, notice) for each in kept),
        )

    def _pages(self, task: ShopTask, request: str) -> tuple[tuple[Observation, ...], dict[str, tuple[int, int]]]:
        key = (" ".join(request.split()), id(task.shop))
        if key not in self.pages:
            pages, _ = browsed(self.policy, Asked(task, request))
            states = tuple(self.policy.observed(pages))
            places = {
                name: (number, row)
                for number, state in enumerate(states)
                if state.evidence is not None
                for row, name in enumerate(state.evidence.names)
                if name
            }
            self.pages[key] = states, places
        return self.pages[key]


def _at(decision: Decision, pair: ListPreference) -> tuple[int, int]:
    """Places of a pair's items."""
    places = {each.item_id: place for place, each in enumerate(decision.items)}
    return places[pair.chosen.item_id], places[pair.rejected.item_id]


def _weight(pair: ListPreference, chosen: int, rejected: int, scores: Floats, temperature: float) -> float:
    """Of a pair that the order made; another one says the same in either order."""
    if pair.against != PASSED_OVER:
        return 1.0
    return order_weight(float(scores[rejected]), float(scores[chosen]), temperature)
