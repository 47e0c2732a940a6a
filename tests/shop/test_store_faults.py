"""Data folders that build no store, folders that changed after the build, and damaged stores."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoprl.catalog.digests import DIGESTS
from shoprl.catalog.store import StoredCatalog
from shoprl.errors import CatalogError, GoalError, ShopRLError, StorageError
from shoprl.files import content_hash
from shoprl.shop.about import ABOUT
from shoprl.shop.data import read_catalog_and_goals, read_data, read_shop
from shoprl.shop.goal import write_goals
from shoprl.shop.splits import webshop_split, write_split
from shoprl.shop.store import FOLDER, build_store, open_store, verify_store
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
    with pytest.raises(CatalogError, match=path.name):
        _ = read_data(built).shop


def test_a_store_of_another_format_is_named(built: Path) -> None:
    change(built / FOLDER / ABOUT, lambda about: about | {"format": "shoprl-store-0"})
    with pytest.raises(CatalogError, match=r"store\.json: not a store of format .*catalog build` again"):
        read_data(built)
    with pytest.raises(CatalogError, match="not a store of format"):
        open_store(built / FOLDER)
    build_store(built)
    assert isinstance(read_data(built).catalog, StoredCatalog)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def random_bytes(path: Path) -> None:
    """In the middle, of the same length; size and time stay."""
    before, data = path.stat(), path.read_bytes()
    place, noise = len(data) // 2, np.random.default_rng(1).bytes(min(8, len(data) - len(data) // 2))
    path.write_bytes(data[:place] + noise + data[place + len(noise) :])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def broken_header(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:10] + b"({[" * 20 + data[70:])


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [cut, emptied, Path.unlink, random_bytes, broken_header, as_folder])
def test_every_file_is_watched(built: Path, damage: Callable[[Path], object]) -> None:
    """Each file of a store, damaged in one way: opening it and verifying it name the file and what to do."""
    store = built / FOLDER
    names = sorted(name for name, data in tree(store).items() if data)
    assert len(names) >= 30
    for name in names:
        shutil.copytree(store, built / "kept")
        damage(store / name)
        for read in (read_data, read_shop, verify_store):
            with pytest.raises(CatalogError, match=rf"{Path(name).name}: .*catalog build.* again"):
                read(built)
        shutil.rmtree(store)
        (built / "kept").rename(store)
    (store / "index" / "impacts.npy").write_bytes(b"")
    build_store(built)  # a damaged store may be replaced
    assert verify_store(built).files == len(tree(store)) - 2


@pytest.mark.parametrize("name", [ABOUT, DIGESTS])
def test_a_store_without_its_description_is_built_again(built: Path, name: str) -> None:
    before = tree(built / FOLDER)
    as_folder(built / FOLDER / name)
    with pytest.raises(CatalogError, match=name):
        read_data(built)
    build_store(built)
    assert tree(built / FOLDER) == before


TAMPERED: dict[str, Callable[[dict[str, Any]], Any]] = {
    **{f"without {name}": lambda about, name=name: {k: v for k, v in about.items() if k != name}
       for name in ("products", "skipped", "hashes", "sources", "goals", "strict", "digests", "sha256")},
    "other products": lambda about: about | {"products": 13},
    "no number": lambda about: about | {"products": "12"},
    "true": lambda about: about | {"products": True},
    "a list for an object": lambda about: about | {"hashes": ["catalog"]},
    "a list of skipped": lambda about: about | {"skipped": [1]},
    "texts for numbers": lambda about: about | {"skipped": {"a": "1"}},
    "another hash": lambda about: about | {"hashes": about["hashes"] | {"catalog": "0" * 64}},
    "a hash that is none": lambda about: about | {"hashes": about["hashes"] | {"catalog": {"a": [1]}}},
    "short sources": lambda about: about | {"sources": {name: facts[:2] for name, facts in about["sources"].items()}},
    "sources that are no list": lambda about: about | {"sources": dict.fromkeys(about["sources"], 5)},
    "nested sources": lambda about: about | {"sources": {name: [[facts]] for name, facts in about["sources"].items()}},
    "digests of another": lambda about: about | {"digests": "0" * 64},
    "a list": lambda about: [about],
    "null": lambda about: None,
    "a nest": lambda about: about | {"skipped": json.loads("[" * 400 + "]" * 400)},
}  # fmt: skip


@pytest.mark.parametrize("summed", [False, True])
@pytest.mark.parametrize("kind", TAMPERED)
def test_a_tampered_description_is_named(built: Path, kind: str, summed: bool) -> None:
    """Even one whose own sum was computed again, unless it is as good as another."""
    path = built / FOLDER / ABOUT
    row = TAMPERED[kind](json.loads(path.read_text()))
    if summed and isinstance(row, dict) and kind not in ("without sha256", "another hash"):
        row["sha256"] = content_hash({name: value for name, value in row.items() if name != "sha256"})
    path.write_text(json.dumps(row))
    for read in (read_data, read_shop, read_catalog_and_goals, verify_store):
        if read is verify_store and summed and kind == "other products":
            continue  # it checks the files
        with pytest.raises(CatalogError, match=r"(store|digests)\.json: .*Run `shoprl catalog build` again"):
            read(built)


def test_a_store_of_an_earlier_version_is_to_be_built_again(built: Path) -> None:
    """It has no digests: what it answers cannot be vouched for."""
    change(built / FOLDER / ABOUT, lambda about: {**about, "format": "shoprl-store-1"})
    (built / FOLDER / DIGESTS).unlink()
    with pytest.raises(CatalogError, match=r"not a store of format shoprl-store-2\. Run `shoprl catalog build` again"):
        read_data(built)


def test_damage_in_use_is_named(built: Path) -> None:
    """What was checked when it was opened may be damaged afterwards."""
    data = read_data(built)
    records = built / FOLDER / "products" / "records.bin"
    with records.open("r+b") as stream:  # the same file, which is mapped
        stream.write(np.random.default_rng(0).bytes(records.stat().st_size))
    with pytest.raises(CatalogError, match="product 1 of the store: its record is damaged"):
        data.catalog.products[0]
    index = built / FOLDER / "index" / "documents.npy"
    with index.open("r+b") as stream:
        stream.seek(128)
        stream.write(b"\xff" * (index.stat().st_size - 128))
    with pytest.raises(CatalogError, match="index is damaged"):
        data.index.search("soft cotton shirt red")


# Names that are taken by something else


@pytest.mark.parametrize("store", [False, True])
@pytest.mark.parametrize(
    "name", ["goals.jsonl", "goals.jsonl.gz", "split.json", "split_disjoint.json", "prices.json", ITEMS]
)
@pytest.mark.parametrize("kind", ["folder", "dangling link"])
def test_a_folder_of_a_files_name_is_not_ignored(
    built: Path, toy_folder: Path, name: str, kind: str, store: bool
) -> None:
    folder = built if store else toy_folder
    (folder / name).unlink(missing_ok=True)
    (folder / name).mkdir() if kind == "folder" else (folder / name).symlink_to("nowhere")
    for read in (read_data, build_store):
        with pytest.raises((CatalogError, GoalError), match=name.replace("*", ".*")):
            read(folder)


@pytest.mark.parametrize("kind", ["file", "dangling link"])
def test_a_file_of_the_stores_name_is_not_ignored(toy_folder: Path, kind: str) -> None:
    if kind == "file":
        (toy_folder / FOLDER).write_text("mine")
    else:
        (toy_folder / FOLDER).symlink_to("nowhere")
    with pytest.raises(CatalogError, match="store: is no folder, so it cannot be this shop's store"):
        read_data(toy_folder)


def test_a_link_to_a_store_is_a_store(built: Path, tmp_path: Path) -> None:
    (built / FOLDER).rename(tmp_path / "elsewhere")
    (built / FOLDER).symlink_to(tmp_path / "elsewhere")
    assert isinstance(read_data(built).catalog, StoredCatalog)


def test_no_store_to_verify(toy_folder: Path) -> None:
    with pytest.raises(CatalogError, match=r"holds no store\. Build it with `shoprl catalog build"):
        verify_store(toy_folder)


def test_a_folder_of_somebody_else_is_not_replaced(toy_folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "store.json").write_text('{"shop": "my own"}')
    (mine / "thesis.txt").write_text("precious")
    with pytest.raises(StorageError, match="is no store, and would be replaced"):
        build_store(toy_folder, mine)
    assert (mine / "thesis.txt").read_text() == "precious"


def test_a_build_of_bad_sources_leaves_nothing(toy_folder: Path) -> None:
    (toy_folder / "goals.jsonl").write_text('{"asin": 3}\n')
    before = sorted(path.name for path in toy_folder.iterdir())
    with pytest.raises(GoalError, match="line 1"):
        build_store(toy_folder)
    assert sorted(path.name for path in toy_folder.iterdir()) == before


def test_a_store_that_is_built_again_while_it_is_opened_is_opened_again(
    toy_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, tries = build_store(toy_folder), []

    def check(place: Path, digests: object) -> None:
        tries.append(place)
        if len(tries) < 3:  # in the first two openings
            build_store(toy_folder)
        if len(tries) == 1:
            raise CatalogError("a file of the build before is gone")

    monkeypatch.setattr("shoprl.shop.store.check", check)
    assert len(open_store(folder).catalog) > 0
    assert len(tries) == 3
