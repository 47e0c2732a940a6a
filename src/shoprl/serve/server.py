"""The environment over HTTP: a FastAPI application with many sessions on one shop. Needs the extra ``serve``."""

import itertools
import math
import time
from collections.abc import Callable, Collection
from typing import Any, get_args

import gymnasium
import numpy as np
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from shoprl.errors import ConfigError, GoalError
from shoprl.serve.guard import Guard, JsonRoute, allowed_names, failure
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
    TooManySessionsOfClientError,
    Turn,
)
from shoprl.shop.data import ShopData
from shoprl.shop.env import WebShopEnv
from shoprl.shop.splits import SplitName
from shoprl.version import __version__

_STATUS: dict[type[Exception], int] = {
    SessionNotFoundError: 404,
    gymnasium.error.ResetNeeded: 409,
    ConfigError: 422,
    GoalError: 422,
    TooManySessionsOfClientError: 429,  # before the error it is one of
    TooManySessionsError: 503,
}


class Api:
    """The endpoints."""

    def __init__(self, data: ShopData, limits: Limits, seed: int | None, table: SessionTable) -> None:
        self._data, self._limits, self._table = data, limits, table
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

    def create(self, request: Request, asked: NewSession | None = None) -> Created:
        """Open a session. Reset it to start an episode."""
        options = (asked or NewSession()).model_dump()
        seed = options.pop("seed")
        env = WebShopEnv(self._data, **options)
        if seed is None:
            drawn = np.random.SeedSequence(self._entropy, spawn_key=(next(self._seeded),))
            seed = int(drawn.generate_state(1)[0])
        address = request.client.host if request.client else ""
        return Created(session=self._table.add(RemoteSession(env, seed), address), seed=seed)

    def reset(self, session: str, asked: NewEpisode | None = None) -> Observed:
        """Start an episode."""
        asked = asked or NewEpisode()
        with self._table.use(session, RemoteSession) as live:
            return _observed(live.reset(asked.seed, asked.goal))

    def step(self, session: str, asked: Action) -> Observed:
        """Take an action."""
        with self._table.use(session, RemoteSession) as live:
            return _observed(live.step(asked.action.encode(errors="replace").decode()))

    def current(self, session: str) -> Shown:
        """The last answer once more, and the page rendered."""
        with self._table.use(session, RemoteSession) as live:
            return Shown(**vars(_observed(live.current())), rendered=live.render())

    def close(self, session: str) -> None:
        """Close a session."""
        self._table.remove(session, RemoteSession)


def _observed(turn: Turn) -> Observed:
    return Observed(
        observation=turn.observation,
        reward=turn.reward,
        terminated=turn.terminated,
        truncated=turn.truncated,
        info=Info(**turn.info),
    )


def _known(_: Request, error: Exception) -> JSONResponse:
    status = next(status for kind, status in _STATUS.items() if isinstance(error, kind))
    retry_after = getattr(error, "retry_after", None)
    headers = None if retry_after is None else {"Retry-After": str(max(1, math.ceil(retry_after)))}
    return failure(status, type(error).__name__, str(error), headers)


def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    name = GoalError if any(fault["loc"][-1] == "goal" for fault in faults) else ConfigError
    text = "; ".join(f"{'.'.join(map(str, fault['loc']))[:100]}: {fault['msg']}" for fault in faults[:5])
    return failure(422, name.__name__, f"{text}. Send JSON, named as such in Content-Type; see /openapi.json.")


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    name = {404: "NotFound", 405: "MethodNotAllowed"}.get(error.status_code, "BadRequest")
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_allowed(request))
    return failure(error.status_code, name, f"{error.detail}. See /openapi.json.", headers)


def _allowed(request: Request) -> list[str]:
    """The methods of all endpoints at a request's address; the framework names those of the first alone."""
    matching = [each for each in request.app.routes if each.matches(request.scope)[0] is not Match.NONE]
    return sorted(set[str]().union(*(each.methods for each in matching)))


def _failed(_: Request, error: Exception) -> JSONResponse:
    return failure(500, "InternalError", "The server failed; its log says why.")


