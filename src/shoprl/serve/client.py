"""The environment of a server (``shoprl env-server``) as a Gymnasium environment. Needs the extra ``serve``."""

import contextlib
import json
from typing import Any

import gymnasium
import numpy as np

from shoprl.errors import ConfigError, GoalError
from shoprl.serve.sessions import (
    RemoteError,
    SessionNotFoundError,
    TooManySessionsError,
    TooManySessionsOfClientError,
)
from shoprl.shop.env import MAX_OBSERVATION, WebShopEnv, check_reset_options
from shoprl.shop.render import ObservationMode
from shoprl.shop.session import MAX_ACTION, MAX_STEPS
from shoprl.shop.spaces import UnicodeText
from shoprl.shop.splits import SplitName

URL = "http://127.0.0.1:8700"
HEADERS = {"Content-Type": "application/json"}
KEEP_ALIVE = 30.0  # seconds; shorter than the server's, so that no request is sent on a closing connection
_ERRORS = {
    error.__name__: error
    for error in (
        ConfigError,
        GoalError,
        SessionNotFoundError,
        TooManySessionsError,
        TooManySessionsOfClientError,
        gymnasium.error.ResetNeeded,
    )
}


class RemoteEnv(gymnasium.Env[str, str]):
    """A server's environment, with the interface of :class:`~shoprl.shop.env.WebShopEnv`.

    It holds one session of the server and one connection, kept open between steps. Where the session has expired, a
    reset with a seed or a goal opens a new one; without either, the sequence of goals is lost, which is an error.

    Args:
        url: the server's address.
        observation_mode, split, max_steps, render_mode, end_on_invalid: as in :class:`~shoprl.shop.env.WebShopEnv`.
        timeout: seconds to wait for an answer.

    Attributes:
        server: content hashes, number of goals and limits, as the server reports them.

    Raises:
        ConfigError: an option is invalid.
        TooManySessionsError: the server has as many sessions as it allows, to all or to one client.
        RemoteError: the server cannot be reached, or is no environment server.
    """

    metadata = WebShopEnv.metadata

    def __init__(
        self,
        url: str = URL,
        observation_mode: ObservationMode = "text_rich",
        split: SplitName = "train",
        max_steps: int | None = MAX_STEPS,
        render_mode: str | None = None,
        end_on_invalid: bool = False,
        timeout: float = 60.0,
    ) -> None:
        import httpx2

        self.observation_space = UnicodeText(MAX_OBSERVATION)
        self.action_space = UnicodeText(MAX_ACTION)
        self.observation_mode, self.max_steps, self.render_mode = observation_mode, max_steps, render_mode
        self.url = url.rstrip("/")
        self._setup = {
            "observation_mode": observation_mode,
            "split": split,
            "max_steps": max_steps,
            "render_mode": render_mode,
            "end_on_invalid": end_on_invalid,
        }
        self._http = httpx2.Client(
            timeout=timeout,
            limits=httpx2.Limits(max_connections=1, keepalive_expiry=KEEP_ALIVE),
            trust_env=False,  # no proxy, and no credentials from a netrc file
        )
        try:
            self.server: dict[str, Any] = self._ask("GET", "/v1/info")
            self._session = self._open(None)
        except Exception:
            self._http.close()
            raise

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Start an episode with a goal drawn from the split, or with ``options={"goal": index}``.

        Raises:
            ConfigError: an option is unknown.
            GoalError: there is no goal with that index.
            SessionNotFoundError: the session has expired, and neither seed nor goal is given.
        """
        goal = check_reset_options(options).get("goal")
        super().reset(seed=seed)
        body = {"seed": seed, "goal": int(goal) if isinstance(goal, np.integer) else goal}
        try:
            answer = self._of_session("POST", "/reset", body)
        except SessionNotFoundError as error:
            if seed is None and goal is None:
                raise SessionNotFoundError("The session has expired. Call reset(seed=...) to start anew.") from error
            self._session = self._open(int(self.np_random.integers(2**32)))
            answer = self._of_session("POST", "/reset", body)
        return answer["observation"], answer["info"]

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Take an action.

        Raises:
            SessionNotFoundError: the session has expired.
        """
        sent = action[: MAX_ACTION + 1]  # one that is longer changes nothing, however long
        answer = self._of_session("POST", "/step", {"action": sent})
        return (
            answer["observation"],
            float(answer["reward"]),
            answer["terminated"],
            answer["truncated"],
            answer["info"],
        )

    def render(self) -> str | None:
        """The page in the render mode."""
        if self.render_mode is None:
            return None
        try:
            shown: str | None = self._of_session("GET", "")["rendered"]
        except gymnasium.error.ResetNeeded:
            return None
        return shown

    def close(self) -> None:
        """Close the session and the connection; the server may be gone."""
        if self._http.is_closed:
            return
        with contextlib.suppress(RemoteError):
            self._of_session("DELETE", "")
        self._http.close()

    def _open(self, seed: int | None) -> str:
        answer = self._ask("POST", "/v1/sessions", {**self._setup, "seed": seed})
        if not isinstance(answer, dict) or "session" not in answer:
            raise RemoteError(f"{self.url}: no session came back. Is it an environment server?")
        return str(answer["session"])

    def _of_session(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._ask(method, f"/v1/sessions/{self._session}{path}", body)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        import httpx2

        if self._http.is_closed:
            raise gymnasium.error.ClosedEnvironmentError("The environment is closed. Make a new one.")
        content = None if body is None else json.dumps(body, default=repr)
        try:
            response = self._http.request(method, self.url + path, content=content, headers=HEADERS)
            answer = response.json() if response.content else None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            what = str(error) or type(error).__name__
            raise RemoteError(f"{self.url}: {what}. Is `shoprl env-server` running there?") from error
        except ValueError as error:
            raise RemoteError(f"{self.url}: no JSON came back. Is it an environment server?") from error
        if response.is_success:
            return answer
        if not isinstance(answer, dict) or not isinstance(answer.get("message"), str):
            raise RemoteError(f"{self.url}: status {response.status_code}. Is it an environment server?")
        name, message = str(answer.get("error")), answer["message"]
        raise _ERRORS[name](message) if name in _ERRORS else RemoteError(f"{self.url}: {name}. {message}")
