"""The shop and goals behind the old-gym environments, under WebShop's options."""

import bisect
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from shoprl.errors import ConfigError, GoalError
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.generated import generated_data
from shoprl.shop.goal import GOAL_SEED
from shoprl.shop.goal_choice import check_held

GoalFilter = Callable[[int, dict[str, Any]], object]


@dataclass(frozen=True)
class LegacyServer:
    """A shop and the goals in play: what environments share, as WebShop's ``server`` argument has it.

    Attributes:
        data: the shop.
        indices: the goals in play, as indices into the data's goals.
    """

    data: ShopData
    indices: tuple[int, ...]

    @cached_property
    def goals(self) -> list[dict[str, Any]]:
        """The goals in play, in WebShop's fields."""
        return [self.data.goals[index].to_json() for index in self.indices]

    @cached_property
    def cum_weights(self) -> list[float]:
        """Running sums of the goals' weights, from 0."""
        return [0.0, *np.cumsum([self.data.goals[index].weight for index in self.indices]).tolist()]

    def draw(self, rng: np.random.Generator) -> int:
        """One of the goals in play, by weight."""
        position = bisect.bisect(self.cum_weights, rng.uniform(0, self.cum_weights[-1])) - 1
        return min(position, len(self.indices) - 1)

    def filtered(self, keep: GoalFilter) -> "LegacyServer":
        """The goals for which ``keep(index, goal)`` holds.

        Raises:
            GoalError: it holds for none.
        """
        kept = tuple(index for i, index in enumerate(self.indices) if keep(i, self.goals[i]))
        if not kept:
            raise GoalError("filter_goals keeps no goal. Give one that keeps some.")
        return LegacyServer(self.data, kept)

    def limited(self, count: int) -> "LegacyServer":
        """So many goals: where the data's order is WebShop's, those that it keeps, in its order.

        Raises:
            ConfigError: ``count`` is 0, or negative and not -1.
        """
        if count == -1 or count >= len(self.indices):
            return self
        if count < 1:
            raise ConfigError(f"limit_goals {count}: must be at least 1, or -1 for all.")
        rng = random.Random(GOAL_SEED)
        rng.shuffle(list(range(len(self.data.goals))))  # WebShop draws after shuffling its goals
        kept: dict[int, None] = {}
        while len(kept) < count:  # its rule gives a goal the weight of the one before
            position = bisect.bisect(self.cum_weights, rng.uniform(0, self.cum_weights[-1]))
            kept[self.indices[min(position, len(self.indices) - 1)]] = None
        return LegacyServer(self.data, tuple(kept))


def _read(source: ShopData | Path | str | None, human_goals: bool | int | None) -> ShopData:
    if source is None or isinstance(source, ShopData):
        data = source or generated_data()
        check_held(data.goals, human_goals)
        return data
    path = Path(source)
    if path.is_file() and not path.match("items_shuffle*.json"):
        raise ConfigError(f"{path}: give the data folder, or the items_shuffle*.json in it.")
    return read_data(path.parent if path.is_file() else path, human_goals=human_goals)


def open_server(
    data: ShopData | Path | str | None,
    server: LegacyServer | None,
    filter_goals: GoalFilter | None,
    limit_goals: int,
    human_goals: bool | int | None = None,
) -> LegacyServer:
    """The server given, or one for the data with the goals that the filter and the limit keep.

    Raises:
        ConfigError: the options exclude each other, or one is invalid.
        CatalogError, GoalError: the data cannot be used, or no goal is left.
    """
    if server is None:
        opened = _read(data, human_goals)
        server = LegacyServer(opened, tuple(range(len(opened.goals))))
        if filter_goals is not None:
            server = server.filtered(filter_goals)
        return server.limited(limit_goals)
    if not isinstance(server, LegacyServer):
        raise ConfigError(f"server: give another environment's .server, not {type(server).__name__}.")
    if data is not None:
        raise ConfigError("data, server: a server has its own data. Give one of them.")
    if filter_goals is not None or limit_goals != -1:
        raise ConfigError("filter_goals, limit_goals: a server has its own goals. Set them when the server is created.")
    check_held(server.data.goals, human_goals)
    return server


def check_products(data: ShopData, num_products: int | None) -> None:
    """Products are data: as many as WebShop would load must be what the data holds.

    Raises:
        ConfigError: it is not.
    """
    count = len(data.catalog)
    if num_products not in (None, count, count + sum(data.catalog.skipped.values())):
        raise ConfigError(
            f"num_products {num_products}: the data holds {count} products. Leave it out, or give a data folder with "
            "that many (shorten the list in items_shuffle*.json)."
        )
