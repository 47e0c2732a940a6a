import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoprl.shop.store import build_store
from tests.support.toyshop import write_toy_folder


@pytest.fixture(scope="module")
def quick_disk() -> Iterator[None]:
    """Waiting for the disk is most of the time that a small build takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="module")
def built_once(quick_disk: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "toy"
    write_toy_folder(folder)
    build_store(folder)
    return folder


@pytest.fixture
def built(built_once: Path, tmp_path: Path) -> Path:
    """The toy shop's folder with its store, to spoil."""
    return Path(shutil.copytree(built_once, tmp_path / "built"))
