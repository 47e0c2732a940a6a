"""The shop and goals behind the old-gym environments, under WebShop's options."""

import bisect
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, overload
from weakref import WeakValueDictionary

import numpy as np

from shoprl.catalog.webshop import folder_and_products, instructions_file
from shoprl.compat.product_items import ProductItems, ProductPrices
from shoprl.compat.user_sessions import UserSession
from shoprl.errors import ConfigError, GoalError
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.default_data import VARIABLE, default_data, default_folder
from shoprl.shop.goal import GOAL_SEED
from shoprl.shop.goal_choice import check_held
from shoprl.shop.session import BASE_URL

GoalFilter = Callable[[int, dict[str, Any]], object]


class LegacyGoals(Sequence[dict[str, Any]]):
    """Goals in WebShop's fields, each made when it is looked at, and the same object from then on.

    Args:
        data: the shop.
        indices: of the goals.
    """

    def __init__(self, data: ShopData, indices: Sequence[int]) -> None:
        self._data, self._indices = data, indices
        self._made: dict[int, dict[str, Any]] = {}

    def __len__(self) -> int:
        return len(self._indices)

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(place, slice):
            return [self[at] for at in range(len(self))[place]]
        index = self._indices[place]
        if index not in self._made:
            self._made[index] = self._data.goals[index].to_json()
        return self._made[index]

    def __eq__(self, other: object) -> bool:  # WebShop's is a list
        return list(self) == list(other) if isinstance(other, LegacyGoals | list) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class LegacyServer:
    """A shop and the goals in play: what environments share, as WebShop's ``server`` argument has it.

    Attributes:
        data: the shop.
        indices: the goals in play, as indices into the data's goals.
        folder: where the data lies; None where it was given loaded.
        base_url: the beginning of every page's address.
    """

    data: ShopData
    indices: tuple[int, ...]
    folder: Path | None = None
    base_url: ClassVar[str] = BASE_URL

    def __reduce__(self) -> tuple[type["LegacyServer"], tuple[ShopData, tuple[int, ...], Path | None]]:
        return LegacyServer, (self.data, self.indices, self.folder)  # another process has sessions of its own

    @cached_property
    def user_sessions(self) -> WeakValueDictionary[str, UserSession]:
        """Session's name -> what is known of it, for the sessions that environments are in and those held by others."""
        return WeakValueDictionary()

    @cached_property
    def product_item_dict(self) -> ProductItems:
        """ASIN -> product in WebShop's fields."""
        return ProductItems(self.data)

    @cached_property
    def product_prices(self) -> ProductPrices:
        """ASIN -> price."""
        return ProductPrices(self.data.catalog)

    @cached_property
    def goals(self) -> "LegacyGoals":
        """The goals in play, in WebShop's fields."""
        return LegacyGoals(self.data, self.indices)

    @cached_property
    def weights(self) -> list[float]:
        """How often each goal in play is drawn, relative to the others."""
        return [self.data.goals[index].weight for index in self.indices]

    @cached_property
    def cum_weights(self) -> list[float]:
        """Running sums of the goals' weights, from 0."""
        return [0.0, *np.cumsum(self.weights).tolist()]

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
        return replace(self, indices=kept)

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
        return replace(self, indices=tuple(kept))


def _read(source: ShopData | Path | str | None, human_goals: bool | int | None) -> ShopData:
    if isinstance(source, ShopData):
        check_held(source.goals, human_goals)
        return source
    if source is None:
        data = default_data(human_goals)
        if data is None:
            raise ConfigError(
                f"There is no data. Give file_path= (or data=) WebShop's data folder or the items_shuffle*.json in it, "
                f"or set {VARIABLE} to the folder. data=shoprl.generated_data() is a toy shop."
            )
        return data
    path = Path(source)
    if path.is_file() and not path.match("items_shuffle*.json"):
        raise ConfigError(f"{path}: give the data folder, or the items_shuffle*.json in it.")
    return read_data(path, human_goals=human_goals)


def folder_of(source: ShopData | Path | str | None) -> Path:
    """The folder that data lies in.

    Args:
        source: the folder or a file in it; None stands for what ``SHOPRL_DATA`` names.

    Raises:
        ConfigError: the data is loaded already, or there is none.
    """
    path = default_folder() if source is None else source
    if path is None or isinstance(path, ShopData):
        raise ConfigError(f"get_image, attr_path: need a data folder. Give file_path=, or set {VARIABLE} to it.")
    return Path(path).parent if Path(path).is_file() else Path(path)


def check_attributes(attr_path: Path | str | None, source: ShopData | Path | str | None) -> None:
    """The file of attributes must be the one in the data folder that is read.

    Raises:
        ConfigError: it lies elsewhere, is not there, or another one is read.
        CatalogError: none can be read.
    """
    if attr_path is None or isinstance(source, ShopData):
        return
    path, folder = Path(attr_path), folder_of(source)
    if not path.is_file() or path.parent.resolve() != folder.resolve():
        raise ConfigError(f"attr_path {path}: must be a file in the data folder {folder}. Put it there.")
    own = instructions_file(*folder_and_products(folder if source is None else Path(source)))
    if own is not None and own.name != path.name:
        raise ConfigError(f"attr_path {path}: {own.name} is read with these products. Name that one, or remove it.")


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
        folder = None if isinstance(data, ShopData) else folder_of(data)
        server = LegacyServer(opened, tuple(range(len(opened.goals))), folder)
        if filter_goals is not None:
            server = server.filtered(filter_goals)
        return server.limited(limit_goals)
    if not isinstance(server, LegacyServer):
        raise ConfigError(f"server: give another environment's .server, not {type(server).__name__}.")
    if isinstance(data, ShopData):
        other = data is not server.data
    else:
        other = data is not None and (server.folder is None or folder_of(data).resolve() != server.folder.resolve())
    if other:
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
