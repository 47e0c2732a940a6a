import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from shoprl.shop.cached import CACHE
from shoprl.shop.data import ShopData
from shoprl.shop.default_data import VARIABLE
from tests.support.toyshop import toy_data, write_toy_folder

settings.register_profile("shoprl", deadline=None)  # the first example pays for the tagger and the index
settings.load_profile("shoprl")


def pytest_collection_finish() -> None:
    """What was imported and collected stays; the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup() -> None:
    """A test before may have asked for more threads; with tiny tensors they only get in each other's way."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Feeds given to ``--data`` are imported here, not into the user's cache; also by the processes of tests.

    Where a test gives no data, none is the user's.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE, str(tmp_path_factory.mktemp("cache")))
        patch.delenv(VARIABLE, raising=False)
        yield


@pytest.fixture
def toy() -> ShopData:
    return toy_data()


@pytest.fixture
def toy_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "toy"
    write_toy_folder(folder)
    return folder
