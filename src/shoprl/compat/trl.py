"""The shop as an environment of TRL's GRPOTrainer, whose model shops by calling tools.

TRL makes environments with a factory, calls ``reset(**row)`` with a row of the training set, offers every other public
method to the model as a tool, and asks ``get_reward()`` at the end (``environment_factory``, trl 1.16).
"""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from shoprl.errors import ConfigError, GoalError
from shoprl.settings import Steps, check_value
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.render import observe
from shoprl.shop.session import MAX_STEPS, Session
from shoprl.shop.splits import SplitName

TASK = "Shop for what the instruction asks: search, open a product, choose its options, and click buy now.\n\n"
OVER = "The episode is over."
Row = dict[str, Any]


class ShopTools:
    """One shopper, as TRL wants it: public methods but ``reset`` and ``get_reward`` are the model's tools.

    Args:
        data: the shop and its goals.
        max_steps: an episode ends after so many calls of tools, with no reward where nothing was bought.
    """

    def __init__(self, data: ShopData, max_steps: int = MAX_STEPS) -> None:
        self._data, self._max_steps = data, max_steps
        self._session: Session | None = None
        self._steps = 0

    def reset(self, goal: int | None = None, **row: Any) -> str:
        """Start an episode.

        Args:
            goal: index of its goal; runs of one prompt are compared, so a row of the training set says it.
            row: the row's other columns, which are not used.

        Returns:
            The first page, which TRL appends to the prompt.

        Raises:
            ConfigError: the row has no goal.
            GoalError: there is no such goal.
        """
        if goal is None:
            raise ConfigError("A row of the training set has no 'goal'. Make the rows with shoprl.compat.trl.rows().")
        if not 0 <= goal < len(self._data.goals):
            raise GoalError(f"goal {goal}: use an index from 0 to {len(self._data.goals) - 1}.")
        self._session, self._steps = self._data.session(goal), 0
        return self._shown(self._session)

    def search(self, query: str) -> str:
        """Search the shop for products, from its search page.

        Args:
            query: What to search for, in plain words.

        Returns:
            The page that follows.
        """
        # Brackets and line breaks would end the action.
        return self._step("search", " ".join(str(query).replace("[", "(").replace("]", ")").split()))

    def click(self, button: str) -> str:
        """Click a button of the page: open a product by its ASIN, choose an option, turn a page, or buy now.

        Args:
            button: The button's text, without brackets.

        Returns:
            The page that follows.
        """
        return self._step("click", str(button))

    def get_reward(self) -> float:
        """The reward of the purchase, from 0 to 1; 0 where nothing was bought."""
        session = self._session
        return float(session.purchase.total) if session is not None and session.purchase is not None else 0.0

    def _step(self, name: str, argument: str) -> str:
        session = self._session
        if session is None or session.done or self._steps >= self._max_steps:
            return OVER
        before, self._steps = session.page, self._steps + 1
        if name == "click" or before.kind == "search":  # elsewhere there is no search bar
            session.step(f"{name}[{argument}]")
        if session.done or self._steps >= self._max_steps:
            return OVER
        note = f"{argument[:200]!r} cannot be {name}ed on this page.\n" if session.page is before else ""
        return note + self._shown(session)

    def _shown(self, session: Session) -> str:
        return observe(session.page, "text_rich")


def shop_tools(data: ShopData | Path | str, max_steps: int = MAX_STEPS) -> Callable[[], ShopTools]:
    """What ``GRPOTrainer(environment_factory=...)`` takes: makes shoppers, all in one shop.

    Args:
        data: loaded data, or a data folder.
        max_steps: see :class:`ShopTools`.

    Raises:
        ConfigError: ``max_steps`` is out of range.
        CatalogError, GoalError: the data folder cannot be used.
    """
    check_value("max_steps", max_steps, Steps)
    return partial(ShopTools, data if isinstance(data, ShopData) else read_data(Path(data)), max_steps)


def rows(data: ShopData, split: SplitName = "train", first: int | None = None) -> list[Row]:
    """The rows of a training set, for ``datasets.Dataset.from_list``: a prompt in messages, and its goal's index.

    Args:
        data: the shop and its goals.
        split: whose goals are trained on.
        first: only so many, from the first on.
    """
    indices: Iterable[int] = data.split.part(split)[:first]
    return [{"prompt": [{"role": "user", "content": TASK}], "goal": int(index)} for index in indices]
