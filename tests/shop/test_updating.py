"""A store that is updated against a catalogue and an index made anew of the same products."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoprl.catalog.catalog import Catalog, Listing
from shoprl.catalog.product import Product
from shoprl.catalog.store import UpdatedCatalog
from shoprl.errors import CatalogError
from shoprl.search import SearchIndex
from shoprl.shop import updating
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.splits import SplitName
from shoprl.shop.store import build_store, verify_store
from shoprl.shop.updating import Updated, update_store
from tests.support.stores import QUERIES, tree, walks
from tests.support.toyshop import EVERYTHING, PRODUCTS, write_toy_folder

pytestmark = pytest.mark.usefixtures("quick_disk")

LONG = "a long identifier/" * 50
EXAMPLES = int(os.environ.get("SHOPRL_TEST_UPDATES", "4"))  # sequences of updates
NEW = [replace(PRODUCTS[n], asin=asin) for n, asin in enumerate(["N1", "Ä🙂", LONG, LONG + "b", "№" * 14, 'q"\\'])]
ASKED = (*QUERIES, EVERYTHING, "usda organic tea", f"{EVERYTHING} lamp lamp red", "vermilion")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a store that stands alone."""
    folder = tmp_path_factory.mktemp("alone")
    write_toy_folder(folder / "data")
    return tree(build_store(folder / "data", folder / "shop", shard=5))


@pytest.fixture
def shop(built: dict[str, bytes], tmp_path: Path) -> Path:
    return put(built, tmp_path / "shop")


