"""The text environment with the interface that WebShop gave it, for agents written for the original."""

import hashlib
import string
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from shoprl.compat.legacy_server import (
    GoalFilter,
    LegacyServer,
    check_attributes,
    check_products,
    open_server,
)
from shoprl.compat.user_sessions import UserSession
from shoprl.compat.visible_text import visible_text
from shoprl.errors import ConfigError, GoalError
from shoprl.shop.data import ShopData
from shoprl.shop.html import html
from shoprl.shop.render import ObservationMode, observe
from shoprl.shop.session import Session

if TYPE_CHECKING:
    from torch import Tensor

    from shoprl.compat.pictures import Pictures

NAME_LENGTH = 10


@dataclass
class _Episode:
    session: Session
    goal: int
    instruction_text: str
    prev_obs: list[str]
    prev_actions: list[str]
    known: UserSession


class Browser:
    """What WebShop's simulated browser shows of an environment.

    Args:
        env: the environment.
    """

    def __init__(self, env: "WebAgentTextEnv") -> None:
        self._env = env

    @property
    def current_url(self) -> str:
        """The current page's address."""
        return self._env.state["url"]

    @property
    def page_source(self) -> str:
        """The current page's HTML."""
        return self._env.state["html"]

    @property
    def session_id(self) -> str:
        """The session's name."""
        return self._env.session


