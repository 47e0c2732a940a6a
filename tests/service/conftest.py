from collections.abc import Iterator
from pathlib import Path

import pytest

sqlalchemy = pytest.importorskip("sqlalchemy", reason="needs the extra service")
pytest.importorskip("alembic", reason="needs the extra service")
pytest.importorskip("fastapi", reason="needs the extra service")

from shoprl.shop.store import build_store  # noqa: E402
from tests.support import postgres  # noqa: E402
from tests.support.serving import Served, running  # noqa: E402
from tests.support.toyshop import write_toy_folder  # noqa: E402


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    with postgres.server() as address:
        yield address.format(password=postgres.QUOTED)


@pytest.fixture(scope="session")
def small_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of the toy shop with its store, which a service opens at once."""
    folder = tmp_path_factory.mktemp("shop") / "toy"
    write_toy_folder(folder)
    build_store(folder)
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'service.db'}"
    return emptied(request.getfixturevalue("postgresql"))


def emptied(address: str) -> str:
    engine = sqlalchemy.create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    return address


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with running(f"sqlite:///{tmp_path / 'service.db'}") as made:
        yield made
