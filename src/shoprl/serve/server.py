"""The environment over HTTP: a FastAPI application with many sessions on one shop. Needs the extra ``serve``."""

import itertools
import math
import time
from collections.abc import Callable
from typing import Any, get_args

import gymnasium
import numpy as np
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shoprl.errors import ConfigError, GoalError
from shoprl.serve.models import (
    Action,
    Allowed,
    Created,
    Failure,
    Goals,
    Info,
    NewEpisode,
    NewSession,
    Observed,
    ServerInfo,
    Shown,
)
from shoprl.serve.sessions import (
    Limits,
    RemoteSession,
    SessionNotFoundError,
    SessionTable,
    TooManySessionsError,
    Turn,
)
from shoprl.shop.data import ShopData
from shoprl.shop.env import WebShopEnv
from shoprl.shop.splits import SplitName
from shoprl.version import __version__

MAX_MESSAGE = 500  # characters of an error's message; it may quote what the client sent
_STATUS: dict[type[Exception], int] = {
    SessionNotFoundError: 404,
    gymnasium.error.ResetNeeded: 409,
    ConfigError: 422,
    GoalError: 422,
    TooManySessionsError: 503,
}


class Api:
    """The endpoints."""

    def __init__(self, data: ShopData, limits: Limits, seed: int | None, clock: Callable[[], float]) -> None:
        self._data, self._limits = data, limits
        self._table = SessionTable(limits, clock)
        self._entropy, self._seeded = np.random.SeedSequence(seed).entropy, itertools.count()

    def info(self) -> ServerInfo:
        """What is served, and how many sessions are open."""
        goals = {name: len(self._data.split.part(name)) for name in get_args(SplitName)}
        return ServerInfo(
            version=__version__,
            hashes=self._data.hashes(),
            products=len(self._data.catalog),
            goals=Goals(**goals),
            sessions=len(self._table),
            limits=Allowed(**vars(self._limits)),
        )

    def create(self, asked: NewSession | None = None) -> Created:
        """Open a session. Reset it to start an episode."""
        options = (asked or NewSession()).model_dump()
        seed = options.pop("seed")
        env = WebShopEnv(self._data, **options)
        if seed is None:
            drawn = np.random.SeedSequence(self._entropy, spawn_key=(next(self._seeded),))
            seed = int(drawn.generate_state(1)[0])
        return Created(session=self._table.add(RemoteSession(env, seed)), seed=seed)

    def reset(self, session: str, asked: NewEpisode | None = None) -> Observed:
        """Start an episode."""
        asked = asked or NewEpisode()
        with self._table.use(session) as live:
            return _observed(live.reset(asked.seed, asked.goal))

    def step(self, session: str, asked: Action) -> Observed:
        """Take an action."""
        with self._table.use(session) as live:
            return _observed(live.step(asked.action.encode(errors="replace").decode()))

    def current(self, session: str) -> Shown:
        """The last answer once more, and the page rendered."""
        with self._table.use(session) as live:
            return Shown(**vars(_observed(live.current())), rendered=live.render())

    def close(self, session: str) -> None:
        """Close a session."""
        self._table.remove(session)


def _observed(turn: Turn) -> Observed:
    return Observed(
        observation=turn.observation,
        reward=turn.reward,
        terminated=turn.terminated,
        truncated=turn.truncated,
        info=Info(**turn.info),
    )


def _failure(status: int, name: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    message = message[:MAX_MESSAGE].encode(errors="replace").decode()  # half a surrogate pair cannot be sent
    return JSONResponse({"error": name, "message": message}, status, headers)


def _known(_: Request, error: Exception) -> JSONResponse:
    status = next(status for kind, status in _STATUS.items() if isinstance(error, kind))
    retry_after = getattr(error, "retry_after", None)
    headers = None if retry_after is None else {"Retry-After": str(max(1, math.ceil(retry_after)))}
    return _failure(status, type(error).__name__, str(error), headers)


def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    name = GoalError if any(fault["loc"][-1] == "goal" for fault in faults) else ConfigError
    text = "; ".join(f"{'.'.join(map(str, fault['loc']))[:100]}: {fault['msg']}" for fault in faults[:5])
    return _failure(422, name.__name__, f"{text}. Send JSON, named as such in Content-Type; see /openapi.json.")


def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    name = {404: "NotFound", 405: "MethodNotAllowed"}.get(error.status_code, "BadRequest")
    return _failure(error.status_code, name, f"{error.detail}. See /openapi.json.", dict(error.headers or {}))


def _failed(_: Request, error: Exception) -> JSONResponse:
    return _failure(500, "InternalError", "The server failed; its log says why.")


class _BodyLimit:
    """Reads a request's body first and refuses one that is too long, whatever its declared length."""

    def __init__(self, app: ASGIApp, max_body: int) -> None:
        self._app, self._max = app, max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._max:
                refusal = _failure(413, "BodyTooLarge", f"The request's body is over {self._max} bytes.")
                await refusal(scope, receive, send)
                return
        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, replay, send)


def _responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Failure} for status in (*statuses, 422)}


_SPARSE: dict[str, Any] = {"response_model_exclude_unset": True}  # reward components are sent after a purchase only


def _description(limits: Limits) -> str:
    return (
        "WebShop for agents in other processes and languages: create a session, reset it, step through it.\n\n"
        f"At most {limits.max_sessions} sessions are open at once (then 503). One without a request for "
        f"{limits.idle_seconds:g} seconds expires (then 404). A request's body has at most {limits.max_body} bytes "
        "(else 413). Requests on one session are taken one after another. Errors are JSON: `error`, `message`."
    )


def create_app(
    data: ShopData,
    limits: Limits | None = None,
    seed: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> FastAPI:
    """The application that serves a shop's environments.

    Args:
        data: the shop.
        limits: what is allowed; the defaults of :class:`~shoprl.serve.sessions.Limits` when left out.
        seed: for the seeds of sessions created without one; drawn by the system when left out.
        clock: monotonic seconds, to tell which sessions are idle.
    """
    limits = limits or Limits()
    data.hashes()
    data.shop.tagger.nouns("a word")  # loads the tagger, as the line above the hashes, before threads use them
    app = FastAPI(
        title="ShopRL environment",
        version=__version__,
        description=_description(limits),
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
    )
    app.add_middleware(_BodyLimit, max_body=limits.max_body)
    for kind in _STATUS:
        app.add_exception_handler(kind, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _failed)
    api, session = Api(data, limits, seed, clock), "/v1/sessions/{session}"
    app.add_api_route("/v1/info", api.info, methods=["GET"])
    app.add_api_route("/v1/sessions", api.create, methods=["POST"], status_code=201, responses=_responses(413, 503))
    app.add_api_route(session, api.current, methods=["GET"], responses=_responses(404, 409), **_SPARSE)
    app.add_api_route(session, api.close, methods=["DELETE"], status_code=204, responses=_responses(404))
    app.add_api_route(f"{session}/reset", api.reset, methods=["POST"], responses=_responses(404, 413), **_SPARSE)
    app.add_api_route(f"{session}/step", api.step, methods=["POST"], responses=_responses(404, 409, 413), **_SPARSE)
    return app
