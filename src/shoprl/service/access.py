"""Who may do what, and how often: keys with scopes, and a rate for each."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from shoprl.serve.sessions import client_of
from shoprl.service.database import reading
from shoprl.service.keys import Key, Scope, all_keys, find_key
from shoprl.service.problems import ProblemError

FRESH = 2.0  # seconds for which what the database said of a key is believed: a revoked one works so long
REMEMBERED = 10_000  # callers
ROUNDING = 1e-6  # of a token, so that whoever waits as long as told is let in


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        name: of the key, by its public id; or the address of one without.
        key: the key, None where none is needed.
    """

    name: str
    key: Key | None

    def may(self, scope: Scope) -> bool:
        """Whether it may do what a scope allows; without keys everybody may do everything."""
        return self.key is None or scope in self.key.scopes or "admin" in self.key.scopes


class Keys:
    """Finds keys in the database, and believes what it found for a moment.

    Args:
        engine: the database.
        clock: monotonic seconds.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine, self._clock = engine, clock
        self._known: OrderedDict[str, tuple[float, Key | None]] = OrderedDict()
        self._any = (-FRESH, False)

    def caller(self, sent: str | None, address: str) -> Caller:
        """Who sends a key, or none, from an address.

        Raises:
            ProblemError: a key is needed, and there is none or an unknown one.
            StorageError: the database cannot be read.
        """
        if sent is None:
            if self._exist():
                text = "Send a key as `Authorization: Bearer KEY` or `X-API-Key: KEY`; `shoprl keys make` makes one."
                raise ProblemError("unauthorized", text)
            return Caller(client_of(address), None)
        key = self._found(sent)
        if key is None:
            raise ProblemError("unauthorized", "The key is unknown or revoked. `shoprl keys make` makes another.")
        return Caller(key.key_id, key)

    def remembered(self, sent: str | None, address: str) -> Caller | None:
        """Who sends a key, or none, where the database was asked a moment ago; None where it must be asked."""
        now = self._clock()
        if sent is None:
            since, needed = self._any
            return None if needed or now - since >= FRESH else Caller(client_of(address), None)
        since, key = self._known.get(sent, (-FRESH, None))
        return None if key is None or now - since >= FRESH else Caller(key.key_id, key)

    def _exist(self) -> bool:
        """Whether keys were made; revoked ones count, as their owner wanted keys to be needed."""
        now = self._clock()
        if now - self._any[0] >= FRESH:
            with reading(self._engine) as connection:
                self._any = (now, bool(all_keys(connection)))
        return self._any[1]

    def _found(self, sent: str) -> Key | None:
        now = self._clock()
        since, key = self._known.get(sent, (-FRESH, None))
        if now - since >= FRESH:
            with reading(self._engine) as connection:
                key = find_key(connection, sent)
            self._known[sent] = (now, key)
            self._known.move_to_end(sent)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return key


class Rates:
    """A token bucket for each caller.

    Args:
        rate: tokens that each gets a second; a bucket holds twice as many.
        clock: monotonic seconds.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._most, self._clock = rate, max(1.0, 2 * rate), clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, tokens: int = 1) -> None:
        """Take tokens of a caller's.

        Raises:
            ProblemError: there are too few; it says when there will be enough.
        """
        now = self._clock()
        left, then = self._buckets.get(name, (self._most, now))
        left = min(self._most, left + (now - then) * self._rate)
        short = min(tokens, self._most) - left
        if short > ROUNDING:
            wait = short / self._rate
            text = f"At most {self._rate:g} requests a second. Wait as Retry-After says."
            raise ProblemError("rate_limited", text, retry_after=wait)
        self._buckets[name] = (max(0.0, left - tokens), now)
        self._buckets.move_to_end(name)
        while len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
