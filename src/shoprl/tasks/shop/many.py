"""Many shops as one task, so that a policy learns to shop and not a catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass

from shoprl.shop.goal import Goal
from shoprl.shop.session import MAX_STEPS, Shop
from shoprl.tasks.instruction import WISH, Queries
from shoprl.tasks.shop.task import ShopEpisode, ShopTask


@dataclass(frozen=True, slots=True)
class ShopGoal:
    """A goal in one of many shops.

    Attributes:
        shop: number of the shop.
        goal: the goal.
        gone: whether its product is out of reach, so that the best of what is left is wanted.
    """

    shop: int
    goal: Goal
    gone: bool = False


@dataclass(frozen=True)
class ManyShops:
    """A :class:`shoprl.tasks.base.Task` whose episodes take place in one of several shops.

    Attributes:
        shops: the shops.
        max_steps: an episode is truncated after this many steps.
    """

    shops: Sequence[Shop]
    max_steps: int = MAX_STEPS

    def task_of(self, goal: ShopGoal) -> ShopTask:
        """The shop of a goal, as a task."""
        shop = self.shops[goal.shop]
        return ShopTask(shop.without(frozenset({goal.goal.asin})) if goal.gone else shop, self.max_steps)

    def start(self, goal: ShopGoal, queries: Queries = WISH) -> ShopEpisode:
        """Start an episode; see :meth:`ShopTask.start`."""
        return self.task_of(goal).start(goal.goal, queries)

    def describe(self, goal: ShopGoal) -> object:
        """The goal's fields, its shop's number, and the step limit."""
        return {"shop": goal.shop, "gone": goal.gone, "goal": goal.goal.to_json(), "max_steps": self.max_steps}
