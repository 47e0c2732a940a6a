"""``shoprl keys``: make, list and revoke the API keys of a service."""

import time
from dataclasses import asdict, dataclass
from typing import Annotated

import tyro

from shoprl.cli.database import OnDatabase
from shoprl.cli.options import Printing
from shoprl.cli.output import emit, table
from shoprl.service.keys import Key, Scope, all_keys, make_key, revoke


@dataclass(frozen=True, kw_only=True)
class Make(OnDatabase, Printing):
    """Make an API key of a service; it is shown this once.

    Attributes:
        name: for people: whose it is.
        scopes: what it may do: recommend (ask for lists, see products), feedback (send it), admin (all of it, policies
            and exports).
    """

    name: str
    scopes: tuple[Scope, ...] = ("recommend", "feedback")

    def execute(self) -> None:
        """Run the command."""
        from shoprl.service.database import close_database, reported, writing

        engine = self.engine()
        with reported(engine), writing(engine) as connection:
            key, sent = make_key(connection, self.name, self.scopes, time.time())
        close_database(engine)
        text = f"{sent}\n\nSend it as `Authorization: Bearer KEY`. It cannot be shown again; its id is {key.key_id}."
        emit({"key": sent, **asdict(key)}, text, self.json)


@dataclass(frozen=True, kw_only=True)
class List(OnDatabase, Printing):
    """List the API keys of a service, without their secrets."""

    def execute(self) -> None:
        """Run the command."""
        from shoprl.service.database import close_database, reading

        engine = self.engine()
        with reading(engine) as connection:
            found = all_keys(connection)
        close_database(engine)
        rows = [(key.key_id, key.name, ", ".join(key.scopes), _day(key.made_at), _state(key)) for key in found]
        text = table(("id", "name", "scopes", "made", "state"), rows) if rows else "There is no key: none is needed."
        emit({"keys": [asdict(key) for key in found]}, text, self.json)


@dataclass(frozen=True, kw_only=True)
class Revoke(OnDatabase):
    """Revoke an API key of a service, within two seconds.

    Attributes:
        key_id: the id of the key, from shoprl keys list.
    """

    key_id: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="KEY_ID")]

    def execute(self) -> None:
        """Run the command."""
        from shoprl.service.database import close_database, reported, writing

        engine = self.engine()
        with reported(engine), writing(engine) as connection:
            revoke(connection, self.key_id, time.time())
        close_database(engine)


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(seconds))


def _state(key: Key) -> str:
    return "in use" if key.revoked_at is None else f"revoked {_day(key.revoked_at)}"
