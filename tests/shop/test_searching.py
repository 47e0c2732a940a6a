import logging
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from shoprl.errors import CatalogError, ConfigError
from shoprl.search.hybrid_folder import FOLDER, build_hybrid
from shoprl.shop.cached import shop_of
from shoprl.shop.data import read_data, read_shop
from shoprl.shop.searching import vectors_of
from shoprl.shop.session import Session
from shoprl.shop.store import build_store, open_store, store_of, verify_store
from tests.support.encoders import WordEncoder
from tests.support.shops import write_feed
from tests.support.stores import ITEMS, change

MEANING = WordEncoder({"jogging": "sprint", "footwear": "racer"})
QUERY = "jogging footwear"  # no product has either word


@pytest.fixture
def made(toy_folder: Path) -> Path:
    store = build_store(toy_folder)
    build_hybrid(open_store(store).catalog, store / FOLDER, MEANING)
    return toy_folder


def test_a_hybrid_shop_finds_by_meaning_and_others_as_before(made: Path) -> None:
    plain, hybrid = read_data(made), read_data(made, search="hybrid", encoder=MEANING)
    assert plain.shop.search.find(QUERY) == ()
    assert hybrid.shop.search.find(QUERY)[0] == "B0SHOE0003"
    shop = read_shop(made, search="hybrid", encoder=MEANING)
    assert shop.search.find(QUERY) == hybrid.shop.search.find(QUERY)
    session = Session(shop, "shoes to jog in")
    session.step(f"search[{QUERY}]")
    assert session.page.products[0].asin == "B0SHOE0003"
    assert set(hybrid.hashes()) - set(plain.hashes()) == {"search"}
    assert read_data(made, search="hybrid").hashes()["search"] != hybrid.hashes()["search"]
    verify_store(made)  # what was added lies beside what it lists


def test_another_process_opens_the_same_search(made: Path) -> None:
    search = read_data(made, search="hybrid", encoder=MEANING).shop.search
    assert pickle.loads(pickle.dumps(search)).find(QUERY) == search.find(QUERY)


def test_without_an_encoder_it_searches_by_bm25_and_says_so(made: Path, caplog: pytest.LogCaptureFixture) -> None:
    shop = read_shop(made, search="hybrid")
    assert "searches by BM25 alone" in caplog.text
    assert shop.search.find(QUERY) == ()
    assert set(shop.search.find("rubber")) == {"B0SHOE0001", "B0SHOE0002"}
    caplog.clear()
    (made / "store" / FOLDER).rename(made / "elsewhere")
    assert read_shop(made, search="hybrid").search.find("sole") == read_shop(made).search.find("sole")
    assert len(caplog.records) == 1


def test_a_shop_without_vectors_or_store_says_what_to_run(toy_folder: Path) -> None:
    with pytest.raises(CatalogError, match="catalog build`, then `shoprl catalog vectors"):
        read_shop(toy_folder, search="hybrid", encoder=MEANING)
    build_store(toy_folder)
    with pytest.raises(CatalogError, match="with `shoprl catalog vectors`"):
        read_shop(toy_folder, search="hybrid", encoder=MEANING)
    with pytest.raises(ConfigError, match="search 'fuzzy'"):
        read_data(toy_folder, search="fuzzy")  # type: ignore[arg-type]


def test_vectors_of_another_encoder_are_not_compared(made: Path) -> None:
    with pytest.raises(ConfigError, match="another encoder than 'other'"):
        read_shop(made, search="hybrid", encoder=WordEncoder(name="other"))


def test_a_shop_that_changed_since_is_searched_all_the_same(made: Path, caplog: pytest.LogCaptureFixture) -> None:
    def edit(rows: list[dict[str, object]]) -> list[dict[str, object]]:
        kept = [row for row in rows if row["asin"] not in ("B0SHOE0001", "B0SHOE0003")]
        return [*kept, {**rows[0], "asin": "B0NEW00001", "name": "Zeppelin"}]

    store = store_of(made)
    assert store is not None
    change(made / ITEMS, edit)
    for name in ("goals.jsonl", "split.json", "split_disjoint.json"):
        (made / name).unlink(missing_ok=True)
    build_store(made)
    assert (store / FOLDER).is_dir()  # a store that is built again keeps its vectors
    with caplog.at_level(logging.WARNING):
        shop = read_data(made, search="hybrid", encoder=MEANING).shop
        found, zeppelins = shop.search.find(QUERY), shop.search.find("zeppelin")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "1 products have none" in caplog.text
    assert "2 that are gone" in caplog.text
    assert not {"B0SHOE0001", "B0SHOE0003"} & set(found)
    assert zeppelins[0] == "B0NEW00001"
    build_hybrid(open_store(store).catalog, store / FOLDER, MEANING)
    caplog.clear()
    assert read_shop(made, search="hybrid", encoder=MEANING).search.find("zeppelin")[0] == "B0NEW00001"
    assert not caplog.records


def test_a_shop_in_memory_searches_by_bm25(toy_folder: Path) -> None:
    data = read_data(toy_folder)
    assert data.shop.search.find_many(["sole", "lamp"]) == [data.shop.search.find(q) for q in ("sole", "lamp")]
    assert replace(data, search="hybrid").hashes() == data.hashes()


def test_the_vectors_of_a_feeds_shop_are_found(tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "feed.csv")
    store = shop_of(feed)
    assert store is not None
    assert vectors_of(feed) is None
    build_hybrid(open_store(store).catalog, store / FOLDER, MEANING)
    made = vectors_of(feed)
    assert made is not None
    assert made.sha256 == MEANING.identity.sha256
