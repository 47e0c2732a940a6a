"""API keys: who may ask, send feedback, or administer; of their secrets the database holds digests alone."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import Connection, insert, select, update

from shoprl.errors import ConfigError
from shoprl.service.tables import keys

Scope = Literal["recommend", "feedback", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
_KEY = re.compile(r"shoprl_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NAME = 100  # characters


@dataclass(frozen=True, slots=True)
class Key:
    """An API key without its secret.

    Attributes:
        key_id: public; names it when it is revoked, and in logs.
        name: for people.
        scopes: what it may do.
        made_at: seconds since 1970 in UTC; so is the next.
        revoked_at: None of one that may be used.
    """

    key_id: str
    name: str
    scopes: tuple[Scope, ...]
    made_at: float
    revoked_at: float | None = None


def make_key(connection: Connection, name: str, scopes: Collection[Scope], now: float) -> tuple[Key, str]:
    """Make a key.

    Returns:
        The key, and what its owner sends; it cannot be had again. 256 random bits need no slow hash.

    Raises:
        ConfigError: the name is empty or too long, or there is no scope.
    """
    if not name.strip() or len(name) > _NAME or not name.isprintable():
        raise ConfigError(f"name: give one of at most {_NAME} printable characters.")
    if not scopes:
        raise ConfigError(f"scopes: give some of {', '.join(SCOPES)}.")
    key = Key(secrets.token_hex(6), name, tuple(each for each in SCOPES if each in scopes), now)
    sent = f"shoprl_{key.key_id}_{secrets.token_urlsafe(32)}"
    row = {"key_id": key.key_id, "name": name, "digest": _digest(sent), "scopes": list(key.scopes), "made_at": now}
    connection.execute(insert(keys), [row])
    return key, sent


def all_keys(connection: Connection) -> list[Key]:
    """The keys, the oldest first, revoked ones among them."""
    return [_key(row) for row in connection.execute(select(keys).order_by(keys.c.made_at, keys.c.key_id))]


def find_key(connection: Connection, sent: str) -> Key | None:
    """The key that somebody sends, unless it is unknown or revoked."""
    match = _KEY.fullmatch(sent)
    row = None if match is None else connection.execute(select(keys).where(keys.c.key_id == match[1])).first()
    if row is None or row.revoked_at is not None or not hmac.compare_digest(row.digest, _digest(sent)):
        return None
    return _key(row)


def revoke(connection: Connection, key_id: str, now: float) -> None:
    """Revoke a key; one that is revoked stays so from its first time on.

    Raises:
        ConfigError: there is no such key.
    """
    own = keys.c.key_id == key_id
    if connection.execute(select(keys.c.key_id).where(own)).first() is None:
        raise ConfigError(f"{key_id[:80]!r}: no such key. `shoprl keys list` shows them.")
    connection.execute(update(keys).where(own, keys.c.revoked_at.is_(None)).values(revoked_at=now))


def _digest(sent: str) -> str:
    return hashlib.sha256(sent.encode()).hexdigest()


def _key(row) -> Key:  # type: ignore[no-untyped-def]
    return Key(row.key_id, row.name, tuple(row.scopes), row.made_at, row.revoked_at)
