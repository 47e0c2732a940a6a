"""The shop as a task: an episode starts from a goal or a request, its states are pages, a purchase ends it."""

from dataclasses import dataclass

from shoprl.errors import ConfigError
from shoprl.settings import Steps, check_value
from shoprl.shop.goal import MAX_INSTRUCTION, Goal
from shoprl.shop.page import Page
from shoprl.shop.session import MAX_STEPS, Session, Shop
from shoprl.tasks.base import Outcome
from shoprl.tasks.instruction import WISH, Queries, parse_instruction
from shoprl.tasks.shop.state import ShopState
from shoprl.tasks.shop.tracker import Tracker


class ShopEpisode:
    """A :class:`shoprl.tasks.base.LiveEpisode` in a shop.

    Args:
        shop: the shop.
        goal: a goal or a request.
        queries: the available searches as a function of the instruction.
        max_steps: the step limit; steps beyond it are still executed.
    """

    def __init__(self, shop: Shop, goal: Goal | str, queries: Queries, max_steps: int) -> None:
        self.session = Session(shop, goal)
        self._tracker = Tracker(queries(parse_instruction(self.session.instruction)), max_steps)
        self._state: ShopState | None = None

    @property
    def page(self) -> Page:
        """The current page, for simulated shoppers and importers; a policy observes :attr:`state`."""
        return self.session.page

    @property
    def steps(self) -> int:
        """Number of steps taken."""
        return self._tracker.steps

    @property
    def queries(self) -> tuple[str, ...]:
        """The available searches."""
        return tuple(self._tracker.queries)

    @property
    def state(self) -> ShopState:
        """See :class:`shoprl.tasks.base.LiveEpisode`."""
        if self._state is None:
            self._state = self._tracker.state(self.page)
        return self._state

    @property
    def over(self) -> bool:
        """Whether something was bought or the step limit is reached."""
        return self.session.done or self.steps >= self._tracker.max_steps

    def step(self, action: str) -> None:
        """See :class:`shoprl.tasks.base.LiveEpisode`."""
        self._tracker.took(self.page, action)
        self.session.step(action)
        self._state = None

    def outcome(self) -> Outcome:
        """The purchase and its reward; 0 for a goal without a purchase."""
        session = self.session
        if session.goal is not None and not session.done:
            return Outcome(False, 0.0)
        if not session.done:
            return Outcome(False, None)
        assert self.page.product is not None
        purchase, bought = session.purchase, (self.page.product.asin, dict(self.page.options))
        if purchase is None:
            return Outcome(True, None, {}, *bought)
        return Outcome(True, float(purchase.total), purchase.components(), *bought)


@dataclass(frozen=True)
class ShopTask:
    """A :class:`shoprl.tasks.base.Task` whose episodes start from goals or requests.

    Attributes:
        shop: the shop.
        max_steps: an episode is truncated after this many steps.

    Raises:
        ConfigError: ``max_steps`` is out of range.
    """

    shop: Shop
    max_steps: int = MAX_STEPS

    def __post_init__(self) -> None:
        check_value("max_steps", self.max_steps, Steps)

    def start(self, goal: Goal | str, queries: Queries = WISH) -> ShopEpisode:
        """Start an episode.

        Args:
            goal: a goal, or a request, for which there is no reward.
            queries: a policy's ``queries``.

        Raises:
            ConfigError: the request is empty or too long.
        """
        if isinstance(goal, str):
            goal = " ".join(goal.split())
            if not goal:
                raise ConfigError("The request is empty. Say what you are looking for.")
            if len(goal) > MAX_INSTRUCTION:
                raise ConfigError(f"The request is longer than {MAX_INSTRUCTION} characters. Shorten it.")
        return ShopEpisode(self.shop, goal, queries, self.max_steps)

    def describe(self, goal: Goal | str) -> object:
        """The goal's fields, or the request, and the step limit."""
        return {"goal": goal if isinstance(goal, str) else goal.to_json(), "max_steps": self.max_steps}
