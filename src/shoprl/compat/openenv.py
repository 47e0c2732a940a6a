"""The shop as an OpenEnv environment, and a server for it.

Needs the extra ``openenv``, which cannot be installed beside ``assistants``: they need different versions of ``mcp``.
"""

import functools
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, cast, get_args

import gymnasium
from fastapi import FastAPI, Request, Response
from openenv.core.env_server.http_server import create_fastapi_app
from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.types import Action, ConcurrencyConfig, EnvironmentMetadata, Observation, State
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Receive, Scope, Send

from shoprl.errors import ConfigError, GoalError
from shoprl.serve.guard import Guard, allowed_names, failure
from shoprl.serve.sessions import Limits
from shoprl.settings import Count, Positive, Steps, check_value
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.env import WebShopEnv
from shoprl.shop.session import MAX_STEPS
from shoprl.shop.splits import SplitName
from shoprl.version import __version__

NAME = "webshop"
TYPES = {"train": "train", "eval": "validation", "test": "test"}  # of splits, as OpenEnv calls them
MOST_TASKS = 1_000  # in one answer
_STATUS = {ConfigError: 422, GoalError: 422, gymnasium.error.ResetNeeded: 409}


class ShopAction(Action):  # type: ignore[misc]
    """What the shopper does: ``search[words]`` or ``click[text]``."""

    action: str


class AvailableActions(BaseModel):
    """What the page offers: whether it has a search bar, and what ``click[...]`` takes."""

    has_search_bar: bool
    clickables: list[str]


class ShopObservation(Observation):  # type: ignore[misc]
    """A page, with the fields ``done``, ``reward`` and ``metadata`` of every observation.

    ``metadata`` holds the ``goal``'s index in the data, ``truncated`` (whether the episode was cut for its length) and,
    after a purchase, ``reward_components``.
    """

    text: str
    available_actions: AvailableActions


class ShopState(State):  # type: ignore[misc]
    """What an episode is of; both are None before the first reset.

    ``task`` is the goal's place in its split, None where the goal was drawn.
    """

    split: str | None = Field(default=None)
    task: int | None = Field(default=None)


class ShopEnvironment(Environment):  # type: ignore[misc]
    """One shopper's environment; its splits and goals are OpenEnv's tasks.

    Args:
        data: the shop.
        max_steps: an episode is cut after so many steps; None: never.
    """

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, data: ShopData, max_steps: int | None = MAX_STEPS) -> None:
        super().__init__()
        self._data = data
        self._max_steps = max_steps
        self._env: WebShopEnv | None = None  # of the split of the last reset
        self._state, self._ended, self._closed = ShopState(), True, False

    def reset(
        self,
        seed: int | None = None,
        episode_id: str | None = None,
        split: str = "train",
        index: int | None = None,
        **unknown: Any,
    ) -> ShopObservation:
        """Start an episode with a goal drawn from a split, or with the one at a place of it.

        Args:
            seed: of the goals drawn from here on.
            episode_id: what the state calls the episode.
            split: ``train``, ``eval`` or ``test``.
            index: the task: a place in the split, from 0.
            unknown: refused.

        Raises:
            ConfigError: there is no such split or option, or the name is no text.
            GoalError: there is no such task.
        """
        self._check_open()
        if unknown:
            raise ConfigError(
                f"reset {', '.join(unknown)[:100]}: unknown. Known are seed, episode_id, split and index."
            )
        if not isinstance(episode_id, str | None):
            raise ConfigError(f"episode_id {str(episode_id)[:100]!r}: must be a text.")
        part, goal = _split(split), None if index is None else self._goal(split, index)
        state, env = ShopState(episode_id=episode_id, split=part, task=index), self._env
        if env is None or self._state.split != part:
            env = WebShopEnv(self._data, split=part, max_steps=self._max_steps)
        text, info = env.reset(seed=seed, options={"goal": goal})
        self._env, self._state, self._ended = env, state, False  # all or, where something was wrong, none
        return self._observed(text, 0.0, False, False, info)

    def step(self, action: ShopAction, timeout_s: float | None = None, **_: Any) -> ShopObservation:
        """Take an action; one that is not valid changes nothing.

        Raises:
            ResetNeeded: no episode was started, or it has ended.
        """
        self._check_open()
        if self._env is None or self._ended:
            raise gymnasium.error.ResetNeeded("No episode is running. Reset the environment first.")
        written = action.action.encode(errors="replace").decode()
        text, reward, terminated, truncated, info = self._env.step(written)
        self._state.step_count += 1
        self._ended = terminated or truncated
        return self._observed(text, reward, self._ended, truncated, info)

    @property
    def state(self) -> ShopState:
        """The episode's name, split, task and number of steps."""
        return self._state

    def close(self) -> None:
        """End the session: the server gave its place to others."""
        self._env, self._closed = None, True

    def get_metadata(self) -> EnvironmentMetadata:
        """What the environment is."""
        return EnvironmentMetadata(
            name=NAME, description="WebShop: find and buy what an instruction asks for.", version=__version__
        )

    def list_splits(self) -> list[dict[str, str]]:
        """The splits that hold goals."""
        return [{"name": name, "type": kind} for name, kind in TYPES.items() if self._part(name)]

    def list_tasks(self, split: str) -> list[dict[str, Any]]:
        """The first 1,000 tasks of a split."""
        return self.get_task_range(split)

    def num_tasks(self, split: str) -> int:
        """How many tasks a split has."""
        return len(self._part(split))

    def get_task(self, split: str, index: int) -> dict[str, Any]:
        """One task: its split and place, the goal's index in the data, and the instruction.

        Raises:
            ConfigError: there is no such split.
            IndexError: there is no such task.
        """
        goals = self._part(split)
        if not 0 <= index < len(goals):
            raise IndexError(index)
        instruction = self._data.goals[goals[index]].instruction
        return {
            "id": f"{split}-{index}",
            "split": split,
            "index": index,
            "goal": int(goals[index]),
            "instruction": instruction,
        }

    def get_task_range(self, split: str, start: int | None = None, stop: int | None = None) -> list[dict[str, Any]]:
        """The tasks of a slice of a split, at most 1,000 of them."""
        chosen = range(len(self._part(split)))[start:stop][:MOST_TASKS]
        return [self.get_task(split, index) for index in chosen]

    def _part(self, split: str) -> Sequence[int]:
        return self._data.split.part(_split(split))

    def _goal(self, split: str, index: object) -> int:
        goals = self._part(split)
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(goals):
            raise GoalError(f"index {index!r:.40}: split {split!r} has tasks from 0 to {len(goals) - 1}.")
        return int(goals[index])

    def _check_open(self) -> None:
        if self._closed:
            raise gymnasium.error.ResetNeeded("The session was idle for too long and has ended. Connect anew.")

    def _observed(self, text: str, reward: float, done: bool, truncated: bool, info: dict[str, Any]) -> ShopObservation:
        metadata = {name: value for name, value in info.items() if name != "available_actions"}
        return ShopObservation(
            text=text,
            available_actions=AvailableActions(**info["available_actions"]),
            done=done,
            reward=reward,
            metadata={**metadata, "truncated": truncated},
        )


