import json
import logging
from pathlib import Path

import pytest

from shoprl.errors import CatalogError, StorageError
from shoprl.shop.cached import CACHE, cache_folder, shop_of
from shoprl.shop.data import read_data, read_products
from shoprl.shop.store import is_store
from tests.support.shops import FEED, write_feed
from tests.support.toyshop import write_toy_folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_feed_is_imported_once_and_opened_from_the_cache(
    tmp_path: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    feed = write_feed(tmp_path / "feed.csv")
    with caplog.at_level(logging.WARNING):
        first = read_data(feed)
    assert "rows" in caplog.text
    (store,) = [path for path in cache.iterdir() if is_store(path)]
    made = (store / "store.json").stat().st_mtime_ns
    caplog.clear()
    again = read_data(feed)
    assert caplog.text == ""
    assert (store / "store.json").stat().st_mtime_ns == made
    assert first.hashes() == again.hashes()
    assert len(again.catalog) == len(FEED.splitlines()) - 1


def test_a_changed_feed_is_another_shop(tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "feed.csv")
    before = read_products(feed)
    feed.write_text(FEED + "extra,Another mug,3.00 USD,red\n")
    assert len(read_products(feed)) == len(before) + 1


def test_what_was_damaged_in_the_cache_is_imported_again(tmp_path: Path, cache: Path) -> None:
    feed = write_feed(tmp_path / "feed.csv")
    store = shop_of(feed)
    assert store is not None
    (store / "digests.json").write_text("{}")
    assert len(read_products(feed)) == len(FEED.splitlines()) - 1


def test_strict_refuses_a_feed_with_rejects_also_from_the_cache(tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text(FEED + "bad,Mug,abc,red\n")
    read_products(feed)
    for _ in range(2):
        with pytest.raises(CatalogError, match="price is not a price"):
            read_products(feed, strict=True)


def test_folders_and_stores_are_what_they_were(tmp_path: Path, cache: Path) -> None:
    write_toy_folder(tmp_path / "toy")
    assert shop_of(tmp_path / "toy") is None
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(CACHE, str(tmp_path / "file" / "below"))
    with pytest.raises(StorageError, match=CACHE):
        read_products(write_feed(tmp_path / "feed.csv"))


def test_the_cache_is_the_users_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CACHE)
    assert cache_folder().name == "shoprl"


def test_a_wrong_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no such file or folder"):
        read_data(tmp_path / "nowhere.csv")
    (tmp_path / "data.json").write_text(json.dumps({"a": 1}))
    with pytest.raises(CatalogError, match=r"data\.json"):
        read_data(tmp_path / "data.json")
