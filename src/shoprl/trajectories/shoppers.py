"""Simulated shoppers: demonstrations from a shopper who knows what is wanted and errs as people do.

A shopper of skill 1 is an expert. Below that each kind of mistake has a chance that grows as skill falls: a wrong
option, a forgotten option, an overlooked price, giving up early with whatever is on the page, and needless detours.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from shoprl.catalog.product import Product
from shoprl.errors import ConfigError
from shoprl.progress import track
from shoprl.rollouts.recording import Recording
from shoprl.rollouts.records import Episode
from shoprl.shop.goal import Goal
from shoprl.shop.page import SECTIONS, Page
from shoprl.shop.reward import reward
from shoprl.shop.session import PER_PAGE, Shop
from shoprl.tasks.instruction import QueryStrategy, queries_for
from shoprl.tasks.shop.task import ShopTask

EXPERT = 1.0
HUMAN_SUCCESS = 0.5  # WebShop's average worker: 50% success and a score of 75 (arXiv 2207.01206, section 5.2)


@dataclass(frozen=True, slots=True)
class Habits:
    """Chances of each mistake.

    Attributes:
        wrong_option: choosing another value of the right option, per option.
        forgotten_option: leaving an option unset, per option.
        overlooked_price: not minding the price ceiling, per episode.
        giving_up: opening one of the first three products and buying it as it is, per episode.
        detour: reading a section, or opening the first product that is not the right one, per page.
    """

    wrong_option: float
    forgotten_option: float
    overlooked_price: float
    giving_up: float
    detour: float


def habits(skill: float) -> Habits:
    """The mistakes of a shopper of a skill in [0, 1].

    Raises:
        ConfigError: the skill is outside.
    """
    if not 0.0 <= skill <= 1.0:
        raise ConfigError(f"skill {skill}: must be between 0 and 1.")
    lack = 1.0 - skill
    return Habits(0.2 * lack, 0.2 * lack, 0.3 * lack, lack, 0.5 * lack)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to buy for a goal: a product, its options, and the reward that earns."""

    product: Product
    options: dict[str, str]
    reward: float


def _best_options(product: Product, goal: Goal) -> dict[str, str]:
    """The product's option values that the goal asks for; one asked by name is looked for there first."""
    named = goal.options if isinstance(goal.options, dict) else {}
    wanted = goal.option_values
    options: dict[str, str] = {}
    for name, values in product.options.items():
        own = named.get(name)
        exact = [value for value in values if value == own] or [value for value in values if value in wanted]
        if exact:
            options[name] = exact[0]
    return options


def _filled_options(product: Product, goal: Goal, options: dict[str, str], shop: Shop) -> Plan:
    """Add, option by option, the value that raises the reward most."""
    best = reward(product, options, goal, shop.tagger).total
    for name, values in product.options.items():
        if name in options or not values:
            continue
        scored = [(reward(product, options | {name: value}, goal, shop.tagger).total, value) for value in values]
        top, value = max(scored, key=lambda pair: pair[0])
        if top > best:
            best, options = top, options | {name: value}
    return Plan(product, options, best)


def potential(product: Product, goal: Goal, shop: Shop) -> float:
    """What a product would earn if every option asked for could be chosen."""
    bare = reward(product, {}, goal, shop.tagger)
    return bare.total + (bare.w_option or 0.0) * bare.r_type


def plan_for(product: Product, goal: Goal, shop: Shop) -> Plan:
    """The options that earn most on a product, and what they earn."""
    return _filled_options(product, goal, _best_options(product, goal), shop)


