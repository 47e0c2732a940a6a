import sys
from pathlib import Path

import pytest
from hypothesis import settings

from shoprl.shop.data import ShopData
from tests.support.toyshop import toy_data, write_toy_folder

settings.register_profile("shoprl", deadline=None)  # the first example pays for the tagger and the index
settings.load_profile("shoprl")


def pytest_runtest_setup() -> None:
    """A test before may have asked for more threads; with tiny tensors they only get in each other's way."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture
def toy() -> ShopData:
    return toy_data()


@pytest.fixture
def toy_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "toy"
    write_toy_folder(folder)
    return folder
