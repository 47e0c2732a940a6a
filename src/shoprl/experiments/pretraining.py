"""The pretrained agent: learns to shop in many generated catalogues, made as unlike each other as real ones are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from shoprl.catalog.style import draw_style
from shoprl.experiments.coached import Coached, Round, train_coached
from shoprl.policies.networks.match.policy import MatchPolicy
from shoprl.policies.networks.match.words import vocabulary, words_in
from shoprl.progress import track
from shoprl.settings import Count, NotNegative, Range, Seed, Settings, Share
from shoprl.shop.catalog_goals import goals_for
from shoprl.shop.generated import generated_data
from shoprl.shop.goal import Goal
from shoprl.shop.session import Shop
from shoprl.tasks.shop.many import ManyShops, ShopGoal
from shoprl.tasks.shop.texts import product_texts, wishes_of
from shoprl.training.imitation import ImitationConfig
from shoprl.training.policy_gradient import PolicyGradientConfig
from shoprl.trajectories.coaching import Coaching

FIRST, CATALOGUES = 10**6, 1_000  # first seed of a catalogue, far from what people generate; seeds of a pretraining
SEVERAL = 3  # shops that have a word which is saved with the agent


def _rounds() -> tuple[Round, ...]:
    def learn(updates: int, rate: float) -> ImitationConfig:
        return ImitationConfig(updates=updates, batch_size=32, learning_rate=rate, checkpoint_every=500, log_every=100)

    return (
        Round(Coaching(), learn(3_000, 1e-3)),
        Round(Coaching(acting=0.1), learn(4_000, 7e-4)),
        Round(Coaching(acting=0.1), learn(5_000, 5e-4)),
    )


def by_reward(updates: int) -> PolicyGradientConfig:
    """Policy gradient as it goes on from coached rounds: half of what is earned is earned by success alone."""
    return PolicyGradientConfig(
        updates=updates,
        batch_size=64,
        learning_rate=2e-4,
        discount=0.99,
        value_weight=0.5,
        imitation_weight=0.2,
        entropy_weight=0.003,
        demonstrated=32,
        success_weight=0.5,
        checkpoint_every=50,
    )


@dataclass(frozen=True)
class PretrainConfig(Settings):
    """Settings of a pretraining; the defaults take a core about 40 minutes.

    Attributes:
        seed: of every draw, the catalogues among them.
        catalogues: how many are generated, each in a style of its own.
        products: of each catalogue.
        goals: of each catalogue, in every round; half in WebShop's wording, half in people's and in keywords.
        rewarded: of each catalogue, goals of the reinforcement.
        gone: share of goals whose product is out of reach, so that the best of what is left is wanted.
        rounds: of coached episodes and training.
        reinforcement: settings of the policy gradient that follows; None for none.
        patience: of the agent in the end; see :class:`shoprl.policies.networks.match.model.MatchConfig`.
    """

    seed: Seed = 0
    catalogues: Annotated[int, Range(1, CATALOGUES)] = 24
    products: Annotated[int, Range(50, 100_000)] = 700
    goals: Count = 330
    rewarded: Count = 1_000
    gone: Share = 0.12
    rounds: tuple[Round, ...] = field(default_factory=_rounds)
    reinforcement: PolicyGradientConfig | None = None
    patience: NotNegative = 0.8

    def seeded(self, seed: int) -> "PretrainConfig":
        """A copy with another seed."""
        return replace(self, seed=seed)


SizeName = Literal["full", "tiny"]
TINY = ImitationConfig(updates=4, batch_size=8, warmup=2, checkpoint_every=2, log_every=2)  # only shows that it runs
SIZES: Mapping[SizeName, PretrainConfig] = {
    "full": PretrainConfig(),
    "tiny": PretrainConfig(
        catalogues=2,
        products=80,
        goals=8,
        rewarded=8,
        rounds=(Round(Coaching(), TINY), Round(Coaching(), TINY)),
        reinforcement=replace(by_reward(2), batch_size=4, warmup=2, checkpoint_every=2, log_every=2, demonstrated=8),
    ),
}


def goals_of(
    shops: Sequence[Shop], own: Sequence[Sequence[Goal]], count: int, gone: float, rng: np.random.Generator
) -> list[ShopGoal]:
    """Draw goals of several shops, in random order.

    Args:
        shops: the shops.
        own: each shop's goals to draw people's from.
        count: of each shop.
        gone: share whose product is out of reach.
        rng: of every draw.
    """
    drawn: list[ShopGoal] = []
    for number, (shop, given) in enumerate(zip(shops, own, strict=True)):
        picked = [given[place] for place in rng.permutation(len(given))[: count // 2].tolist()]
        made = goals_for(shop.catalog, rng, "webshop", max(1, count - len(picked))).goals
        drawn += [ShopGoal(number, goal, bool(rng.random() < gone)) for goal in (*picked, *made)]
    return [drawn[place] for place in rng.permutation(len(drawn)).tolist()]


def shops_for(config: PretrainConfig) -> tuple[ManyShops, list[list[ShopGoal]]]:
    """The generated shops of a pretraining, and the goals of each of its rounds and of its reinforcement."""
    data = []
    for number in track(range(config.catalogues), "generating catalogues", config.catalogues, unit="catalogue"):
        style = draw_style(np.random.default_rng([config.seed, 1, number]))
        data.append(generated_data(config.products, FIRST + config.seed * CATALOGUES + number, style))
    shops, own = [each.shop for each in data], [each.goals for each in data]
    *rngs, last = np.random.default_rng([config.seed, 2]).spawn(len(config.rounds) + 1)
    goals = [goals_of(shops, own, config.goals, config.gone, rng) for rng in rngs]
    if config.reinforcement is not None:
        goals.append(goals_of(shops, own, config.rewarded, config.gone, last))
    return ManyShops(shops), goals


def pretrain(folder: Path, config: PretrainConfig) -> Coached:
    """Pretrain an agent in a folder, continuing what an earlier start left there."""
    task, goals = shops_for(config)
    made = train_coached(
        folder,
        task,
        goals,
        config.rounds,
        config.seed,
        name="pretrained",
        reinforcement=config.reinforcement,
        patience=config.patience,
    )
    assert isinstance(made.policy, MatchPolicy)
    known = vocabulary(made.policy.backbone)
    made.policy.words.add(known)
    made.policy.common = common_words(task, goals).union(known)
    return made


def common_words(task: ManyShops, goals: Sequence[Sequence[ShopGoal]]) -> frozenset[str]:
    """Words of several shops, as no other shop has the names that only one has."""
    texts = [set(product_texts(shop.catalog)) for shop in task.shops]
    for own in goals:
        for each in own:
            texts[each.shop].update(wishes_of([each.goal]))
    counts = Counter(word for own in texts for word in {word for text in own for word, _ in words_in(text)})
    return frozenset(word for word, count in counts.items() if count >= min(SEVERAL, len(texts)))
