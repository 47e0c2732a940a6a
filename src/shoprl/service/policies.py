"""The policies that a service knows: one is active, candidates share its requests, the others are off."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from sqlalchemy import Connection, insert, select, update

from shoprl.errors import ConfigError, PolicyError
from shoprl.files import sha256_of
from shoprl.policies.packaged import MANIFEST, NAMES, PRETRAINED, packaged_folder
from shoprl.service.tables import policies
from shoprl.version import __version__

Role = Literal["active", "candidate", "off"]
ROLES: tuple[Role, ...] = get_args(Role)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Registered:
    """A policy that the service knows.

    Attributes:
        name: by which it is asked for.
        version: digest of its files.
        folder: where they are, or the name of a built-in policy.
        role: ``active``, ``candidate`` (an arm beside it), or ``off``.
        parent: what it was trained from.
        evidence: how it was made and what was measured of it.
        registered_at: seconds since 1970 in UTC; so is the next.
        changed_at: when it got its role.
    """

    name: str
    version: str
    folder: str
    role: Role
    parent: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    registered_at: float = 0.0
    changed_at: float = 0.0

    @property
    def held_back(self) -> bool:
        """Whether its lists were worse than its parent's on the goals that guard the shop: only people activate it."""
        guard = (self.evidence.get("guard") or {}).get("candidate") or {}
        return bool(guard.get("worse"))


def version_of(folder: str) -> str:
    """The digest that names a policy's content: its manifest holds those of its files.

    Raises:
        PolicyError: there is no policy folder.
    """
    if folder in NAMES and folder != PRETRAINED:
        return f"shoprl-{__version__}"
    path = (packaged_folder() if folder == PRETRAINED else Path(folder)) / MANIFEST
    if not path.is_file():
        raise PolicyError(f"{path}: missing. Give a policy folder, or one of: {', '.join(NAMES)}.")
    return sha256_of(path)


def register(
    connection: Connection,
    name: str,
    folder: str,
    now: float,
    role: Role = "off",
    parent: str | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> Registered:
    """Make a policy known; one that is known keeps its role and its evidence.

    Args:
        connection: a transaction that writes.
        name: letters, digits, dots, dashes and underscores.
        folder: its absolute path, or the name of a built-in policy.
        now: the server's time.
        role: see :class:`Registered`.
        parent: see there.
        evidence: see there.

    Raises:
        ConfigError: the name cannot be used, or is another policy's.
        PolicyError: there is no policy folder.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"name {name[:100]!r}: use letters, digits, dots, dashes and underscores, 100 at most.")
    version, known = version_of(folder), find_policy(connection, name)
    if known is not None:
        if (known.version, known.folder) != (version, folder):
            raise ConfigError(f"name {name!r}: another policy has it ({known.folder}). Choose another name.")
        return known
    new = Registered(name, version, folder, "off", parent, evidence or {}, now, now)
    connection.execute(insert(policies), [{field: getattr(new, field) for field in Registered.__slots__}])
    return set_role(connection, name, role, now) if role != "off" else new


def all_policies(connection: Connection) -> list[Registered]:
    """The policies, the oldest first."""
    rows = connection.execute(select(policies).order_by(policies.c.registered_at, policies.c.name)).mappings()
    return [Registered(**row) for row in rows]


def find_policy(connection: Connection, name: str) -> Registered | None:
    """A policy by its name."""
    row = connection.execute(select(policies).where(policies.c.name == name)).mappings().first()
    return None if row is None else Registered(**row)


def set_role(connection: Connection, name: str, role: Role, now: float) -> Registered:
    """Give a policy a role; what was active before one becomes so is off then.

    Raises:
        ConfigError: there is no such policy, or the active one would be taken away without another in its place.
    """
    known = find_policy(connection, name)
    if known is None:
        raise ConfigError(f"{name[:100]!r}: no such policy. GET /v1/policies shows them.")
    if known.role == role:
        return known
    if known.role == "active":
        raise ConfigError(f"{name!r} is the active policy. Activate another one first.")
    if role == "active":
        connection.execute(update(policies).where(policies.c.role == "active").values(role="off", changed_at=now))
    connection.execute(update(policies).where(policies.c.name == name).values(role=role, changed_at=now))
    found = find_policy(connection, name)
    assert found is not None
    return found
