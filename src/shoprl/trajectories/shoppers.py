"""Simulated shoppers: demonstrations by a shopper who knows the goal's hidden fields and makes mistakes as people do.

A shopper of skill 1 is an expert. The lower the skill, the more likely is each kind of mistake: a wrong option, a
forgotten option, an overlooked price, giving up early and buying a product at hand, and detours.
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
PLAUSIBLE = 0.4  # reward that a product may earn, from which on it is worth reading about
HUMAN_SUCCESS = 0.5  # WebShop's average worker: 50% success and a score of 75 (arXiv 2207.01206, section 5.2)


@dataclass(frozen=True, slots=True)
class Habits:
    """Probabilities of each mistake.

    Attributes:
        wrong_option: choosing another value of the right option, per option.
        forgotten_option: leaving an option unset, per option.
        overlooked_price: ignoring the price ceiling, per episode.
        giving_up: buying one of the first three products without options, per episode.
        detour: opening a section, or the first product that is not the right one, per page.
    """

    wrong_option: float
    forgotten_option: float
    overlooked_price: float
    giving_up: float
    detour: float


def habits(skill: float) -> Habits:
    """The mistakes of a shopper with a skill in [0, 1].

    Raises:
        ConfigError: the skill is out of range.
    """
    if not 0.0 <= skill <= 1.0:
        raise ConfigError(f"skill {skill}: must be between 0 and 1.")
    lack = 1.0 - skill
    return Habits(0.2 * lack, 0.2 * lack, 0.3 * lack, lack, 0.5 * lack)


@dataclass(frozen=True, slots=True)
class Plan:
    """A purchase for a goal: a product, its options, and the reward."""

    product: Product
    options: dict[str, str]
    reward: float


def potential(product: Product, goal: Goal, shop: Shop) -> float:
    """Upper bound of a product's reward: that with all the goal's options selected."""
    bare = reward(product, {}, goal, shop.tagger)
    return bare.total + (bare.w_option or 0.0) * bare.r_type


def plan_for(product: Product, goal: Goal, shop: Shop) -> Plan:
    """The best options of a product, chosen greedily, and their reward."""
    named, wanted = goal.options if isinstance(goal.options, dict) else {}, goal.option_values
    options: dict[str, str] = {}
    for name, values in product.options.items():
        exact = [value for value in values if value == named.get(name)]
        exact = exact or [value for value in values if value in wanted]
        if exact:
            options[name] = exact[0]
    best = reward(product, options, goal, shop.tagger).total
    for name, values in product.options.items():  # of options the goal does not name, the value that raises it most
        if name in options or not values:
            continue
        scored = [(reward(product, options | {name: value}, goal, shop.tagger).total, value) for value in values]
        top, value = max(scored, key=lambda pair: pair[0])
        if top > best:
            best, options = top, options | {name: value}
    return Plan(product, options, best)


class Shopper:
    """One episode of a simulated shopper; :meth:`act` gives the next action.

    Args:
        goal: the goal; only shoppers may read its hidden fields.
        shop: the shop.
        query: typed into the search bar.
        habits: probabilities of mistakes.
        recovery: probability of opening a wrong product from a results page, from which the shopper recovers.
        rng: draws the mistakes.
        reading: probability of reading a section of a plausible product whose title does not answer the request.
    """

    def __init__(
        self,
        goal: Goal,
        shop: Shop,
        query: str,
        habits: Habits,
        recovery: float,
        rng: np.random.Generator,
        reading: float = 0.0,
    ) -> None:
        self.shop, self.query, self.habits, self.recovery, self.rng = shop, query, habits, recovery, rng
        self.reading = reading
        self.slip = False
        self._hasty = bool(rng.random() < habits.giving_up)
        self._goal = replace(goal, price_upper=math.inf) if rng.random() < habits.overlooked_price else goal
        self._target: Plan | None = None
        self._choices: dict[str, dict[str, str]] = {}
        self._looked: set[str] = set()
        self._read: set[str] = set()
        self._sections: dict[str, set[str]] = {}
        self._plausible: dict[str, bool] = {}

    def act(self, page: Page, steps_left: int) -> str:
        """The next action on ``page``; sets ``slip`` if it is a mistake to recover from."""
        self.slip = False
        if page.kind == "search":
            return f"search[{self.query}]"
        if page.kind == "results":
            return self._on_results(page, steps_left)
        if page.kind == "sub":
            assert page.product is not None
            self._sections.setdefault(page.product.asin, set()).add(page.section)
            return "click[< prev]"
        return self._on_item(page, steps_left)

    def _results(self) -> Sequence[Product]:
        return self.shop.find(self.query.lower().split(" "))

    def _plan(self) -> Plan | None:
        """The best purchase among the search's results; of equally good ones the goal's own product."""
        if self._target is None:
            products = sorted(self._results(), key=lambda product: product.asin != self._goal.asin)
            limits = [potential(product, self._goal, self.shop) for product in products]
            for i in sorted(range(len(products)), key=lambda i: -limits[i]):
                if self._target is not None and limits[i] <= self._target.reward:
                    break
                plan = plan_for(products[i], self._goal, self.shop)
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
        right_page = self._results().index(plan.product) // PER_PAGE + 1
        return "click[next >]" if right_page > page.number else "click[< prev]"

    def _open(self, product: Product) -> str:
        self._looked.add(product.asin)
        return f"click[{product.asin.lower()}]"

    def _on_item(self, page: Page, steps_left: int) -> str:
        assert page.product is not None
        product = page.product
        if self._hasty:
            return "click[buy now]"
        section = self._section(product) if self.reading and steps_left > 6 else None
        if section is not None:
            return f"click[{section}]"
        if not self._right(product) and self._returns(product, steps_left):
            return "click[< prev]"
        if steps_left > 6 and product.asin not in self._read and self.rng.random() < self.habits.detour:
            self._read.add(product.asin)
            return f"click[{SECTIONS[int(self.rng.integers(2))].lower()}]"
        for name, value in self._options(product).items():
            if page.options.get(name) != value and steps_left > 1:
                return f"click[{value}]"
        return "click[buy now]"

    def _section(self, product: Product) -> str | None:
        """The section to read next: while what is asked for was not shown, of a product of the right kind."""
        if product.asin not in self._plausible:
            plausible = potential(product, self._goal, self.shop) >= PLAUSIBLE
            self._plausible[product.asin] = plausible and bool(self.rng.random() < self.reading)
        if not self._plausible[product.asin]:
            return None
        read = self._sections.get(product.asin, set())
        shown = [product.title, *(product.bullets if "Features" in read else ())]
        seen = " ".join([*shown, product.description if "Description" in read else ""]).lower()
        if all(attribute in seen for attribute in self._goal.attributes):
            return None
        texts = {"Features": product.bullets, "Description": product.description}
        return next((name.lower() for name, text in texts.items() if text and name not in read), None)

    def _returns(self, product: Product, steps_left: int) -> bool:
        """Whether there is time to go back from a wrong product for the right one."""
        if not self.reading or steps_left > 4:
            return steps_left > 4
        plan = self._plan()  # three steps are enough to go back and buy, though perhaps without its options
        assert plan is not None
        bare = reward(plan.product, {}, self._goal, self.shop.tagger).total
        return steps_left >= 3 and bare > plan_for(product, self._goal, self.shop).reward

    def _right(self, product: Product) -> bool:
        plan = self._plan()
        return plan is None or plan_for(product, self._goal, self.shop).reward >= plan.reward

    def _options(self, product: Product) -> dict[str, str]:
        """Option name -> value that the shopper selects on a product, including mistakes."""
        if product.asin not in self._choices:
            options = {}
            for name, value in plan_for(product, self._goal, self.shop).options.items():
                if self.rng.random() < self.habits.forgotten_option:
                    continue
                others = [other for other in product.options[name] if other != value]
                wrong = bool(others) and self.rng.random() < self.habits.wrong_option
                options[name] = others[int(self.rng.integers(len(others)))] if wrong else value
            self._choices[product.asin] = options
        return self._choices[product.asin]


def demonstration(
    task: ShopTask,
    goal_index: int,
    goal: Goal,
    skill: float,
    rng: np.random.Generator,
    recovery: float = 0.0,
    strategy: QueryStrategy = "wish",
) -> Episode:
    """Record one demonstration.

    Args:
        task: the shop and the step limit.
        goal_index: position of the goal in its list.
        goal: the goal.
        skill: 1 for an expert; :func:`average_skill` computes an average shopper's.
        rng: draws the mistakes.
        recovery: probability of opening a wrong product from a results page; recorded as a slip.
        strategy: decides the query.
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
    """The skill at which shoppers succeed as often as WebShop's average worker, by bisection.

    It is calibrated to the shop, since the effect of a mistake depends on the catalogue.

    Args:
        task: the shop.
        goals: the goal list.
        indices: training goals to calibrate on.
        rng: draws the goals, evenly over products; all skills use the same draws.
        success: target success rate.
        episodes: maximum number of episodes per skill.
    """
    chosen = goal_order(goals, indices, rng)[:episodes]
    seed = int(rng.integers(2**31))
    low, high = 0.0, 1.0
    for _ in track(range(6), "calibrating the average shopper", total=6, unit="skill"):
        skill = (low + high) / 2
        rngs = np.random.default_rng(seed).spawn(len(chosen))
        done = [demonstration(task, i, goals[i], skill, own) for i, own in zip(chosen, rngs, strict=True)]
        low, high = (low, skill) if sum(episode.success for episode in done) / len(done) > success else (skill, high)
    return round((low + high) / 2, 4)


def goal_order(goals: Sequence[Goal], indices: Sequence[int], rng: np.random.Generator) -> list[int]:
    """A random order of goals in which every product occurs once before any occurs twice.

    There is one goal per combination of options, so products with many options would otherwise dominate.
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
    """Record demonstrations on goals in a random order, evenly over products; goals are repeated if there are too few.

    Args:
        task: the shop and the step limit.
        goals: the goal list.
        indices: training goals.
        count: number of demonstrations.
        skill: see :func:`demonstration`.
        rng: draws the goals, and spawns each episode's own generator.
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
