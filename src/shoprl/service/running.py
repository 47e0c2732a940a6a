"""A service's parts: the shop, the database, the processes that make lists, and who may ask."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from sqlalchemy import Engine

from shoprl.catalog.product import Product
from shoprl.errors import GoalError
from shoprl.service.access import Keys, Rates
from shoprl.service.config import ServiceConfig
from shoprl.service.database import close_database
from shoprl.service.deciding import Clock, Decider
from shoprl.service.demonstrations import CONSENT
from shoprl.service.learnable import sold
from shoprl.service.metrics import Metrics
from shoprl.service.shopping import Opening
from shoprl.service.workers import Workers
from shoprl.service.writer import Writer
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.goal import Goal
from shoprl.shop.searching import best_search
from shoprl.shop.session import Shop

SEARCHES = 1_000  # whose results are remembered


class _Searching:
    """The shop's search where the processes that make lists have it."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self.find = lru_cache(SEARCHES)(self._find)

    def _find(self, query: str) -> tuple[str, ...]:
        return tuple(self._workers.search(query).result())


@dataclass
class Service:
    """What answers requests.

    Attributes:
        shop: the shop, as the process that answers sees it: with WebShop's search.
        opening: how the processes that make lists open it.
        engine: the database.
        config: settings.
        clock: seconds since 1970.
        consent: the text that people agree to who shop in the pages.
    """

    shop: Shop
    opening: Opening
    engine: Engine
    config: ServiceConfig = field(default_factory=ServiceConfig)
    clock: Clock = field(default_factory=Clock)
    consent: str = CONSENT

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

    @property
    def quiet(self) -> float:
        """Seconds since the last list was asked for."""
        return time.monotonic() - self.decider.asked

    @cached_property
    def hybrid(self) -> bool:
        """Whether the shop's search is hybrid, which the processes that make lists have."""
        return best_search(self.opening.data, self.opening.search) == "hybrid"

    @cached_property
    def browsed(self) -> Shop:
        """The shop as the agent sees it; a hybrid search waits for a process that makes lists."""
        return replace(self.shop, search=_Searching(self.workers)) if self.hybrid else self.shop

    @cached_property
    def _data(self) -> ShopData | None:
        try:
            return read_data(self.opening.data)
        except GoalError:  # no goals can be made of the catalogue
            return None

    def training_goal(self, draw: Callable[[int], int]) -> tuple[int, Goal] | None:
        """One of the shop's training goals, with its position in the list of goals; None of a shop without.

        Args:
            draw: a number below the one given.
        """
        if self._data is None or not self._data.split.train:
            return None
        index = int(self._data.split.train[draw(len(self._data.split.train))])
        return index, self._data.goals[index]

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