class Shopper:
    """One episode of a simulated shopper; :meth:`act` gives the next action.

    Args:
        goal: what is wanted, hidden fields included: demonstrations are the one place where they are seen.
        shop: where.
        query: what is typed into the search bar.
        habits: the mistakes.
        recovery: chance of a slip on a results page that the shopper then recovers from (a wrong product opened).
        rng: decides mistakes.
    """

    def __init__(
        self, goal: Goal, shop: Shop, query: str, habits: Habits, recovery: float, rng: np.random.Generator
    ) -> None:
        self.shop, self.query, self.habits, self.recovery, self.rng = shop, query, habits, recovery, rng
        self.slip = False
        self._hasty = bool(rng.random() < habits.giving_up)
        self._goal = replace(goal, price_upper=math.inf) if rng.random() < habits.overlooked_price else goal
        self._target: Plan | None = None
        self._wishes: dict[str, dict[str, str]] = {}
        self._looked: set[str] = set()
        self._read: set[str] = set()

    def act(self, page: Page, steps_left: int) -> str:
        """The next action on ``page``; sets ``slip`` when it is one the shopper does not mean."""
        self.slip = False
        if page.kind == "search":
            return f"search[{self.query}]"
        if page.kind == "results":
            return self._on_results(page, steps_left)
        return "click[< prev]" if page.kind == "sub" else self._on_item(page, steps_left)

    def _found(self) -> Sequence[Product]:
        return self.shop.find(self.query.lower().split(" "))

    def _plan(self) -> Plan | None:
        """The best buy among what the search finds; the wanted product itself where several earn as much."""
        if self._target is None:
            found = sorted(self._found(), key=lambda product: product.asin != self._goal.asin)
            limits = [potential(product, self._goal, self.shop) for product in found]
            for i in sorted(range(len(found)), key=lambda i: -limits[i]):
                if self._target is not None and limits[i] <= self._target.reward:
                    break
                plan = plan_for(found[i], self._goal, self.shop)
                if self._target is None or plan.reward > self._target.reward:
                    self._target = plan
        return self._target

    def _on_results(self, page: Page, steps_left: int) -> str:
        plan = self._plan()
        if plan is None or not page.products:
            return "click[< prev]" if page.number > 1 else "click[back to search]"
        if self._hasty:
            return self._open(page.products[int(self.rng.integers(min(3, len(page.products))))])
        if steps_left <= 3:
            return self._open(plan.product if plan.product in page.products else page.products[0])
        others = [product for product in page.products if product.asin not in self._looked | {plan.product.asin}]
        if others and steps_left > 6:
            if self.rng.random() < self.recovery:
                self.slip = True
                return self._open(others[int(self.rng.integers(min(3, len(others))))])
            if self.rng.random() < self.habits.detour:
                return self._open(others[0])
        if plan.product in page.products:
            return self._open(plan.product)
        right_page = self._found().index(plan.product) // PER_PAGE + 1
        return "click[next >]" if right_page > page.number else "click[< prev]"

    def _open(self, product: Product) -> str:
        self._looked.add(product.asin)
        return f"click[{product.asin.lower()}]"

    def _on_item(self, page: Page, steps_left: int) -> str:
        assert page.product is not None
        product = page.product
        if self._hasty:
            return "click[buy now]"
        if steps_left > 4 and not self._right(product):
            return "click[< prev]"
        if steps_left > 6 and product.asin not in self._read and self.rng.random() < self.habits.detour:
            self._read.add(product.asin)
            return f"click[{SECTIONS[int(self.rng.integers(2))].lower()}]"
        for name, value in self._wish(product).items():
            if page.options.get(name) != value and steps_left > 1:
                return f"click[{value}]"
        return "click[buy now]"

    def _right(self, product: Product) -> bool:
        plan = self._plan()
        return plan is None or plan_for(product, self._goal, self.shop).reward >= plan.reward

    def _wish(self, product: Product) -> dict[str, str]:
        """Option name -> value this shopper will click on this product, mistakes included."""
        if product.asin not in self._wishes:
            wish = {}
            for name, value in plan_for(product, self._goal, self.shop).options.items():
                if self.rng.random() < self.habits.forgotten_option:
                    continue
                others = [other for other in product.options[name] if other != value]
                wrong = bool(others) and self.rng.random() < self.habits.wrong_option
                wish[name] = others[int(self.rng.integers(len(others)))] if wrong else value
            self._wishes[product.asin] = wish
        return self._wishes[product.asin]


