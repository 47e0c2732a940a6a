"""Adaptation to a shop, without demonstrations: an agent practises on goals made from the catalogue itself.

Every product that has something to ask for is asked for, since one that is always a candidate and never wanted would be
learned as wrong. Half of the practice is in a copy of the shop under noisy titles, and generated shops are mixed in, so
that products are compared and not recognised. Where a shop has training goals, an agent may practise on them too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch

from shoprl.catalog.noise import noisy
from shoprl.errors import GoalError
from shoprl.experiments.coached import Coached, Round, check_judging, train_coached
from shoprl.experiments.pretraining import TINY, PretrainConfig, shops_for
from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks.match.policy import MatchPolicy
from shoprl.search.index import SearchIndex
from shoprl.settings import Range, Seed, Settings, Share
from shoprl.shop.catalog_goals import goals_for
from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal
from shoprl.shop.searching import shop_search
from shoprl.shop.session import Shop
from shoprl.tasks.shop.many import ManyShops, ShopGoal
from shoprl.training.imitation import ImitationConfig
from shoprl.trajectories.coaching import Coaching
from shoprl.trajectories.rewording import with_reworded

MIXED_IN = 10**3 - 1  # seed of the generated catalogues, far from those that pretrainings use


def _round(updates: int = 2_000, rate: float = 4e-4, acting: float = 0.3) -> Round:
    learning = ImitationConfig(updates=updates, batch_size=32, learning_rate=rate, checkpoint_every=250, log_every=50)
    return Round(Coaching(acting=acting), learning)


@dataclass(frozen=True)
class AdaptConfig(Settings):
    """Settings of an adaptation; the defaults take two cores some minutes.

    Attributes:
        seed: of every draw.
        goals: made from the catalogue, in each round; half of them are practised in the copy under noisy titles.
        own: training goals of the shop, in each round, half of them reworded as people ask.
        mixed_in: generated catalogues to go on practising in; 0 for none.
        mixed_goals: of each of them.
        gone: share of goals whose product is out of reach, so that the best of what is left is wanted.
        rounds: of coached episodes and training.
        kept: share of the start's weights in those of the adapted agent, which then stays surer of products that it
            did not practise with (M. Wortsman et al., "Robust fine-tuning of zero-shot models", arXiv 2109.01903).
    """

    seed: Seed = 0
    goals: Annotated[int, Range(2, 100_000)] = 4_000
    own: Annotated[int, Range(0, 100_000)] = 0
    mixed_in: Annotated[int, Range(0, 100)] = 4
    mixed_goals: Annotated[int, Range(1, 10_000)] = 250
    gone: Share = 0.1
    rounds: tuple[Round, ...] = field(default_factory=lambda: (_round(),))
    kept: Share = 0.0

    def seeded(self, seed: int) -> "AdaptConfig":
        """A copy with another seed."""
        return replace(self, seed=seed)


SizeName = Literal["full", "standard", "tiny"]
SIZES: Mapping[SizeName, AdaptConfig] = {
    "full": AdaptConfig(),
    "standard": AdaptConfig(
        goals=2_000,
        own=6_000,
        mixed_goals=150,
        rounds=(_round(3_500, 6e-4, 0.5), _round(3_500, 5e-4, 0.1)),
        kept=0.1,
    ),
    "tiny": AdaptConfig(goals=12, mixed_in=1, mixed_goals=4, rounds=(Round(Coaching(acting=0.3), TINY),)),
}


def own_goals(data: ShopData, config: AdaptConfig) -> list[Goal]:
    """The training goals of a shop, and each of them reworded once; none where none is practised.

    Raises:
        GoalError: the shop has none, though some are to be practised.
    """
    if not config.own:
        return []
    if not data.split.train:
        raise GoalError("The splits leave no training goal to practise. Bring goals, or adapt without them.")
    both = with_reworded(data, 1, np.random.default_rng([config.seed, 4]))
    return [both.goals[index] for index in both.split.train]


def practice_in(shop: Shop, config: AdaptConfig, own: Sequence[Goal] = ()) -> tuple[ManyShops, list[list[ShopGoal]]]:
    """A shop, its copy under noisy titles and generated shops, with the goals to practise in each round.

    Args:
        shop: the shop.
        config: settings.
        own: its training goals (:func:`own_goals`).

    Raises:
        GoalError: no product has an attribute to ask for.
    """
    rng = np.random.default_rng([config.seed, 3])
    made = goals_for(shop.catalog, rng, "all", config.goals * len(config.rounds)).goals
    other = noisy(shop.catalog, rng)
    search = shop_search(other, None, lambda: SearchIndex.build(other.products), "bm25", None)
    shops = [shop, Shop(other, search, shop.tagger)]
    mixed_in: list[list[ShopGoal]] = [[] for _ in config.rounds]
    if config.mixed_in:
        sizes = PretrainConfig(MIXED_IN, config.mixed_in, 400, config.mixed_goals, 1, config.gone, config.rounds)
        generated, practised = shops_for(sizes)
        mixed_in = [[replace(each, shop=each.shop + len(shops)) for each in part] for part in practised]
        shops += generated.shops
    rounds = []
    for number, mixed in enumerate(mixed_in):
        part = made[number * config.goals : (number + 1) * config.goals]
        goals = [ShopGoal(place % 2, goal, bool(rng.random() < config.gone)) for place, goal in enumerate(part)]
        drawn = rng.permutation(len(own))[: config.own].tolist()
        goals += [ShopGoal(0, own[place], bool(rng.random() < config.gone)) for place in drawn]
        goals += mixed
        rounds.append([goals[place] for place in rng.permutation(len(goals)).tolist()])
    return ManyShops(shops), rounds


def adapt(folder: Path, shop: Shop, start: LearnedPolicy, config: AdaptConfig, own: Sequence[Goal] = ()) -> Coached:
    """Adapt an agent to a shop in a folder, continuing what an earlier start left there.

    Args:
        folder: for ``policies`` and ``training``.
        shop: the shop.
        start: the agent, trained in place.
        config: settings.
        own: the shop's training goals (:func:`own_goals`).

    Raises:
        PolicyError: the agent cannot judge products.
        GoalError: no product has an attribute to ask for.
        RunError: the folder holds a checkpoint of another adaptation.
    """
    check_judging(start)
    task, goals = practice_in(shop, config, own)
    name, patience = f"{start.name}-adapted", start.model.config.patience if isinstance(start, MatchPolicy) else 0.0
    before = [weight.detach().clone() for weight in start.model.parameters()]
    made = train_coached(folder, task, goals, config.rounds, config.seed, start, name, patience=patience)
    with torch.no_grad():
        for weight, old in zip(made.policy.model.parameters(), before, strict=True):
            weight.lerp_(old, config.kept)
    return made