def put(files: Mapping[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(params=[100_000, -1], ids=["few", "many"])
def postings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to score: all documents, or only those that may be among the best."""
    monkeypatch.setattr("shoprl.search.segment._MANY_POSTINGS", request.param)


def reworded(product: Product) -> Product:
    return replace(product, title=f"{product.title} vermilion", query="other things", category="other")


def repriced(product: Product) -> Product:
    return replace(product, price=3.25, price_tag="$3.25", availability="out of stock", images=("https://i/1",))


EDITS = {"same": lambda product: product, "reworded": reworded, "repriced": repriced, "removed": lambda product: None}
STEP = st.dictionaries(
    st.sampled_from([*PRODUCTS, *NEW]).map(lambda product: product.asin), st.sampled_from(sorted(EDITS)), max_size=9
)
BY_ASIN = {product.asin: product for product in (*PRODUCTS, *NEW)}


def step_of(step: Mapping[str, str], now: Mapping[str, Product]) -> tuple[list[Product], list[str], Updated]:
    """What a drawn step gives to an update, and what that should say of it."""
    edited = {asin: EDITS[edit](BY_ASIN[asin]) for asin, edit in step.items()}
    given = {asin: product for asin, product in edited.items() if product is not None}
    removed = [asin for asin, product in edited.items() if product is None and asin in now]
    changed = [asin for asin, product in given.items() if asin in now and now[asin] != product]
    texts = [asin for asin in changed if now[asin].title != given[asin].title]
    added = [asin for asin in given if asin not in now]
    same = len(given) - len(added) - len(changed)
    return list(given.values()), removed, Updated(len(added), len(changed), len(removed), same, len(texts))


def after(now: Mapping[str, Product], given: Sequence[Product], removed: Sequence[str]) -> dict[str, Product]:
    return {asin: each for asin, each in {**now, **{p.asin: p for p in given}}.items() if asin not in removed}


def assert_same(data: ShopData, now: Mapping[str, Product]) -> None:
    """The shop is as if it had been made of these products."""
    catalog, expected = data.catalog, Catalog(list(now.values()))
    assert list(catalog) == list(catalog.products) == list(expected)
    assert [catalog.products[n] for n in range(len(catalog))] == [catalog[asin] for asin in now] == list(expected)
    assert catalog.products[-1] == expected.products[-1]
    assert [asin in catalog for asin in (*BY_ASIN, "no such", "")] == [
        asin in now for asin in (*BY_ASIN, "no such", "")
    ]
    for listing in get_args(Listing):
        for name in {getattr(product, listing) for product in BY_ASIN.values()} | {"other", "other things", "no such"}:
            assert list(catalog.asins_by(listing, name)) == list(expected.asins_by(listing, name))
    index = SearchIndex.build(expected.products)
    assert (len(data.index), data.index.token_count) == (len(index), index.token_count)
    for query in ASKED:
        for k in (1, 4, 50):
            assert data.index.search(query, k) == index.search(query, k)
    for name in get_args(SplitName):
        assert all(goal.asin in now for _, goal in data.goals_of(name))


@pytest.mark.usefixtures("postings")
@pytest.mark.parametrize("least", [5_000, 6], ids=["changes", "rebuilds"])
@given(steps=st.lists(STEP, max_size=4))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_updates_give_the_shop_of_the_products(
    least: int, steps: list[dict[str, str]], built: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    shop = put(built, tmp_path_factory.mktemp("updated") / "shop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(updating, "LEAST", least)
        data = read_data(shop)
        goals, now = list(data.goals), {product.asin: product for product in data.catalog}
        BY_ASIN.update(now)
        hashes = {data.catalog.content_hash: list(now.values())}
        for step in steps:
            products, removed, expected = step_of(step, now)
            now = after(now, products, removed)
            if not now:
                with pytest.raises(CatalogError, match="at least one"):
                    update_store(shop, products, removed)
                return
            assert update_store(shop, products, removed) == expected
            data = read_data(shop)
            assert_same(data, now)
            assert list(data.goals) == goals
            assert hashes.setdefault(data.catalog.content_hash, list(now.values())) == list(now.values())
            verify_store(shop)
        assert [path.name for path in shop.parent.iterdir()] == ["shop"]


def test_a_store_with_changes_is_shopped_in_like_a_store_of_the_products(shop: Path) -> None:
    data = read_data(shop)
    now = {product.asin: product for product in data.catalog}
    given, removed = [reworded(now["B0TEA00001"]), repriced(now["B0SHOE0002"]), NEW[0]], ["B0LAMP0001"]
    update_store(shop, given, removed)
    stored = read_data(shop)
    assert isinstance(stored.catalog, UpdatedCatalog)
    memory = replace(stored, catalog=Catalog(list(after(now, given, removed).values())), index_folder=None)
    assert walks(stored, range(6)) == walks(memory, range(6))


def test_goals_of_removed_products_leave_the_splits_and_come_back(shop: Path) -> None:
    before = read_data(shop)
    product = before.catalog["B0TEA00001"]
    asked = {number for number, goal in enumerate(before.goals) if goal.asin == product.asin}
    assert asked
    for wait in (0, 99):  # with the goals gone in changes, and across a rebuild
        update_store(shop, [], [product.asin])
        with pytest.MonkeyPatch.context() as patch:
            if wait:
                patch.setattr(updating, "LEAST", 0)
                patch.setattr(updating, "SHARE", 0.0)
            update_store(shop, [replace(PRODUCTS[0], price=wait + 1.0)])
        data = read_data(shop)
        assert list(data.goals) == list(before.goals)
        assert data.hashes()["goals"] == before.hashes()["goals"]
        assert data.disjoint is not None
        assert before.disjoint is not None
        for split, whole in ((data.split, before.split), (data.disjoint, before.disjoint)):
            for name in get_args(SplitName):
                assert list(split.part(name)) == [number for number in whole.part(name) if number not in asked]
            assert split.content_hash != whole.content_hash
        assert data.hashes()["split"] == data.split.content_hash
        assert data.hashes()["disjoint_split"] == data.disjoint.content_hash
        verify_store(shop)
        update_store(shop, [product])
        again = read_data(shop)
        assert again.split.to_json() == before.split.to_json()
        assert again.hashes()["split"] == before.hashes()["split"]
        assert again.session(min(asked)).page


def test_prices_change_without_the_index(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    update_store(shop, [reworded(read_data(shop).catalog["B0TEA00001"])])
    index = tree(shop / "changes-1" / "index")
    monkeypatch.setattr(updating, "update_index", None)
    done = update_store(shop, [repriced(read_data(shop).catalog["B0TEA00002"])])
    assert (done.changed, done.reindexed) == (1, 0)
    assert tree(shop / "changes-2" / "index") == index


def test_nothing_is_written_where_nothing_changes(shop: Path) -> None:
    before = tree(shop)
    assert update_store(shop, list(read_data(shop).catalog)[:4]) == Updated(0, 0, 0, 4, 0)
    assert tree(shop) == before


def test_a_store_that_is_as_it_was_built_has_its_hash(shop: Path) -> None:
    before = read_data(shop)
    product = before.catalog["B0TEA00001"]
    update_store(shop, [reworded(product), NEW[0]])
    assert read_data(shop).hashes() != before.hashes()
    update_store(shop, [product], [NEW[0].asin])
    assert read_data(shop).hashes() == before.hashes()
    assert not list(shop.glob("changes-2"))


def test_a_store_beside_its_sources_is_refused(tmp_path: Path) -> None:
    write_toy_folder(tmp_path / "data")
    store = build_store(tmp_path / "data")
    before = tree(tmp_path)
    for folder in (store, tmp_path / "data"):
        with pytest.raises(CatalogError, match=r"catalog build --data .*data --out SHOP"):
            update_store(folder, [NEW[0]])
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(CatalogError, match="is no store"):
            update_store(folder, [NEW[0]])
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "name", ["products/records.bin", "products/changed.npy", "index/codes.npy", "index/added/index.json"]
)
def test_damaged_changes_are_named(shop: Path, name: str) -> None:
    update_store(shop, [NEW[0], reworded(read_data(shop).catalog["B0TEA00001"])])
    path = shop / "changes-1" / name
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    for read in (read_data, verify_store, lambda folder: update_store(folder, [NEW[1]])):
        with pytest.raises(CatalogError, match=f"changes-1/{name}"):
            read(shop)
    path.write_bytes(content)
    read_data(shop)


def test_a_failed_update_changes_nothing(shop: Path) -> None:
    before = tree(shop)

    def broken() -> Iterator[Product]:
        yield NEW[0]
        raise CatalogError("line 2: is no product")

    with pytest.raises(CatalogError, match="line 2"):
        update_store(shop, broken())
    with pytest.raises(CatalogError, match="'no such': is to be removed"):
        update_store(shop, [NEW[0]], ["no such"])
    assert tree(shop) == before


def test_a_build_replaces_an_updated_store(shop: Path, built: dict[str, bytes], tmp_path: Path) -> None:
    update_store(shop, [NEW[0]])
    write_toy_folder(tmp_path / "data")
    build_store(tmp_path / "data", shop, shard=5)
    assert read_data(shop).hashes() == read_data(tmp_path / "data").hashes()
    assert set(tree(shop)) == set(built)
