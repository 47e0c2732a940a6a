"""The environments of a server's clients: bounded in number, dropped when idle, one request at a time in each."""

import ipaddress
import math
import secrets
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

import gymnasium

from shoprl.errors import ShopRLError
from shoprl.settings import Count, Positive, Range, Settings
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


class TooManySessionsOfClientError(TooManySessionsError):
    """One client has as many sessions as the server allows to one."""


ClientShare = Annotated[float, Range(0, 1, above=True)]


@dataclass(frozen=True)
class Limits(Settings):
    """What a server allows.

    Attributes:
        max_sessions: sessions open at once.
        idle_seconds: a session without a request for so long is dropped.
        max_body: bytes of a request's body; enough for the longest action that does anything, in JSON.
        client_share: the share of the sessions that one client's address may hold. The workers of a training on one
            machine are one client, so it is most of them; the rest lets others in beside it.
        max_connections: connections open at once; enough for a kept one a session. Beyond, the connection that has
            waited longest for its client gives way.
        header_seconds: a connection must send a request's headers within so long after its first byte, and its first
            byte within so long after it was made.
        body_seconds: a request's body must be complete so long after its headers.
        answer_seconds: an answer must be read within so long.

    Raises:
        ConfigError: a limit is out of its range.
    """

    max_sessions: Count = 1_000
    idle_seconds: Positive = 900.0
    max_body: Count = 12 * MAX_ACTION + 8_192
    client_share: ClientShare = 0.8
    max_connections: Count = 1_200
    header_seconds: Positive = 10.0
    body_seconds: Positive = 20.0
    answer_seconds: Positive = 30.0

    @property
    def sessions_per_client(self) -> int:
        """Sessions that one client's address may hold."""
        return math.ceil(self.client_share * self.max_sessions)


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
        page: str | None = self._env.render()
        return page


Held = TypeVar("Held")


@dataclass(slots=True)
class _Entry:
    session: object
    client: str
    used: float
    lock: threading.Lock = field(default_factory=threading.Lock)


def random_name() -> str:
    """A session's name of 128 random bits."""
    return secrets.token_urlsafe(16)


class SessionTable:
    """The open sessions of all kinds by their random names; the limits hold for all of them together.

    Args:
        limits: how many, and how long one may be idle.
        clock: monotonic seconds.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()  # the longest idle first
        self._held: Counter[str] = Counter()  # sessions by client
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            self._drop_idle()
            return len(self._entries)

    def add(self, session: object, address: str = "", draw: Callable[[], str] = random_name) -> str:
        """Keep a session and name it.

        Args:
            session: what to keep.
            address: where its client asks from.
            draw: a name that nobody can guess; drawn again while it is another session's.

        Raises:
            TooManySessionsError: as many are open as the limit allows.
            TooManySessionsOfClientError: the client has as many as the limit allows to one.
        """
        client = client_of(address)
        with self._lock:
            self._drop_idle()
            if len(self._entries) >= self._limits.max_sessions:
                raise TooManySessionsError(
                    f"{self._limits.max_sessions} sessions are open, as many as the server allows. "
                    "Close one, or try again later.",
                    self._seconds_left(next(iter(self._entries.values()))),
                )
            if self._held[client] >= self._limits.sessions_per_client:
                raise TooManySessionsOfClientError(
                    f"{self._held[client]} sessions are open from this address, as many as the server allows to one. "
                    "Close one, try again later, or start the server with more sessions or a larger client share.",
                    self._seconds_left(next(each for each in self._entries.values() if each.client == client)),
                )
            name = draw()
            while name in self._entries:
                name = draw()
            self._entries[name] = _Entry(session, client, self._clock())
            self._held[client] += 1
            return name

    @contextmanager
    def use(self, name: str, kind: type[Held]) -> Iterator[Held]:
        """A session, locked for this caller until the block ends.

        Raises:
            SessionNotFoundError: none of that kind is open by that name, or it was closed while the caller waited.
        """
        entry = self._touched(name, kind)
        with entry.lock:
            session = self._touched(name, kind).session
            assert isinstance(session, kind)
            try:
                yield session
            finally:
                self._touch(name, kind)

    def names(self, kind: type, address: str) -> list[str]:
        """The open sessions of one kind that a client holds, the longest idle first."""
        client = client_of(address)
        with self._lock:
            self._drop_idle()
            return [
                name
                for name, entry in self._entries.items()
                if entry.client == client and isinstance(entry.session, kind)
            ]

    def remove(self, name: str, kind: type) -> None:
        """Forget a session; a running request on it finishes normally.

        Raises:
            SessionNotFoundError: none of that kind is open by that name.
        """
        with self._lock:
            self._drop_idle()
            if self._entry(name, kind) is None:
                raise _not_found()
            self._drop(name)

    def _touched(self, name: str, kind: type) -> _Entry:
        entry = self._touch(name, kind)
        if entry is None:
            raise _not_found()
        return entry

    def _touch(self, name: str, kind: type) -> _Entry | None:
        with self._lock:
            self._drop_idle()
            entry = self._entry(name, kind)
            if entry is not None:
                entry.used = self._clock()
                self._entries.move_to_end(name)
            return entry

    def _entry(self, name: str, kind: type) -> _Entry | None:
        entry = self._entries.get(name)
        return entry if entry is not None and isinstance(entry.session, kind) else None

    def _drop_idle(self) -> None:
        """Forget the sessions idle for too long; the lock is held."""
        oldest = self._clock() - self._limits.idle_seconds
        while self._entries and next(iter(self._entries.values())).used <= oldest:
            self._drop(next(iter(self._entries)))

    def _drop(self, name: str) -> None:
        """Forget a session that is open; the lock is held."""
        client = self._entries.pop(name).client
        self._held[client] -= 1
        if not self._held[client]:
            del self._held[client]

    def _seconds_left(self, entry: _Entry) -> float:
        return entry.used + self._limits.idle_seconds - self._clock()


def client_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the 64 bits of an IPv6 address that a network hands out as one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # a test's client has a name
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed.packed, 64), strict=False))


def _not_found() -> SessionNotFoundError:
    return SessionNotFoundError("The session is unknown: it expired, was closed, or never existed. Create a new one.")