_COMMON = {  # status -> when any request may be answered with it
    400: "No HTTP, no JSON, or not in UTF-8.",
    403: "Sent by a web page elsewhere.",
    408: "The request did not arrive in time.",
    413: "The body is too long.",
    421: "`Host` is not a name of this server.",
    431: "The headers are too long.",
    500: "The server failed.",
    501: "A transfer encoding that is not known.",
    503: "Too many connections or sessions are open.",
}
_OTHER = {
    404: "There is no such session.",
    409: "No episode was started.",
    415: "`Content-Type` is not `application/json`.",
    422: "A field is wrong.",
    429: "Too many sessions are open from the client's address.",
}


def _responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {
        status: {"model": Failure, "description": text}
        for status, text in sorted((_COMMON | _OTHER).items())
        if status in _COMMON or status in statuses
    }


_SPARSE: dict[str, Any] = {"response_model_exclude_unset": True}  # reward components are sent after a purchase only


def _description(limits: Limits) -> str:
    return (
        "WebShop for agents in other processes and languages: create a session, reset it, step through it.\n\n"
        f"At most {limits.max_sessions} sessions are open at once (then 503), {limits.sessions_per_client} of them "
        "from one address (then 429). One without a request for "
        f"{limits.idle_seconds:g} seconds expires (then 404). A request's body has at most {limits.max_body} bytes "
        "(else 413), is JSON in UTF-8, and named as `application/json` (else 415). Requests on one session are taken "
        "one after another. Errors are JSON: `error`, `message`."
    )


def _describe(app: FastAPI, goals: int) -> None:
    """Let the document say which goals there are, and that a body is sent: its content type is needed anyway."""
    document = app.openapi()
    goal = document["components"]["schemas"]["NewEpisode"]["properties"]["goal"]
    next(each for each in goal["anyOf"] if each["type"] == "integer").update(minimum=0, maximum=goals - 1)
    for methods in document["paths"].values():
        if "post" in methods:
            methods["post"]["requestBody"]["required"] = True


def create_app(
    data: ShopData,
    limits: Limits | None = None,
    seed: int | None = None,
    clock: Callable[[], float] = time.monotonic,
    hosts: Collection[str] = (),
) -> FastAPI:
    """The application that serves a shop's environments.

    Args:
        data: the shop.
        limits: what is allowed; the defaults of :class:`~shoprl.serve.sessions.Limits` when left out.
        seed: for the seeds of sessions created without one; drawn by the system when left out.
        clock: monotonic seconds, to tell which sessions are idle.
        hosts: names and addresses by which clients may call the server, beside those of this machine's loopback and
            the address by which they reach it.

    Raises:
        ConfigError: one of the hosts is no name and no address.
    """
    limits = limits or Limits()
    names = allowed_names(hosts)
    data.hashes()
    data.shop.tagger.nouns("a word")  # loads the tagger, as the line above the hashes, before threads use them
    app = FastAPI(
        title="ShopRL environment",
        version=__version__,
        description=_description(limits),
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
    )
    app.router.route_class = JsonRoute
    app.add_middleware(Guard, hosts=names, max_body=limits.max_body)
    for kind in _STATUS:
        app.add_exception_handler(kind, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _failed)
    app.state.sessions = SessionTable(limits, clock)  # of whatever else is served beside these endpoints, too
    api, session = Api(data, limits, seed, app.state.sessions), "/v1/sessions/{session}"
    made, changed = _responses(415, 422, 429), _responses(404, 415, 422)
    acted, shown = _responses(404, 409, 415, 422), _responses(404, 409, 422)
    app.add_api_route("/v1/info", api.info, methods=["GET"], responses=_responses())
    app.add_api_route("/v1/sessions", api.create, methods=["POST"], status_code=201, responses=made)
    app.add_api_route(session, api.current, methods=["GET"], responses=shown, **_SPARSE)
    app.add_api_route(session, api.close, methods=["DELETE"], status_code=204, responses=_responses(404, 422))
    app.add_api_route(f"{session}/reset", api.reset, methods=["POST"], responses=changed, **_SPARSE)
    app.add_api_route(f"{session}/step", api.step, methods=["POST"], responses=acted, **_SPARSE)
    _describe(app, len(data.goals))
    return app
