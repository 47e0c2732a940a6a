"""Data folders that build no store, folders that changed after the build, and damaged stores."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from shoprl.catalog.store import StoredCatalog
from shoprl.errors import CatalogError, GoalError, ShopRLError, StorageError
from shoprl.shop.data import read_catalog_and_goals, read_data, read_shop
from shoprl.shop.goal import write_goals
from shoprl.shop.splits import webshop_split, write_split
from shoprl.shop.store import ABOUT, FOLDER, build_store, open_store
from tests.support.stores import ITEMS, change, tree
from tests.support.toyshop import toy_goals

pytestmark = pytest.mark.usefixtures("quick_disk")


def truncate(folder: Path) -> None:
    (folder / ITEMS).write_bytes((folder / ITEMS).read_bytes()[:-100])


def unknown_goal(folder: Path) -> None:
    write_goals(folder / "goals.jsonl", [*toy_goals(), replace(toy_goals()[0], asin="B0NOWHERE0")])


def two_goal_files(folder: Path) -> None:
    for name in ("goals.jsonl", "goals.jsonl.gz"):
        write_goals(folder / name, toy_goals())


def no_instructions(folder: Path) -> None:
    for path in folder.glob("items_[ih]*_*.json"):
        path.unlink()


def no_products(folder: Path) -> None:
    change(folder / ITEMS, lambda rows: [row | {"asin": ""} for row in rows])


def other_split(folder: Path) -> None:
    write_split(folder / "split.json", webshop_split(toy_goals("human")))


def split_by_position(folder: Path) -> None:
    write_split(folder / "split_disjoint.json", webshop_split(toy_goals()))


FAULTS: list[tuple[Callable[[Path], object], type[ShopRLError], str]] = [
    (truncate, CatalogError, rf"{ITEMS}: line 1, column \d+: not valid JSON"),
    (lambda folder: (folder / "prices.json").write_text("[]"), CatalogError, r"prices\.json: expected an object"),
    (lambda folder: (folder / ITEMS).unlink(), CatalogError, r"holds no items_shuffle\*\.json"),
    (lambda folder: (folder / ITEMS).write_text("[]"), CatalogError, "holds no usable product: the list is empty"),
    (no_products, CatalogError, r"holds no usable product: 'asin' is missing \(12\)"),
    (unknown_goal, GoalError, r"goals\.jsonl: line 36: product 'B0NOWHERE0' is not in the catalogue"),
    (two_goal_files, GoalError, r"both goals\.jsonl and goals\.jsonl\.gz"),
    (no_instructions, GoalError, "no synthetic instructions"),
    (other_split, GoalError, r"split\.json: belongs to another goal list"),
    (split_by_position, GoalError, r"split_disjoint\.json: a product is in two parts"),
]


@pytest.mark.parametrize(("fault", "error", "said"), FAULTS)
def test_bad_files_build_nothing(
    built: Path, tmp_path: Path, fault: Callable[[Path], object], error: type[ShopRLError], said: str
) -> None:
    old = tree(built / FOLDER)
    fault(built)
    for out in (None, tmp_path / "out"):
        with pytest.raises(error, match=said):
            build_store(built, out, shard=5)
    assert tree(built / FOLDER) == old
    assert not (tmp_path / "out").exists()


def test_a_product_that_cannot_be_used_is_named_when_strict(toy_folder: Path) -> None:
    change(toy_folder / ITEMS, lambda rows: [*rows, {"asin": "B1"}])
    for _ in range(2):
        with pytest.raises(CatalogError, match=rf"{ITEMS}: product 13: field 'name' is missing"):
            build_store(toy_folder, strict=True, shard=5)
    assert not (toy_folder / FOLDER).exists()
    build_store(toy_folder)
    assert read_data(toy_folder).catalog.skipped == {"'name' is missing": 1}


@pytest.mark.parametrize("target", ["mine", "toy", "file"])
def test_what_is_no_store_is_not_replaced(toy_folder: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("years of work")
    before = tree(tmp_path)
    with pytest.raises(StorageError, match=rf"{target}: is no store, and would be replaced. Choose another folder"):
        build_store(toy_folder, tmp_path / target)
    assert tree(tmp_path) == before


def test_an_empty_folder_may_become_the_store(toy_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert len(read_data(build_store(toy_folder, tmp_path / "out")).catalog) == 12


# Changes after a build


def test_changed_files_are_refused(built: Path) -> None:
    change(built / "prices.json", lambda prices: dict.fromkeys(prices, 5.5))
    for read in (read_data, read_shop, read_catalog_and_goals):
        with pytest.raises(
            CatalogError, match=r"prices\.json: was changed after .*`shoprl catalog build --data .* again"
        ):
            read(built)
    assert len(read_data(built / FOLDER).catalog) == 12  # what was built is still there for who asks for it
    build_store(built)
    assert {product.price for product in read_data(built).catalog} == {5.5}


def test_a_change_of_no_length_is_refused(built: Path) -> None:
    data = (built / ITEMS).read_bytes()
    (built / ITEMS).write_bytes(data.replace(b"Nimbus", b"Cirrus"))
    os.utime(built / ITEMS, ns=(0, 1))
    with pytest.raises(CatalogError, match=rf"{ITEMS}: was changed after"):
        read_data(built)
    (built / ITEMS).write_bytes(data)
    assert isinstance(read_data(built).catalog, StoredCatalog)


@pytest.mark.parametrize("name", ["goals.jsonl", "goals.jsonl.gz", "split.json", "split_disjoint.json"])
def test_a_file_that_was_added_is_refused(built: Path, name: str) -> None:
    (built / name).write_text("{}")
    with pytest.raises(CatalogError, match=rf"{name}: was changed after"):
        read_data(built)


def test_touched_and_other_files_are_accepted(built: Path) -> None:
    for path in built.glob("*.json"):
        os.utime(path)
    (built / "notes.txt").write_text("mine")
    assert isinstance(read_data(built).catalog, StoredCatalog)


def test_a_store_is_replaced_whole(built: Path) -> None:
    before = read_data(built)
    (built / FOLDER / "stray.txt").write_text("mine")
    change(built / ITEMS, lambda rows: rows[3:])
    build_store(built)
    assert "stray.txt" not in tree(built / FOLDER)
    assert read_data(built).catalog.content_hash != before.catalog.content_hash
    assert len(read_data(built).catalog) == 9
    assert [path.name for path in built.iterdir() if path.name.startswith(".")] == []
    assert len(list(before.catalog)) == 12  # who had it open keeps it
    assert list(before.goals) == toy_goals()


# Damage


@pytest.mark.parametrize(
    "name",
    [
        ABOUT, "products/records.bin", "products/keys.npy", "goals/records.bin", "goals/offsets.npy", "split/test.npy",
        "split/split.json", "disjoint/train.npy", "index/index.json", "index/documents.npy",
    ],
)  # fmt: skip
def test_a_damaged_store_is_named(built: Path, name: str) -> None:
    path = built / FOLDER / name
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(CatalogError, match=path.name):
        _ = read_data(built).shop
    path.unlink()
    if name == ABOUT:
        assert not isinstance(read_data(built).catalog, StoredCatalog)
        return
    with pytest.raises(CatalogError, match=path.name if "index.json" not in name else "no search index here"):
        _ = read_data(built).shop


def test_a_store_of_another_format_is_named(built: Path) -> None:
    change(built / FOLDER / ABOUT, lambda about: about | {"format": "shoprl-store-0"})
    with pytest.raises(CatalogError, match=r"store\.json: not a store of format .*catalog build` again"):
        read_data(built)
    with pytest.raises(CatalogError, match="not a store of format"):
        open_store(built / FOLDER)
    build_store(built)
    assert isinstance(read_data(built).catalog, StoredCatalog)
