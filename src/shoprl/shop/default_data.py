"""The data that counts where none is given: what the environment variable ``SHOPRL_DATA`` names, else a toy shop."""

import os
import warnings
from functools import cache
from pathlib import Path

from shoprl.errors import ConfigError
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.generated import generated_data
from shoprl.shop.goal_choice import check_held

VARIABLE = "SHOPRL_DATA"  # a data folder, a shop or a product feed


def default_folder() -> Path | None:
    """What ``SHOPRL_DATA`` names, which need not exist; None where it is not set, or empty."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def default_data(human_goals: bool | int | None = None) -> ShopData | None:
    """The data of :func:`default_folder`, with the goals asked for (:func:`shoprl.shop.data.read_data`).

    Raises:
        ConfigError, CatalogError, GoalError: it cannot be used.
    """
    folder = default_folder()
    if folder is None:
        return None
    if not folder.exists():
        raise ConfigError(f"{VARIABLE}: {folder} does not exist. Set it to a data folder or a shop, or unset it.")
    return read_data(folder, human_goals=human_goals)


def data_or_toy_shop(human_goals: bool | int | None = None) -> ShopData:
    """The data of :func:`default_folder`, else a generated shop, which is said once a process.

    Raises:
        ConfigError, CatalogError, GoalError: ``SHOPRL_DATA`` cannot be used, or the toy shop has no such goals.
    """
    data = default_data(human_goals)
    if data is None:
        data = generated_data()
        check_held(data.goals, human_goals)
        _warn(len(data.catalog))
    return data


@cache
def _warn(products: int) -> None:
    warnings.warn(
        f"No data is given, so this is a toy shop of {products} generated products: its rewards say nothing about "
        f"WebShop. Give data=FOLDER or set {VARIABLE}; data=shoprl.generated_data() is the toy shop without this "
        "warning.",
        stacklevel=2,
    )