def _split(name: object) -> SplitName:
    if name not in get_args(SplitName):
        raise ConfigError(f"split {name!r:.40}: use one of {get_args(SplitName)}.")
    return cast(SplitName, name)


def create_openenv_app(
    data: ShopData | Path | str,
    max_sessions: int = 256,
    idle_seconds: float = Limits.idle_seconds,
    max_steps: int | None = MAX_STEPS,
    hosts: Collection[str] = (),
) -> FastAPI:
    """An OpenEnv server of the shop, to be run by uvicorn or any other server with WebSockets.

    Args:
        data: a data folder, or loaded data.
        max_sessions: sessions open at once, each with a thread of its own.
        idle_seconds: a session without a message for so long loses its place, within another quarter of that time and
            5 seconds at least, though its connection may stay open.
        max_steps: an episode is cut after so many steps; None: never.
        hosts: names and addresses by which clients call the server, beside those of this machine's loopback and the
            address by which they reach it.

    Raises:
        ConfigError: an option is invalid.
        CatalogError, GoalError: the data cannot be used.
    """
    check_value("max_sessions", max_sessions, Count)
    check_value("idle_seconds", idle_seconds, Positive)
    check_value("max_steps", max_steps, Steps | None)
    names = allowed_names(hosts)
    opened = data if isinstance(data, ShopData) else read_data(data)
    opened.shop.tagger.nouns("a word")  # loads the tagger before threads use it
    app = create_fastapi_app(
        functools.partial(ShopEnvironment, opened, max_steps),
        ShopAction,
        ShopObservation,
        concurrency_config=ConcurrencyConfig(max_concurrent_envs=max_sessions, session_timeout=idle_seconds),
        env_name=NAME,
        state_cls=ShopState,
    )
    # The shop has no MCP tools, and sessions made there could be held without end.
    app.router.routes = [route for route in app.router.routes if getattr(route, "path", "") != "/mcp"]
    app.add_middleware(_OwnSessions)
    app.add_middleware(Guard, hosts=names, max_body=Limits.max_body)
    for kind in _STATUS:
        app.add_exception_handler(kind, _known)
    return cast(FastAPI, app)


class _OwnSessions:
    """Gives each WebSocket a session of its own.

    One that names another's session joins it, and the library never takes a joined session's place, however idle it is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "query_string": b""} if scope["type"] == "websocket" else scope, receive, send)


def _known(_: Request, error: Exception) -> Response:
    return failure(_STATUS[type(error)], type(error).__name__, str(error))
