"""An index with changes against one that is built anew of the same products."""

import os
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoprl.catalog.product import Product
from shoprl.errors import CatalogError, ConfigError
from shoprl.search import SearchIndex, indexed_text
from shoprl.search.changes import Touched, update_index
from tests.support.products import WORDS, product, random_products


@pytest.fixture(autouse=True, scope="module")
def quick_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


LONG = "long ÄÖ🙂 " * 40
ASINS = [f"B{number}" for number in range(12)] + ["ÄÖ", "🙂", LONG, LONG + "2", "b" * 40, "b" * 41]
TEXTS = st.lists(st.sampled_from([*WORDS[:6], "№", "the"]), max_size=12).map(" ".join)
STEPS = st.lists(st.dictionaries(st.sampled_from(ASINS), st.none() | TEXTS, min_size=1, max_size=8), max_size=5)
QUERIES = ("red", "red red wool", " ".join(WORDS), "soft warm light hat", "the", "№ red", "hat hat hat wool")


@pytest.fixture(params=[100_000, -1], ids=["few", "many"])
def postings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to score: all documents, or only those that may be among the best."""
    monkeypatch.setattr("shoprl.search.segment._MANY_POSTINGS", request.param)


def updated(base: Mapping[str, str], now: Mapping[str, str], touched: Mapping[str, str | None]) -> Iterator[Touched]:
    for asin, text in touched.items():
        if text is not None or asin in now:
            before = indexed_text(product(asin, base[asin])) if asin in base else None
            yield Touched(asin, before, None if text is None else indexed_text(product(asin, text)))


def assert_same(index: SearchIndex, products: Mapping[str, str]) -> None:
    built = SearchIndex.build([product(asin, text) for asin, text in products.items()])
    assert (len(index), index.token_count) == (len(built), built.token_count)
    for query in QUERIES:
        for k in (1, 3, 50):
            assert index.search(query, k) == built.search(query, k), (query, k)


@pytest.mark.usefixtures("postings")
@given(base=st.dictionaries(st.sampled_from(ASINS), TEXTS, min_size=1), steps=STEPS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_updates_give_what_a_new_index_gives(
    base: dict[str, str], steps: list[dict[str, str | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("index")
    SearchIndex.build([product(asin, text) for asin, text in base.items()]).save(folder / "base")
    now, before = dict(base), None
    for number, step in enumerate(steps):
        changes = folder / str(number)
        update_index(folder / "base", before, changes, updated(base, now, step))
        now = {asin: text for asin, text in {**now, **step}.items() if text is not None}
        before = changes
        if not now:
            return
        assert_same(SearchIndex.load(folder / "base", changes), now)


@pytest.mark.usefixtures("postings")
def test_hundreds_of_changes_of_every_kind(tmp_path: Path) -> None:
    draw = random.Random(5)
    products = {each.asin: each for each in random_products(400)}
    base = dict(products)
    SearchIndex.build(list(base.values())).save(tmp_path / "base")
    before = None
    for step in range(4):
        others = [replace(each, asin=f"N{step}-{n}") for n, each in enumerate(random_products(30))]
        changed = [replace(base[asin], title=draw.choice(WORDS)) for asin in draw.sample(sorted(base), 80)]
        touched = {each.asin: each for each in (*others, *changed)}
        removed = draw.sample([asin for asin in products if asin not in touched], 40)
        rows = [
            Touched(
                asin, indexed_text(base[asin]) if asin in base else None, None if each is None else indexed_text(each)
            )
            for asin, each in [*touched.items(), *((asin, None) for asin in removed)]
        ]
        changes = tmp_path / str(step)
        update_index(tmp_path / "base", before, changes, rows)
        products = {asin: each for asin, each in {**products, **touched}.items() if asin not in removed}
        index, before = SearchIndex.load(tmp_path / "base", changes), changes
        built = SearchIndex.build(list(products.values()))
        for _ in range(60):
            query = " ".join(draw.choices(WORDS, weights=range(1, 15), k=draw.randint(1, 12)))
            for k in (1, 10, 50, 1000):
                assert index.search(query, k) == built.search(query, k)


def test_an_index_with_changes_is_not_saved_as_one(tmp_path: Path) -> None:
    products = random_products(5)
    SearchIndex.build(products).save(tmp_path / "base")
    update_index(
        tmp_path / "base", None, tmp_path / "new", [Touched(products[0].asin, indexed_text(products[0]), None)]
    )
    index = SearchIndex.load(tmp_path / "base", tmp_path / "new")
    assert len(index) == 4
    with pytest.raises(ConfigError, match="cannot be saved as one"):
        index.save(tmp_path / "other")


def test_changes_of_another_index_are_refused(tmp_path: Path) -> None:
    products: list[Product] = random_products(9)
    SearchIndex.build(products).save(tmp_path / "base")
    SearchIndex.build(products[:5]).save(tmp_path / "other")
    update_index(tmp_path / "base", None, tmp_path / "new", [Touched("N", None, "red")])
    with pytest.raises(CatalogError, match="do not belong"):
        SearchIndex.load(tmp_path / "other", tmp_path / "new")
    with pytest.raises(CatalogError, match="not the description of changes"):
        SearchIndex.load(tmp_path / "base", tmp_path / "nowhere")
    with pytest.raises(CatalogError, match="holds no product 'N'"):
        update_index(tmp_path / "base", None, tmp_path / "again", [Touched("N", "red", None)])
    with pytest.raises(CatalogError, match="which a product had"):
        update_index(tmp_path / "base", None, tmp_path / "again", [Touched(products[0].asin, "unheard", None)])
