"""A store that is updated against a catalogue and an index made anew of the same products."""

import os
from collections.abc import Mapping, Sequence
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
EXAMPLES = int(os.environ.get("SHOPRL_TEST_UPDATES", "6"))  # sequences of updates
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
@given(steps=st.lists(STEP, max_size=5))
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