def demonstration(
    task: ShopTask,
    goal_index: int,
    goal: Goal,
    skill: float,
    rng: np.random.Generator,
    recovery: float = 0.0,
    strategy: QueryStrategy = "wish",
) -> Episode:
    """One demonstration.

    Args:
        task: the shop, and the step limit.
        goal_index: position of the goal in its list.
        goal: what is wanted.
        skill: 1 for an expert; :func:`average_skill` finds an average shopper's.
        rng: decides mistakes.
        recovery: chance of a recovered slip on a results page.
        strategy: what is typed into the search bar.
    """
    recording = Recording(task.start(goal, partial(queries_for, strategy)), goal_index)
    live = recording.live
    shopper = Shopper(goal, task.shop, live.queries[0], habits(skill), recovery, rng)
    while not recording.over:
        action = shopper.act(live.page, task.max_steps - live.steps)
        recording.take(action, slip=shopper.slip)
    return recording.episode()


def average_skill(
    task: ShopTask,
    goals: Sequence[Goal],
    indices: Sequence[int],
    rng: np.random.Generator,
    success: float = HUMAN_SUCCESS,
    episodes: int = 200,
) -> float:
    """The skill at which shoppers succeed as often as WebShop's average person did, found by bisection.

    How hard a mistake hits depends on the catalogue, so the average shopper is calibrated to it.

    Args:
        task: the shop.
        goals: the goal list.
        indices: training goals to calibrate on.
        rng: draws the goals, evenly over products; every skill tried shops with the same draws.
        success: share of successful episodes aimed at.
        episodes: of each skill tried, at most.
    """
    chosen = goal_order(goals, indices, rng)[:episodes]
    seed = int(rng.integers(2**31))
    low, high = 0.0, 1.0
    for _ in track(range(6), "calibrating the average shopper", total=6):
        skill = (low + high) / 2
        rngs = np.random.default_rng(seed).spawn(len(chosen))
        done = [demonstration(task, i, goals[i], skill, own) for i, own in zip(chosen, rngs, strict=True)]
        low, high = (low, skill) if sum(episode.success for episode in done) / len(done) > success else (skill, high)
    return round((low + high) / 2, 4)


def goal_order(goals: Sequence[Goal], indices: Sequence[int], rng: np.random.Generator) -> list[int]:
    """A random order of goals in which every product comes once before any comes twice.

    Goals are one a combination of options, so that a few products with many options would else crowd out the rest.
    """
    turns: Counter[str] = Counter()
    order = []
    for position in rng.permutation(len(indices)):
        asin = goals[indices[position]].asin
        order.append((turns[asin], indices[position]))
        turns[asin] += 1
    return [index for _, index in sorted(order, key=lambda pair: pair[0])]


def demonstrations(
    task: ShopTask,
    goals: Sequence[Goal],
    indices: Sequence[int],
    count: int,
    skill: float,
    rng: np.random.Generator,
    recovery: float = 0.0,
    strategy: QueryStrategy = "wish",
) -> list[Episode]:
    """Demonstrations on goals drawn without replacement, evenly over products (again from the start when they run out).

    Args:
        task: the shop, and the step limit.
        goals: the goal list.
        indices: those that may be shown; never test goals.
        count: how many.
        skill: see :func:`demonstration`.
        rng: draws goals, and seeds each episode's own generator.
        recovery: see :func:`demonstration`.
        strategy: see :func:`demonstration`.

    Raises:
        ConfigError: ``count`` is below 1, or there is no goal.
    """
    if count < 1 or not indices:
        raise ConfigError("Demonstrations need a count of at least 1 and at least one goal.")
    order = goal_order(goals, indices, rng)
    order *= -(-count // len(order))
    pairs = track(zip(order[:count], rng.spawn(count), strict=True), "demonstrations", total=count, unit="episode")
    return [demonstration(task, index, goals[index], skill, own, recovery, strategy) for index, own in pairs]
