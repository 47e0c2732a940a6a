"""The environments of a server's clients: bounded in number, dropped when idle, one request at a time in each."""

import math
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import gymnasium

from shoprl.errors import ConfigError, ShopRLError
from shoprl.shop.env import WebShopEnv
from shoprl.shop.session import MAX_ACTION


class RemoteError(ShopRLError):
    """The environment server cannot be reached, failed, or sent no valid answer."""


class SessionNotFoundError(RemoteError):
    """The session is unknown to the server: it was closed, expired, or never existed."""


class TooManySessionsError(RemoteError):
    """The server has as many sessions as it allows.

    Attributes:
        retry_after: seconds until the session that is idle longest expires; None where unknown.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Limits:
    """What a server allows.

    Attributes:
        max_sessions: sessions open at once.
        idle_seconds: a session without a request for so long is dropped.
        max_body: bytes of a request's body; enough for the longest action that does anything, in JSON.

    Raises:
        ConfigError: a limit is not positive, or infinite.
    """

    max_sessions: int = 1_000
    idle_seconds: float = 900.0
    max_body: int = 12 * MAX_ACTION + 8_192

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 < value < math.inf:  # false for NaN too
                raise ConfigError(f"{name} {value}: must be greater than 0, and finite.")


@dataclass(frozen=True, slots=True)
class Turn:
    """What an environment answered to a reset or an action."""

    observation: str
    reward: float
    terminated: bool
    truncated: bool
    info: dict[str, Any]


class RemoteSession:
    """An environment, the seed its first reset takes, and its last answer."""

    def __init__(self, env: WebShopEnv, seed: int) -> None:
        self._env = env
        self._seed: int | None = seed
        self._last: Turn | None = None

    def reset(self, seed: int | None = None, goal: int | None = None) -> Turn:
        """Start an episode; see :meth:`WebShopEnv.reset`."""
        observation, info = self._env.reset(seed=self._seed if seed is None else seed, options={"goal": goal})
        self._seed = None  # later episodes draw on from the first one's seed
        self._last = Turn(observation, 0.0, False, False, info)
        return self._last

    def step(self, action: str) -> Turn:
        """Take an action."""
        observation, reward, terminated, truncated, info = self._env.step(action)
        self._last = Turn(observation, reward, terminated, truncated, info)
        return self._last

    def current(self) -> Turn:
        """The last answer.

        Raises:
            ResetNeeded: no episode was started.
        """
        if self._last is None:
            raise gymnasium.error.ResetNeeded("No episode was started. Reset the session first.")
        return self._last

    def render(self) -> str | None:
        """The page in the environment's render mode."""
        return self._env.render()


@dataclass(slots=True)
class _Entry:
    session: RemoteSession
    used: float
    lock: threading.Lock = field(default_factory=threading.Lock)


class SessionTable:
    """The open sessions by their random names.

    Args:
        limits: how many, and how long one may be idle.
        clock: monotonic seconds.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()  # the longest idle first
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            self._drop_idle()
            return len(self._entries)

    def add(self, session: RemoteSession) -> str:
        """Keep a session and name it.

        Raises:
            TooManySessionsError: as many are open as the limit allows.
        """
        with self._lock:
            self._drop_idle()
            if len(self._entries) >= self._limits.max_sessions:
                wait = next(iter(self._entries.values())).used + self._limits.idle_seconds - self._clock()
                raise TooManySessionsError(
                    f"{self._limits.max_sessions} sessions are open, as many as the server allows. "
                    "Close one, or try again later.",
                    wait,
                )
            name = secrets.token_urlsafe(16)
            self._entries[name] = _Entry(session, self._clock())
            return name

    @contextmanager
    def use(self, name: str) -> Iterator[RemoteSession]:
        """A session, locked for this caller until the block ends.

        Raises:
            SessionNotFoundError: it is not open, or was closed while the caller waited.
        """
        entry = self._touched(name)
        with entry.lock:
            self._touched(name)
            try:
                yield entry.session
            finally:
                self._touch(name)

    def remove(self, name: str) -> None:
        """Forget a session; a running request on it finishes normally.

        Raises:
            SessionNotFoundError: it is not open.
        """
        with self._lock:
            self._drop_idle()
            if self._entries.pop(name, None) is None:
                raise _not_found()

    def _touched(self, name: str) -> _Entry:
        entry = self._touch(name)
        if entry is None:
            raise _not_found()
        return entry

    def _touch(self, name: str) -> _Entry | None:
        with self._lock:
            self._drop_idle()
            entry = self._entries.get(name)
            if entry is not None:
                entry.used = self._clock()
                self._entries.move_to_end(name)
            return entry

    def _drop_idle(self) -> None:
        """Forget the sessions idle for too long; the lock is held."""
        oldest = self._clock() - self._limits.idle_seconds
        while self._entries and next(iter(self._entries.values())).used <= oldest:
            self._entries.popitem(last=False)


def _not_found() -> SessionNotFoundError:
    return SessionNotFoundError("The session is unknown: it expired, was closed, or never existed. Create a new one.")
