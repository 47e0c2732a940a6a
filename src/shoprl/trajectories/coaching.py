"""Coached episodes: an expert says at every step what it would do, whoever acts (DAgger, arXiv 1011.0686).

The expert knows the goal, and also says what each product that was seen would earn: what a policy learns to estimate.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shoprl.policies.learned import LearnedPolicy
from shoprl.progress import bar
from shoprl.rollouts.runner import PARALLEL
from shoprl.settings import Settings, Share
from shoprl.shop.goal import Goal
from shoprl.shop.session import Shop
from shoprl.tasks.base import Observation, index_of
from shoprl.tasks.instruction import WISH
from shoprl.tasks.shop.many import ManyShops, ShopGoal
from shoprl.tasks.shop.task import ShopEpisode
from shoprl.trajectories.examples import Example
from shoprl.trajectories.shoppers import EXPERT, Shopper, habits, plan_for


@dataclass(frozen=True)
class Coaching(Settings):
    """Settings of coached episodes.

    Attributes:
        recovery: the expert's chance of opening a wrong product from a results page, where the expert acts.
        reading: its chance of reading about a plausible product whose title does not answer the request.
        acting: share of episodes in which the expert acts, and not the policy.
    """

    recovery: Share = 0.35
    reading: Share = 0.6
    acting: Share = 0.2


class Fits:
    """What the products of a shop would earn for a goal, with their best options.

    Args:
        shop: the shop.
        goal: the goal.
    """

    def __init__(self, shop: Shop, goal: Goal) -> None:
        self._shop, self._goal = shop, goal
        self._known: dict[str, float] = {}

    def of(self, asin: str) -> float:
        """The reward of buying a product."""
        if asin not in self._known:
            self._known[asin] = plan_for(self._shop.catalog[asin], self._goal, self._shop).reward
        return self._known[asin]

    def rows(self, state: Observation) -> NDArray[np.float32]:
        """The rewards of a state's rows, shape (rows,); -1 for rows that are no products."""
        names = state.evidence.names if state.evidence is not None else ()
        return np.array([self.of(name) if name else -1.0 for name in names], dtype=np.float32)


class _Coached:
    """An episode in progress."""

    def __init__(
        self, task: ManyShops, goal: ShopGoal, policy: LearnedPolicy | None, config: Coaching, rng: np.random.Generator
    ) -> None:
        own = task.task_of(goal)
        self.live: ShopEpisode = own.start(goal.goal, policy.queries if policy is not None else WISH)
        self.rng, self._max_steps = rng, task.max_steps
        self.expert_acts = policy is None or bool(rng.random() < config.acting)
        recovery = config.recovery if self.expert_acts else 0.0
        query = self.live.queries[0]
        self._expert = Shopper(goal.goal, own.shop, query, habits(EXPERT), recovery, rng, config.reading)
        self._fits = Fits(own.shop, goal.goal)

    def coach(self, number: int) -> tuple[str, Example | None]:
        """The expert's action in the current state, and the example that it makes."""
        state, page = self.live.state, self.live.page
        action = self._expert.act(page, self._max_steps - self.live.steps)
        chosen = index_of(state, action)
        if chosen is None or self._expert.slip or len(state.candidates) < 2:
            return action, None
        seen = state.observe()
        fits = self._fits.rows(seen)
        return action, Example(slim(seen), chosen, number, self.live.steps, fits)


def slim(state: Observation) -> Observation:
    """A state without what only other networks read, which would take most of the memory."""
    return replace(state, page="", features=np.zeros((len(state.texts), 0), dtype=np.float32))


def coached(
    task: ManyShops,
    goals: Sequence[ShopGoal],
    rng: np.random.Generator,
    config: Coaching,
    policy: LearnedPolicy | None = None,
    label: str = "coached episodes",
) -> Iterator[Example]:
    """Yield the examples of coached episodes, episode after episode.

    Args:
        task: the shops.
        goals: training goals.
        rng: spawns each episode's own generator.
        config: settings.
        policy: acts with sampled actions; None lets the expert act.
        label: of the progress bar.
    """
    with bar(len(goals), label, "episode") as progress:
        for start in range(0, len(goals), PARALLEL):
            part = goals[start : start + PARALLEL]
            drawn = zip(part, rng.spawn(len(part)), strict=True)
            episodes = [_Coached(task, goal, policy, config, own) for goal, own in drawn]
            examples: list[list[Example]] = [[] for _ in episodes]
            while running := [number for number, each in enumerate(episodes) if not each.live.over]:
                _step(episodes, running, examples, start, policy)
            for own_examples in examples:
                yield from own_examples
            progress.update(len(part))


def _step(
    episodes: Sequence[_Coached],
    running: Sequence[int],
    examples: Sequence[list[Example]],
    start: int,
    policy: LearnedPolicy | None,
) -> None:
    """Make a step of every running episode."""
    actions = {}
    for number in running:
        actions[number], example = episodes[number].coach(start + number)
        if example is not None:
            examples[number].append(example)
    led = [number for number in running if not episodes[number].expert_acts]
    if policy is not None and led:
        states = [episodes[number].live.state for number in led]
        choices = policy.act(states, [episodes[number].rng for number in led], "sample")
        actions |= {number: choice.action for number, choice in zip(led, choices, strict=True)}
    for number in running:
        episodes[number].live.step(actions[number])
