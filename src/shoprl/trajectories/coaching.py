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
from shoprl.shop.page import Page
from shoprl.shop.session import Shop
from shoprl.tasks.base import Observation, index_of
from shoprl.tasks.instruction import WISH
from shoprl.tasks.shop.many import ManyShops, ShopGoal
from shoprl.tasks.shop.task import ShopEpisode, ShopTask
from shoprl.trajectories.examples import Example
from shoprl.trajectories.shoppers import EXPERT, Shopper, habits, plan_for

BROWSED = 60  # steps of an episode in which nobody buys
OPENED, READ, DESCRIPTIONS = 0.8, 0.7, 0.2  # chances of opening a product, reading about it, and its description
KEPT = 0.4  # share of the results pages of such an episode that are learned from


@dataclass(frozen=True)
class Coaching(Settings):
    """Settings of coached episodes.

    Attributes:
        recovery: the expert's chance of opening a wrong product from a results page, where the expert acts.
        reading: its chance of reading about a plausible product whose title does not answer the request.
        acting: share of episodes in which the expert acts, and not the policy.
        browsing: share of episodes in which nobody buys: products are opened and read about one after the other, as
            for a list, so that the estimates of many opened products are learned too.
    """

    recovery: Share = 0.35
    reading: Share = 0.6
    acting: Share = 0.2
    browsing: Share = 0.08


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


class _Browser:
    """Opens the products of a results page in order, leaving some out, and reads about most of them."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng, self._read, self._passed = rng, set[str](), set[str]()
        self.done = False

    def act(self, page: Page, query: str) -> str:
        """The next action; sets ``done`` once nothing is left."""
        if page.kind == "search":
            return f"search[{query}]"
        if page.kind == "results":
            left = [product for product in page.products if product.asin not in self._passed]
            while left:
                self._passed.add((product := left.pop(0)).asin)
                if self._rng.random() < OPENED:
                    return f"click[{product.asin.lower()}]"
            self.done = True
            return "click[back to search]"
        assert page.product is not None
        if page.kind == "item" and page.product.asin not in self._read and self._rng.random() < READ:
            self._read.add(page.product.asin)
            return "click[description]" if self._rng.random() < DESCRIPTIONS else "click[features]"
        return "click[< prev]"


class _Coached:
    """An episode in progress."""

    def __init__(
        self, task: ManyShops, goal: ShopGoal, policy: LearnedPolicy | None, config: Coaching, rng: np.random.Generator
    ) -> None:
        self.browser = _Browser(rng) if config.browsing and rng.random() < config.browsing else None
        own = task.task_of(goal)
        if self.browser is not None:
            own = ShopTask(own.shop, BROWSED)
        self.live: ShopEpisode = own.start(goal.goal, policy.queries if policy is not None else WISH)
        self.rng, self._max_steps = rng, own.max_steps
        self.expert_acts = policy is None or bool(rng.random() < config.acting)
        recovery = config.recovery if self.expert_acts else 0.0
        query = self.live.queries[0]
        self._expert = Shopper(goal.goal, own.shop, query, habits(EXPERT), recovery, rng, config.reading)
        self._fits = Fits(own.shop, goal.goal)

    @property
    def over(self) -> bool:
        """Whether something was bought, the step limit is reached, or nothing is left to browse."""
        return self.live.over or (self.browser is not None and self.browser.done)

    @property
    def led(self) -> bool:
        """Whether the policy acts."""
        return not self.expert_acts and self.browser is None

    def coach(self, number: int) -> tuple[str, Example | None]:
        """The expert's action in the current state, and the example that it makes."""
        state, page = self.live.state, self.live.page
        action = self._expert.act(page, self._max_steps - self.live.steps)
        chosen, slipped = index_of(state, action), self._expert.slip
        if self.browser is not None:
            action = self.browser.act(page, self.live.queries[0])
            slipped |= page.kind != "results" or self.rng.random() >= KEPT
        if chosen is None or slipped or len(state.candidates) < 2:
            return action, None
        seen = state.observe_part("evidence")
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
            while running := [number for number, each in enumerate(episodes) if not each.over]:
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
    led = [number for number in running if episodes[number].led]
    if policy is not None and led:
        states = [episodes[number].live.state for number in led]
        choices = policy.act(states, [episodes[number].rng for number in led], "sample")
        actions |= {number: choice.action for number, choice in zip(led, choices, strict=True)}
    for number in running:
        episodes[number].live.step(actions[number])