class WebAgentTextEnv:
    """WebShop's old-gym text environment: four values from a step, and no limit of steps.

    A whole number as session is the index of a goal among :attr:`server`'s; a text is a session's name, and its goal is
    drawn by weight. What differs from the original:

    - No session exists before the first use: :meth:`reset` opens one, or the first access to the environment does.
      ``session`` names that first one (the original overwrites it at once).
    - The process's random state is neither used nor seeded. Names are drawn from ``seed``, and a name's goal from
      ``seed`` and the name: the same one whenever it is asked for, with no record of sessions kept. A goal is drawn
      with its own weight (the original gives it that of the goal before, and never draws the first).
    - Goals, prices and products are data. ``server.user_sessions`` holds the sessions that environments are in, and no
      other; ``server.product_item_dict`` and ``server.product_prices`` are made when they are read, and cannot be
      written.
    - A goal index that does not exist is an error, a negative one too; NumPy's integers are indices as well.
    - The instruction can be asked for on the done page, where the original fails; :meth:`close` ends the session.

    Args:
        observation_mode: ``html``, ``text``, ``text_rich`` or ``url``.
        data: loaded data, a data folder or the ``items_shuffle*.json`` in one; None takes what the environment
            variable ``SHOPRL_DATA`` names.
        file_path: WebShop's name for ``data``.
        attr_path: the ``items_ins_v2*.json`` beside ``file_path``, as verl-agent's copy of WebShop takes it.
        server: another environment's :attr:`server`, to share its shop and goals.
        seed: of names and of the goals drawn for them; None takes one from the system.
        session: the first session, where the environment is used before :meth:`reset`.
        session_prefix: put before every session's name.
        num_prev_obs, num_prev_actions: how many earlier observations and actions come before a step's observation.
        filter_goals: keeps the goals for which it holds; called with index and goal (WebShop's dictionary).
        limit_goals: keep so many goals, picked as WebShop does; -1 keeps all.
        num_products: must be what the data holds, where given.
        human_goals: which goals a data folder has, human or synthetic ones; loaded data must hold them. Where left out,
            the folder's own: those of its ``goals.jsonl``, else synthetic ones as in WebShop.
        get_image: load ``feat_conv.pt`` and ``feat_ids.pt`` of the data folder, which WebShop publishes, for
            :meth:`get_image`.
        show_attrs: not offered.

    Raises:
        ConfigError: an option cannot be honoured.
        CatalogError, GoalError: the data cannot be used, or no goal is left.
    """

    def __init__(
        self,
        observation_mode: ObservationMode = "html",
        data: ShopData | Path | str | None = None,
        *,
        file_path: Path | str | None = None,
        attr_path: Path | str | None = None,
        server: LegacyServer | None = None,
        seed: int | None = None,
        session: int | str | None = None,
        session_prefix: str | None = None,
        num_prev_obs: int = 0,
        num_prev_actions: int = 0,
        filter_goals: GoalFilter | None = None,
        limit_goals: int = -1,
        num_products: int | None = None,
        human_goals: bool | int | None = None,
        get_image: bool | int = False,
        show_attrs: bool | int = False,
    ) -> None:
        _check_mode(observation_mode)
        if show_attrs:
            raise ConfigError("show_attrs: pages show no attributes. Read server.data.catalog[asin].attributes.")
        if data is not None and file_path is not None:
            raise ConfigError("data, file_path: they name the same thing. Give one of them.")
        source = file_path if data is None else data
        if server is None:
            check_attributes(attr_path, source)
        self.server = open_server(source, server, filter_goals, limit_goals, human_goals)
        self.base_url, self.browser = self.server.base_url, Browser(self)
        self._pictures = _pictures(self.server.folder) if get_image else None
        check_products(self.server.data, num_products)
        self.observation_mode: ObservationMode = observation_mode
        self.session_prefix = session_prefix
        self.num_prev_obs, self.num_prev_actions = num_prev_obs, num_prev_actions
        self.text_to_clickable: dict[str, None] | None = None
        self._check_session(session)
        self._first = session
        if seed is None:
            seed = int(np.random.default_rng().integers(2**63))
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
            raise ConfigError(f"seed {seed!r}: must be a whole number from 0, or None.")
        self._seed = int(seed)
        self._names = np.random.default_rng(self._seed)
        self._episode: _Episode | None = None

    def reset(self, session: int | str | None = None, instruction_text: str | None = None) -> tuple[str, None]:
        """Open a session and show its search page.

        Args:
            session: index of a goal, or a session's name; None draws a name.
            instruction_text: what :attr:`instruction_text` says instead of the goal's; pages stay as they are.

        Raises:
            ConfigError, GoalError: there is no such session or goal.
        """
        self._check_session(session)
        name = (self.session_prefix or "") + (self._new_name() if session is None else str(session))
        goal = int(session) if isinstance(session, int | np.integer) else self._goal_of(name)
        opened = self.server.data.session(self.server.indices[goal], name)
        known = self.server.user_sessions[name] = UserSession(self.server.goals[goal])
        self._episode = _Episode(opened, goal, "", [], [], known)
        self.text_to_clickable = None
        self._episode.instruction_text = self.get_instruction_text() if instruction_text is None else instruction_text
        self._episode.prev_obs.append(self.observation)
        return self._episode.prev_obs[0], None

    def step(self, action: str) -> tuple[str, float, bool, None]:
        """Take an action; one that is not valid changes nothing.

        Returns:
            The observation after the earlier ones asked for, the reward, whether something was bought, None.
        """
        episode = self._live()
        self.get_available_actions()
        before = episode.session.page
        reward = episode.session.step(action)
        episode.known.follow(action, before, episode.session)
        done = episode.session.done and episode.session.page is not before
        observation = self.observation
        episode.prev_actions.append(action)
        shown = self._with_history(observation)
        episode.prev_obs.append(observation)
        return shown, reward, done, None

    def get_available_actions(self) -> dict[str, Any]:
        """``has_search_bar`` and ``clickables`` of the current page; the latter become ``text_to_clickable``'s keys."""
        page = self._live().session.page
        self.text_to_clickable = dict.fromkeys(page.clickables)
        return {"has_search_bar": page.has_search_bar, "clickables": list(page.clickables)}

    def get_instruction_text(self) -> str:
        """The text of the current page's element ``instruction-text``, ``Instruction:`` included."""
        session = self._live().session
        return ("Instruction: " if session.page.kind == "search" else "Instruction:") + session.instruction

    def get_image(self) -> "Tensor":
        """The features of the current page's picture, shape ``(512,)``; zeros where it has none that is known.

        Raises:
            ConfigError: the environment was made without ``get_image=True``.
        """
        if self._pictures is None:
            raise ConfigError("get_image: no pictures are loaded. Make the environment with get_image=True.")
        page = self._live().session.page
        return self._pictures.features(page.product if page.kind == "item" else None)

    def convert_html_to_text(self, html: str, simple: bool = False) -> str:
        """The visible texts of a page, as in observation mode ``text`` if ``simple``, else ``text_rich``.

        Args:
            html: the page; which of its options and products were clicked is the session's.
            simple: join the texts by ``[SEP]`` and mark nothing.
        """
        episode = self._live()
        mode: ObservationMode = "text" if simple else "text_rich"
        return visible_text(html, mode, episode.session.page.url, episode.known["asins"])

    @property
    def observation(self) -> str:
        """The current page in the observation mode, without earlier ones."""
        _check_mode(self.observation_mode)
        return observe(self._live().session.page, self.observation_mode)

    @property
    def state(self) -> dict[str, str]:
        """The current page's ``url`` and ``html``, and the ``instruction_text``."""
        episode = self._live()
        page = episode.session.page
        return {"url": page.url, "html": html(page), "instruction_text": episode.instruction_text}

    @property
    def session(self) -> str:
        """The session's name, prefix included."""
        return self._live().session.name

    @property
    def goal(self) -> dict[str, Any]:
        """The session's goal, in WebShop's fields; hidden from a fair agent."""
        return self.server.goals[self._live().goal]

    @property
    def instruction_text(self) -> str:
        """What the session began with: the search page's text, or what :meth:`reset` was given."""
        return self._live().instruction_text

    @property
    def prev_obs(self) -> list[str]:
        """Observations so far, the first page's included."""
        return self._live().prev_obs

    @property
    def prev_actions(self) -> list[str]:
        """Actions so far."""
        return self._live().prev_actions

    def render(self, mode: str = "human") -> str | None:
        """The page as text in mode ``ansi``; None in any other, as in WebShop."""
        return observe(self._live().session.page, "text_rich") if mode == "ansi" else None

    def close(self) -> None:
        """End the session; the next use opens another."""
        self._episode, self.text_to_clickable = None, None

    def _live(self) -> _Episode:
        if self._episode is None:
            self.reset(self._first)
        assert self._episode is not None
        return self._episode

    def _with_history(self, observation: str) -> str:
        episode, parts = self._live(), [observation]
        for back in range(1, 1 + max(self.num_prev_obs, self.num_prev_actions)):
            if back <= min(self.num_prev_actions, len(episode.prev_actions)):
                parts.append(episode.prev_actions[-back])
            if back <= min(self.num_prev_obs, len(episode.prev_obs)):
                parts.append(episode.prev_obs[-back])
        return " [SEP] ".join(reversed(parts))

    def _new_name(self) -> str:
        letters = self._names.integers(len(string.ascii_lowercase), size=NAME_LENGTH)
        return "".join(string.ascii_lowercase[i] for i in letters)

    def _goal_of(self, name: str) -> int:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
        return self.server.draw(np.random.default_rng([self._seed, int.from_bytes(digest[:8])]))

    def _check_session(self, session: object) -> None:
        if isinstance(session, bool) or not isinstance(session, int | np.integer | str | None):
            raise ConfigError(f"session {session!r}: give the index of a goal, a name, or None.")
        last = len(self.server.indices) - 1
        if isinstance(session, int | np.integer) and not 0 <= session <= last:
            raise GoalError(f"session {session}: use a goal's index from 0 to {last}, or a name.")


def _pictures(folder: Path | None) -> "Pictures":
    if folder is None:
        raise ConfigError("get_image: needs a data folder. Give file_path= in place of loaded data.")
    try:
        from shoprl.compat.pictures import read_pictures
    except ModuleNotFoundError as error:
        raise ConfigError("get_image: pictures need torch. Install the extra train, or leave get_image out.") from error
    return read_pictures(folder)


def _check_mode(mode: str) -> None:
    if mode not in get_args(ObservationMode):
        raise ConfigError(f"observation_mode {mode!r}: use one of {get_args(ObservationMode)}.")
