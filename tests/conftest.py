from pathlib import Path

import pytest
from hypothesis import settings

from shoprl.shop.data import ShopData
from tests.support.toyshop import toy_data, write_toy_folder

settings.register_profile("shoprl", deadline=None)  # the first example pays for the tagger and the index
settings.load_profile("shoprl")


@pytest.fixture
def toy() -> ShopData:
    return toy_data()


@pytest.fixture
def toy_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "toy"
    write_toy_folder(folder)
    return folder
