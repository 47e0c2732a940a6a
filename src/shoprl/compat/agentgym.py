"""AgentGym's wire format for WebShop, so that its ``WebshopEnvClient`` shops here. Needs the extra ``serve``."""

import contextlib
import itertools
import secrets
from typing import Any

import numpy as np
from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel

from shoprl.compat.legacy import WebAgentTextEnv
from shoprl.compat.legacy_server import LegacyServer
from shoprl.serve.sessions import SessionNotFoundError, SessionTable

PREFIX = "/agentgym"
ID_BITS = 53  # the most that every reader of JSON takes as a whole number


class Env(BaseModel):
    """Names an environment."""

    env_idx: int


class Step(Env):
    """What the shopper does."""

    action: str


class Reset(Env):
    """Which goal an episode has: its index, or one drawn by weight."""

    session_id: int | None = None


class AgentGym:
    """AgentGym's endpoints, each environment one in WebShop's observation mode ``text``.

    Its format names an environment by a whole number: here one of 53 random bits, where its own server draws 25.
    Whoever has the number can use the environment.

    Args:
        server: the shop and its goals.
        table: holds the environments, within the limits of all sessions.
        seed: of the goals drawn for resets without an index; None takes one from the system.
    """

    def __init__(self, server: LegacyServer, table: SessionTable, seed: int | None) -> None:
        self._server, self._table = server, table
        self._entropy, self._made = np.random.SeedSequence(seed).entropy, itertools.count()

    def ok(self) -> str:
        """The answer of a server that runs."""
        return "ok"

    def list_envs(self, request: Request) -> list[int]:
        """The open environments of the client's own address; AgentGym's server names everybody's."""
        return [int(name) for name in self._table.names(WebAgentTextEnv, _address(request))]

    def create(self, request: Request) -> int:
        """Open an environment, with an episode started."""
        drawn = np.random.SeedSequence(self._entropy, spawn_key=(next(self._made),))
        env = WebAgentTextEnv("text", server=self._server, seed=int(drawn.generate_state(1)[0]))
        env.reset()
        return int(self._table.add(env, _address(request), lambda: str(secrets.randbits(ID_BITS))))

    def reset(self, asked: Reset) -> tuple[str, None]:
        """Start an episode."""
        with self._table.use(str(asked.env_idx), WebAgentTextEnv) as env:
            return env.reset(asked.session_id)

    def step(self, asked: Step) -> dict[str, Any]:
        """Take an action."""
        with self._table.use(str(asked.env_idx), WebAgentTextEnv) as env:
            state, reward, done, info = env.step(asked.action.encode(errors="replace").decode())
            env.prev_obs.clear()  # never shown here, and without end in an episode that nobody ends
            env.prev_actions.clear()
            return {"state": state, "reward": reward, "done": done, "info": info}

    def observation(self, env_idx: int) -> str:
        """The current page."""
        with self._table.use(str(env_idx), WebAgentTextEnv) as env:
            return env.observation

    def available_actions(self, env_idx: int) -> dict[str, Any]:
        """What the page offers."""
        with self._table.use(str(env_idx), WebAgentTextEnv) as env:
            return env.get_available_actions()

    def instruction_text(self, env_idx: int) -> str:
        """The instruction as the page shows it."""
        with self._table.use(str(env_idx), WebAgentTextEnv) as env:
            return env.get_instruction_text()

    def state(self, env_idx: int) -> dict[str, str]:
        """The page's address and HTML; AgentGym's server answers with the names of the fields in their places."""
        with self._table.use(str(env_idx), WebAgentTextEnv) as env:
            return env.state

    def close(self, asked: Env) -> dict[str, bool]:
        """Close an environment, and say whether it was open."""
        with contextlib.suppress(SessionNotFoundError):
            self._table.remove(str(asked.env_idx), WebAgentTextEnv)
            return {"closed": True}
        return {"closed": False}


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def add_agentgym(app: FastAPI, server: LegacyServer, seed: int | None = None) -> None:
    """Serve AgentGym's endpoints under ``/agentgym``.

    Args:
        app: an environment server's application, whose limits then hold for these endpoints, too.
        server: the shop and its goals.
        seed: of the goals drawn for resets without an index; None takes one from the system.
    """
    api = AgentGym(server, app.state.sessions, seed)
    # Its client sends this one without a body, and so without a content type; a web page's is refused by its origin.
    app.router.add_api_route(
        f"{PREFIX}/create", api.create, methods=["POST"], route_class_override=APIRoute, include_in_schema=False
    )
    for endpoint in (api.reset, api.step, api.close):
        app.add_api_route(f"{PREFIX}/{endpoint.__name__}", endpoint, methods=["POST"], include_in_schema=False)
    for asked in (api.list_envs, api.observation, api.available_actions, api.instruction_text, api.state):
        app.add_api_route(f"{PREFIX}/{asked.__name__}", asked, methods=["GET"], include_in_schema=False)
    app.add_api_route(f"{PREFIX}/", api.ok, methods=["GET"], include_in_schema=False)
