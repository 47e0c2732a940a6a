"""Adaptation without demonstrations: an agent practises in a shop, on goals made from the catalogue itself.

Every product that has something to ask for is asked for, since one that is always a candidate and never wanted would be
learned as wrong. Half of the practice is in a copy of the shop under noisy titles, and generated shops are mixed in, so
that products are compared and not recognised.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import numpy as np

from shoprl.catalog.noise import noisy
from shoprl.experiments.coached import Coached, Round, check_judging, train_coached
from shoprl.experiments.pretraining import TINY, PretrainConfig, shops_for
from shoprl.policies.learned import LearnedPolicy
from shoprl.search.index import SearchIndex
from shoprl.settings import Range, Seed, Settings, Share
from shoprl.shop.catalog_goals import goals_for
from shoprl.shop.searching import shop_search
from shoprl.shop.session import Shop
from shoprl.tasks.shop.many import ManyShops, ShopGoal
from shoprl.training.imitation import ImitationConfig
from shoprl.trajectories.coaching import Coaching

MIXED_IN = 10**3 - 1  # seed of the generated catalogues, far from those that pretrainings use


def _round() -> Round:
    learning = ImitationConfig(updates=2_000, batch_size=32, learning_rate=4e-4, checkpoint_every=250, log_every=50)
    return Round(Coaching(acting=0.3), learning)


@dataclass(frozen=True)
class AdaptConfig(Settings):
    """Settings of an adaptation; the defaults take two cores some minutes.

    Attributes:
        seed: of every draw.
        goals: made from the catalogue; half of them are practised in the copy under noisy titles.
        mixed_in: generated catalogues to go on practising in; 0 for none.
        mixed_goals: of each of them.
        gone: share of goals whose product is out of reach, so that the best of what is left is wanted.
        practice: coached episodes and training.
    """

    seed: Seed = 0
    goals: Annotated[int, Range(2, 100_000)] = 4_000
    mixed_in: Annotated[int, Range(0, 100)] = 4
    mixed_goals: Annotated[int, Range(1, 10_000)] = 250
    gone: Share = 0.1
    practice: Round = field(default_factory=_round)

    def seeded(self, seed: int) -> "AdaptConfig":
        """A copy with another seed."""
        return replace(self, seed=seed)


SIZES: Mapping[str, AdaptConfig] = {
    "full": AdaptConfig(),
    "tiny": AdaptConfig(goals=12, mixed_in=1, mixed_goals=4, practice=Round(Coaching(acting=0.3), TINY)),
}


def practice_in(shop: Shop, config: AdaptConfig) -> tuple[ManyShops, list[ShopGoal]]:
    """A shop, its copy under noisy titles and generated shops, with the goals to practise.

    Raises:
        GoalError: no product has an attribute to ask for.
    """
    rng = np.random.default_rng([config.seed, 3])
    made = goals_for(shop.catalog, rng, "all", config.goals).goals
    other = noisy(shop.catalog, rng)
    search = shop_search(other, None, lambda: SearchIndex.build(other.products), "bm25", None)
    shops = [shop, Shop(other, search, shop.tagger)]
    goals = [ShopGoal(number % 2, goal, bool(rng.random() < config.gone)) for number, goal in enumerate(made)]
    if config.mixed_in:
        sizes = PretrainConfig(MIXED_IN, config.mixed_in, 400, config.mixed_goals, 1, config.gone, (config.practice,))
        generated, own = shops_for(sizes)
        goals += [replace(each, shop=each.shop + len(shops)) for each in own[0]]
        shops += generated.shops
    return ManyShops(shops), [goals[place] for place in rng.permutation(len(goals)).tolist()]


def adapt(folder: Path, shop: Shop, start: LearnedPolicy, config: AdaptConfig) -> Coached:
    """Adapt an agent to a shop in a folder, continuing what an earlier start left there.

    Args:
        folder: for ``policies`` and ``training``.
        shop: the shop.
        start: the agent, trained in place.
        config: settings.

    Raises:
        PolicyError: the agent cannot judge products.
        GoalError: no product has an attribute to ask for.
        RunError: the folder holds a checkpoint of another adaptation.
    """
    check_judging(start)
    task, goals = practice_in(shop, config)
    name = f"{start.name}-adapted"
    return train_coached(folder, task, [goals], (config.practice,), config.seed, start, name)
