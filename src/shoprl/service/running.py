"""A service's parts: the shop, the database, the processes that make lists, and who may ask."""

import time
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy import Engine

from shoprl.catalog.product import Product
from shoprl.service.access import Keys, Rates
from shoprl.service.config import ServiceConfig
from shoprl.service.database import close_database
from shoprl.service.deciding import Clock, Decider
from shoprl.service.learnable import sold
from shoprl.service.metrics import Metrics
from shoprl.service.shopping import Opening
from shoprl.service.workers import Workers
from shoprl.service.writer import Writer
from shoprl.shop.searching import best_search
from shoprl.shop.session import Shop


@dataclass
class Service:
    """What answers requests.

    Attributes:
        shop: the shop, as the process that answers sees it: with WebShop's search.
        opening: how the processes that make lists open it.
        engine: the database.
        config: settings.
        clock: seconds since 1970.
    """

    shop: Shop
    opening: Opening
    engine: Engine
    config: ServiceConfig = field(default_factory=ServiceConfig)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        config = self.config
        self.writer = Writer(self.engine)
        self.workers = Workers(self.opening, config.workers, config.waiting, config.patience)
        self.decider = Decider(
            self.engine, self.writer, self.workers, config, self.shop.catalog.content_hash, self.clock
        )
        self.keys, self.rates = Keys(self.engine), Rates(config.rate)
        self.metrics = Metrics(lambda: self.workers.waiting, lambda: self.writer.waiting)
        self.streams = 0
        self.asked = time.monotonic()  # when the last list was asked for

    @property
    def quiet(self) -> float:
        """Seconds since the last list was asked for."""
        return time.monotonic() - self.asked

    @cached_property
    def hybrid(self) -> bool:
        """Whether the shop's search is hybrid, which the processes that make lists have."""
        return best_search(self.opening.data, self.opening.search) == "hybrid"

    def asin(self, identifier: str) -> str | None:
        """The ASIN of a product by its catalogue's id; None where the shop sells none of it."""
        return sold(self.shop.catalog, identifier)

    def product(self, identifier: str) -> Product | None:
        """A product by its catalogue's id."""
        asin = self.asin(identifier)
        return None if asin is None else self.shop.catalog[asin]

    def close(self) -> None:
        """Write what waits, end the processes and close the database."""
        self.workers.close()
        self.writer.close()
        close_database(self.engine)
