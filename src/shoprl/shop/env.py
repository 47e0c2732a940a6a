"""The shop as a Gymnasium environment, registered as ``shoprl/WebShop-v0``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import gymnasium
import numpy as np

from shoprl.errors import ConfigError, GoalError
from shoprl.settings import Steps, check_value
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.default_data import data_or_toy_shop
from shoprl.shop.goal_choice import check_held
from shoprl.shop.page import Page
from shoprl.shop.picture import can_draw, draw
from shoprl.shop.render import OBSERVERS, ObservationMode, observe
from shoprl.shop.session import MAX_ACTION, MAX_STEPS, Session
from shoprl.shop.spaces import UnicodeText
from shoprl.shop.splits import SplitName

MAX_OBSERVATION = 50_000_000  # characters; more than any page that the catalogue's bounds allow
RESET_OPTIONS = ("goal",)


def check_reset_options(options: dict[str, Any] | None, known: Sequence[str] = RESET_OPTIONS) -> dict[str, Any]:
    """The options given to ``reset``, an empty dictionary for None.

    Raises:
        ConfigError: an option is not one of ``known``.
    """
    options = options or {}
    unknown = [name for name in options if name not in known]
    if unknown:
        names, allowed = (", ".join(map(repr, each)) for each in (unknown, known))
        raise ConfigError(f"reset options {names}: unknown. Known are {allowed}.")
    return options


class WebShopEnv(gymnasium.Env[str, str]):
    """The shop as an environment for one agent.

    Observations are texts in one of WebShop's modes; actions are texts (``search[...]``, ``click[...]``). An action
    that the page does not accept changes nothing. ``info["available_actions"]`` holds ``has_search_bar`` and
    ``clickables``. The reward is 0 until a purchase, whose components ``info["reward_components"]`` then holds.

    Args:
        data: data folder or loaded data; None takes the one that ``SHOPRL_DATA`` names, else it generates a small shop
            and warns.
        observation_mode: ``text_rich``, ``text``, ``html`` or ``url``.
        split: the part of the goals that :meth:`reset` draws from.
        max_steps: the episode is truncated after so many steps; None: never, as in the original.
        render_mode: ``ansi`` (text), ``html``, ``rgb_array`` (pixels of shape ``(720, 960, 3)``, for which Pillow is
            needed) or None.
        end_on_invalid: an action that changes nothing ends the episode with reward 0, as in some copies of WebShop;
            the original continues.
        human_goals: which goals a data folder has, human or synthetic ones; loaded data must hold them. The folder's
            own when left out; see :func:`shoprl.shop.data.read_data`.

    Raises:
        ConfigError: an option is invalid, or Pillow is needed and not installed.
        CatalogError, GoalError: the data folder cannot be used.
    """

    metadata = {  # noqa: RUF012  (Gymnasium's own form)
        "render_modes": ["ansi", "html", "rgb_array"] if can_draw() else ["ansi", "html"],
        "render_fps": 1,
    }

    def __init__(
        self,
        data: ShopData | Path | str | None = None,
        observation_mode: ObservationMode = "text_rich",
        split: SplitName = "train",
        max_steps: int | None = MAX_STEPS,
        render_mode: str | None = None,
        end_on_invalid: bool = False,
        human_goals: bool | int | None = None,
    ) -> None:
        if observation_mode not in get_args(ObservationMode):
            raise ConfigError(f"observation_mode {observation_mode!r}: use one of {get_args(ObservationMode)}.")
        if split not in get_args(SplitName):
            raise ConfigError(f"split {split!r}: use one of {get_args(SplitName)}.")
        if render_mode == "rgb_array" and not can_draw():
            raise ConfigError("render_mode 'rgb_array': needs Pillow. Install it: pip install pillow.")
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ConfigError(f"render_mode {render_mode!r}: use 'ansi', 'html', 'rgb_array' or None.")
        check_value("max_steps", max_steps, Steps | None)
        if isinstance(data, ShopData):
            check_held(data.goals, human_goals)
        else:
            data = data_or_toy_shop(human_goals) if data is None else read_data(Path(data), human_goals=human_goals)
        if not data.split.part(split):
            raise ConfigError(f"split {split!r}: holds no goal. Use another one.")
        self.data = data
        self.observation_mode: ObservationMode = observation_mode
        self._observe = OBSERVERS[observation_mode]
        self.goals: Sequence[int] = data.split.part(split)
        self.max_steps = max_steps
        self.end_on_invalid = end_on_invalid
        self.render_mode = render_mode
        self.observation_space = UnicodeText(MAX_OBSERVATION)
        self.action_space = UnicodeText(MAX_ACTION)
        self._session: Session | None = None
        self._goal_index = -1
        self._steps = 0

    @property
    def page(self) -> Page:
        """The current page, for wrappers; an agent reads its observation.

        Raises:
            ResetNeeded: there is none before :meth:`reset`.
        """
        if self._session is None:
            raise gymnasium.error.ResetNeeded("Call reset() first.")
        return self._session.page

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Start a session with a goal drawn from the split, or with ``options={"goal": index}``.

        Raises:
            ConfigError: an option is unknown.
            GoalError: there is no goal with that index.
        """
        chosen = check_reset_options(options).get("goal")
        super().reset(seed=seed)
        if chosen is None:
            chosen = self.goals[int(self.np_random.integers(len(self.goals)))]
        if (
            isinstance(chosen, bool)
            or not isinstance(chosen, int | np.integer)
            or not 0 <= chosen < len(self.data.goals)
        ):
            raise GoalError(f"goal {chosen!r}: use an index from 0 to {len(self.data.goals) - 1}.")
        self._goal_index, self._steps = int(chosen), 0
        session = self._session = self.data.session(self._goal_index)
        return self._observe(session.page), self._info(session)

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Take an action."""
        session = self._session
        if session is None:
            raise gymnasium.error.ResetNeeded("Call reset() before step().")
        before = session.page
        reward = session.step(action)
        self._steps += 1
        done = session.page.kind == "done" or (self.end_on_invalid and session.page is before)
        truncated = not done and self.max_steps is not None and self._steps >= self.max_steps
        return self._observe(session.page), float(reward), done, truncated, self._info(session)

    def render(self) -> Any:
        """The page as text in mode ``ansi``, as an HTML document in mode ``html``, as pixels in mode ``rgb_array``."""
        if self.render_mode is None or self._session is None:
            return None
        if self.render_mode == "rgb_array":
            return draw(self._session.page)
        return observe(self._session.page, "html" if self.render_mode == "html" else "text_rich")

    def close(self) -> None:
        """Drop the session."""
        self._session = None

    def _info(self, session: Session) -> dict[str, Any]:
        page = session.page
        info: dict[str, Any] = {
            "available_actions": {"has_search_bar": page.kind == "search", "clickables": list(session.clickables)},
            "goal": self._goal_index,
        }
        if page.kind == "done" and session.purchase is not None:
            info["reward_components"] = session.purchase.components()
        return info


def check_no_max_steps(options: dict[str, Any]) -> None:
    """Gymnasium has its own limit of steps, beside which ``max_steps`` would not count.

    Raises:
        ConfigError: it is among the options.
    """
    if "max_steps" in options:
        raise ConfigError(
            f"max_steps {options['max_steps']}: Gymnasium calls it max_episode_steps, and -1 means no limit."
        )


def registered(**options: Any) -> WebShopEnv:
    """What ``gymnasium.make`` calls: an environment without a limit of its own, as Gymnasium's wrapper has it.

    Raises:
        ConfigError: see :class:`WebShopEnv`, or ``max_steps`` is given.
    """
    check_no_max_steps(options)
    return WebShopEnv(**options, max_steps=None)


def make(
    env: str = "shoprl/WebShop-v0",
    max_steps: int | None = MAX_STEPS,
    *,
    max_episode_steps: int | None = None,
    **options: Any,
) -> WebShopEnv:
    """``gymnasium.make`` with this environment registered, without wrappers.

    Args:
        env: its id.
        max_steps: the episode is truncated after so many steps; None: never.
        max_episode_steps: Gymnasium's name for it, with -1 for never; takes its place where given.
        options: the others of :class:`WebShopEnv`.
    """
    made = gymnasium.make(env, disable_env_checker=True, **options).unwrapped
    assert isinstance(made, WebShopEnv)
    made.max_steps = step_limit(max_steps, max_episode_steps)
    return made


def step_limit(max_steps: int | None, max_episode_steps: int | None) -> int | None:
    """The limit that two names for it give; see :func:`make`.

    Raises:
        ConfigError: it is out of range.
    """
    limit = max_steps if max_episode_steps is None else None if max_episode_steps == -1 else max_episode_steps
    check_value("max_steps" if max_episode_steps is None else "max_episode_steps", limit, Steps | None)
    return limit
