"""The database of a service, as commands beside it name it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shoprl.errors import ConfigError
from shoprl.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine


def opened(database: str | None, catalog: Path) -> "Engine":
    """Open the database of a service.

    Args:
        database: its address; None for the one beside the catalogue.
        catalog: what shoprl serve was given.

    Raises:
        ConfigError: the address cannot be read.
        StorageError: it cannot be reached.
    """
    from shoprl.service.database import database_beside, open_database

    return open_database(database or database_beside(catalog))


@dataclass(frozen=True, kw_only=True)
class OnDatabase(Settings):
    """A command on the database of a service.

    Attributes:
        catalog: what shoprl serve was given; the database beside it is taken.
        database: sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME.
    """

    catalog: Path | None = None
    database: str | None = None

    def engine(self) -> "Engine":
        """Open it.

        Raises:
            ConfigError: neither is given, or the address cannot be read.
            StorageError: it cannot be reached.
        """
        if self.database is None and self.catalog is None:
            raise ConfigError("Which database? Give --database, or --catalog as shoprl serve has it.")
        return opened(self.database, self.catalog or Path())
