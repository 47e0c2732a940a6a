import json
from dataclasses import replace
from pathlib import Path

import pytest

from shoprl.catalog.product import Product
from shoprl.catalog.records import RecordWriter
from shoprl.catalog.store import StoredCatalog, UpdatedCatalog, product_record, write_lookups
from shoprl.errors import CatalogError
from shoprl.search.changes import Touched
from shoprl.search.index import indexed_text
from shoprl.shop.planning import Plan, Updated
from tests.support.toyshop import PRODUCTS

FIRST, SECOND, THIRD = PRODUCTS[:3]


def put(folder: Path, records: list[bytes]) -> None:
    products = [Product.from_json(json.loads(record)) for record in records]
    with RecordWriter(folder) as writer:
        for record in records:
            writer.append(record)
        writer.finish()
    listings = {"query": [each.query for each in products], "category": [each.category for each in products]}
    write_lookups(folder, [each.asin for each in products], listings)  # type: ignore[arg-type]


@pytest.fixture
def catalog(tmp_path: Path) -> StoredCatalog:
    put(tmp_path / "base", [product_record(product) for product in PRODUCTS])
    return StoredCatalog(tmp_path / "base", "base", {})


def updated(catalog: StoredCatalog, plan: Plan, folder: Path) -> UpdatedCatalog:
    """The catalogue that a plan makes."""
    put(folder, list(plan.changes()))
    plan.places.save(folder)
    base = catalog.base if isinstance(catalog, UpdatedCatalog) else catalog
    return UpdatedCatalog(base.folder, folder, plan.content_hash("base"), {})


def test_a_plan_says_what_it_does(catalog: StoredCatalog, tmp_path: Path) -> None:
    renamed, cheaper, new = replace(FIRST, title="Other"), replace(SECOND, price=1.0), replace(FIRST, asin="N")
    plan = Plan(catalog, [renamed, cheaper, THIRD, new], [PRODUCTS[5].asin], tmp_path / "spool")
    assert plan.updated == Updated(added=1, changed=2, removed=1, unchanged=1, reindexed=1)
    assert plan.rows == 4
    assert [Touched(*each) for each in plan.touched()] == [
        Touched(PRODUCTS[5].asin, indexed_text(PRODUCTS[5]), None),
        Touched("N", None, indexed_text(new)),
        Touched(FIRST.asin, indexed_text(FIRST), indexed_text(renamed)),
    ]
    assert list(plan.products()) == list(updated(catalog, plan, tmp_path / "changes").records)
    assert Plan(catalog, [cheaper], [], tmp_path / "other").touches_index() is False


def test_the_hash_is_that_of_all_changes_in_whatever_steps(catalog: StoredCatalog, tmp_path: Path) -> None:
    given = [replace(FIRST, title="Other"), replace(SECOND, price=1.0), replace(FIRST, asin="N")]
    whole = Plan(catalog, given, [THIRD.asin], tmp_path / "spool").content_hash("base")
    now = catalog
    for number, (products, removed) in enumerate([(given[1:], []), ([FIRST], [THIRD.asin]), (given[:1], [])]):
        now = updated(now, Plan(now, products, removed, tmp_path / f"spool{number}"), tmp_path / f"changes{number}")
    assert now.content_hash == whole
    others = [
        Plan(catalog, given[:n], removed, tmp_path / f"o{n}{len(removed)}")
        for n in (1, 2)
        for removed in ([], [THIRD.asin])
    ]
    assert len({whole, "base", *(other.content_hash("base") for other in others)}) == 6
    assert whole != Plan(catalog, given, [THIRD.asin], tmp_path / "again").content_hash("another base")
    back = Plan(now, [FIRST, SECOND], ["N"], tmp_path / "back")
    assert back.rows == 1  # a product that was removed and comes back stands at the end
    assert back.places.changed.tolist() == []


def test_taking_all_back_gives_the_base(catalog: StoredCatalog, tmp_path: Path) -> None:
    plan = Plan(catalog, [replace(FIRST, title="Other"), replace(FIRST, asin="N")], [], tmp_path / "spool")
    now = updated(catalog, plan, tmp_path / "changes")
    back = Plan(now, [FIRST], ["N"], tmp_path / "back")
    assert (back.rows, back.content_hash("base")) == (0, "base")


@pytest.mark.parametrize(
    ("given", "removed", "message"),
    [
        ([FIRST, replace(FIRST, title="Other")], [], "'B0SHOE0001': is given twice"),
        ([FIRST], [FIRST.asin], "'B0SHOE0001': is given, and to be removed"),
        ([], ["no such"], "'no such': is to be removed, but is not in the store"),
        ([], [product.asin for product in PRODUCTS], "at least one"),
        ([replace(FIRST, title="\ud800")], [], "half a character"),
    ],
)
def test_what_cannot_be_done_is_named(
    catalog: StoredCatalog, tmp_path: Path, given: list[Product], removed: list[str], message: str
) -> None:
    with pytest.raises(CatalogError, match=message):
        Plan(catalog, given, removed, tmp_path / "spool")
