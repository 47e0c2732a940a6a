import os
from functools import cache
from pathlib import Path

import pytest

from shoprl.shop.data import ShopData, read_data

VARIABLE = "SHOPRL_REAL_DATA"
_ROOT = Path(__file__).resolve().parents[2]


def real_data() -> Path:
    named = os.environ.get(VARIABLE)
    folder = Path(named) if named else _ROOT.parent / "shared" / "webshop-small"
    if not folder.is_dir():
        pytest.skip(f"needs WebShop's 1,000 products and recordings: {folder} is no folder (set {VARIABLE} to theirs)")
    return folder


def real_logs() -> Path:
    named = os.environ.get("SHOPRL_REAL_LOGS")
    folder = Path(named) if named else _ROOT.parent / "shared" / "obd"
    if not folder.is_dir():
        pytest.skip(
            f"needs two logs of the Open Bandit Dataset: {folder} is no folder (set SHOPRL_REAL_LOGS to theirs)"
        )
    return folder


@cache
def data_of(folder: Path) -> ShopData:
    return read_data(folder, strict=True)
