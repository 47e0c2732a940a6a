"""The database of a service, as commands name it."""

from pathlib import Path

import pytest

from shoprl.cli.database import OnDatabase
from shoprl.errors import ConfigError

pytest.importorskip("alembic", reason="needs the extra service")


def test_an_address_goes_before_a_catalogue(tmp_path: Path) -> None:
    from shoprl.service.database import close_database, name_of

    for given, name in (
        (OnDatabase(catalog=tmp_path / "shop"), "shop.feedback.sqlite"),
        (OnDatabase(catalog=tmp_path / "shop", database=f"sqlite:///{tmp_path / 'b.db'}"), "b.db"),
    ):
        engine = given.engine()
        assert Path(name_of(engine)).name == name
        close_database(engine)
    with pytest.raises(ConfigError, match="Which database"):
        OnDatabase().engine()
