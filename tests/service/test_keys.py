from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select

from shoprl.errors import ConfigError
from shoprl.service.database import close_database, open_database, reading, writing
from shoprl.service.keys import all_keys, find_key, make_key, revoke
from shoprl.service.tables import keys


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    opened = open_database(address)
    yield opened
    close_database(opened)


def test_a_key_is_known_by_what_its_owner_sends(engine: Engine) -> None:
    with writing(engine) as connection:
        made, sent = make_key(connection, "shop front", ("feedback", "recommend"), 5.0)
    with reading(engine) as connection:
        assert find_key(connection, sent) == made == all_keys(connection)[0]
        assert made.scopes == ("recommend", "feedback")
        for other in ("", "x", sent[:-1], sent[:-1] + ("a" if sent[-1] != "a" else "b"), sent + "a", sent.upper()):
            assert find_key(connection, other) is None


def test_the_database_does_not_hold_what_is_sent(engine: Engine) -> None:
    with writing(engine) as connection:
        sent = make_key(connection, "shop front", ("admin",), 5.0)[1]
    with reading(engine) as connection:
        assert sent.split("_", 2)[2] not in str(connection.execute(select(keys)).all())


def test_a_revoked_key_is_no_key(engine: Engine) -> None:
    with writing(engine) as connection:
        made, sent = make_key(connection, "old", ("admin",), 5.0)
        kept = make_key(connection, "new", ("admin",), 6.0)[1]
        revoke(connection, made.key_id, 7.0)
        revoke(connection, made.key_id, 9.0)
    with reading(engine) as connection:
        assert find_key(connection, sent) is None
        assert find_key(connection, kept) is not None
        assert [each.revoked_at for each in all_keys(connection)] == [7.0, None]


def test_what_cannot_be_done_is_named(engine: Engine) -> None:
    with writing(engine) as connection:
        with pytest.raises(ConfigError, match="no such key"):
            revoke(connection, "f" * 12, 1.0)
        for name in ("", " ", "a" * 101, "a\nb"):
            with pytest.raises(ConfigError, match="name"):
                make_key(connection, name, ("admin",), 1.0)
        with pytest.raises(ConfigError, match="scopes"):
            make_key(connection, "none", (), 1.0)
        assert all_keys(connection) == []
