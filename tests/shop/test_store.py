"""The store on disk against the same folder read into memory."""

import errno
import json
import multiprocessing
import os
import pickle
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from shoprl.catalog import webshop
from shoprl.catalog.store import StoredCatalog
from shoprl.errors import CatalogError, GoalError, ShopRLError, StorageError
from shoprl.shop import store as store_module
from shoprl.shop.data import ShopData, read_catalog_and_goals, read_data, read_shop
from shoprl.shop.env import WebShopEnv
from shoprl.shop.generated import write_generated
from shoprl.shop.goal import GOAL_SEED, MAX_INSTRUCTION, StoredGoals, write_goals
from shoprl.shop.making import GoalKind, make_goals
from shoprl.shop.splits import SplitName, StoredIndices, disjoint_split, webshop_split, write_split
from shoprl.shop.store import ABOUT, FOLDER, build_store, open_store, store_of
from shoprl.shop.vector import WebShopVectorEnv
from tests.support.toyshop import EVERYTHING, toy_goals, write_toy_folder

ITEMS = "items_shuffle_12.json"
QUERIES = (
    "vegan lipstick under 20 dollars",
    "soft cotton shirt red",
    "table",
    "no such zq",
    "",
    "the red the red",
    "№ 5",
)


@pytest.fixture(autouse=True, scope="module")
def quick() -> Iterator[None]:
    """Waiting for the disk is most of the time that a small build takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def change(path: Path, edit: Callable[[Any], Any]) -> None:
    path.write_text(json.dumps(edit(json.loads(path.read_text()))))


def write_odd_folder(folder: Path) -> None:
    """The toy shop with products that cannot be used, ASINs of all kinds, prices to draw and very many options."""
    write_toy_folder(folder)
    (folder / "prices.json").unlink()
    plain = {"name": "Oddity ★", "pricing": "$3 - $9", "query": "Thé", "category": "ödd"}
    many = {f"option {n} {'long ' * 80}": [f"{n}{value}" for value in "abcdef"] for n in range(6)}
    odd: list[Any] = [
        plain | {"asin": "ÄÖ"}, {"asin": ""}, 7, plain | {"asin": "B?", "customization_options": many},
        plain | {"asin": "ÄÖ", "name": "Again"}, plain | {"asin": "B"}, plain | {"asin": "🙂", "query": None},
        plain | {"asin": "B0SHOE00011"}, plain | {"asin": "B 1", "name": "half \ud800"},
        plain | {"asin": "B2", "name": 7},
    ]  # fmt: skip
    change(folder / ITEMS, lambda rows: [odd[1], *rows[:5], *odd, *rows[5:], {"asin": "nan"}])
    wording = {"attributes": ["odd"], "instruction": "Find me an oddity", "instruction_attributes": ["odd"]}
    change(
        folder / "items_ins_v2_12.json", lambda rows: rows | dict.fromkeys(("B?", "ÄÖ", "B\x00", "🙂" * 11), wording)
    )


def write_human_folder(folder: Path) -> None:
    write_toy_folder(folder)
    goals = toy_goals("human")
    write_goals(folder / "goals.jsonl", goals)
    write_split(folder / "split_disjoint.json", disjoint_split(goals, np.random.default_rng(9)))


WRITERS: dict[str, Callable[[Path], object]] = {
    "toy": write_toy_folder,
    "human": write_human_folder,
    "odd": write_odd_folder,
    "generated": lambda folder: write_generated(folder, 40, 1),
}


@pytest.fixture(params=WRITERS, scope="module")
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[ShopData, ShopData, Path]:
    """A data folder read into memory, and its store."""
    folder = tmp_path_factory.mktemp(request.param) / "shop"
    WRITERS[request.param](folder)
    memory = read_data(folder)
    assert build_store(folder, shard=7) == folder / FOLDER
    return memory, read_data(folder), folder


# The same shop


def test_products_goals_splits_and_hashes_are_equal(both: tuple[ShopData, ShopData, Path]) -> None:
    memory, stored, _ = both
    assert isinstance(stored.catalog, StoredCatalog)
    assert isinstance(stored.goals, StoredGoals)
    assert list(stored.catalog) == list(memory.catalog)
    assert list(stored.goals) == list(memory.goals)
    assert stored.goals[-3:] == list(memory.goals)[-3:]
    assert stored.hashes() == memory.hashes()
    assert stored.catalog.skipped == memory.catalog.skipped
    assert stored.split.to_json() == memory.split.to_json()
    assert stored.disjoint is not None
    assert memory.disjoint is not None
    assert stored.disjoint.to_json() == memory.disjoint.to_json()
    for name in get_args(SplitName):
        part, expected = stored.split.part(name), list(memory.split.part(name))
        assert isinstance(part, StoredIndices)
        assert (list(part), len(part), part[:3], part[-1]) == (expected, len(expected), expected[:3], expected[-1])
        assert type(part[0]) is int
        with pytest.raises(IndexError):
            part[len(part)]


def test_the_odd_folder_is_odd(tmp_path: Path) -> None:
    write_odd_folder(tmp_path)
    data = read_data(tmp_path)
    assert sum(data.catalog.skipped.values()) == 7
    assert max(len(goal.instruction) for goal in data.goals) > MAX_INSTRUCTION
    assert sum(goal.asin == "B?" for goal in data.goals) == 200  # a sample of the combinations, drawn


def test_searches_find_the_same(both: tuple[ShopData, ShopData, Path]) -> None:
    memory, stored, _ = both
    draw = np.random.default_rng(5)
    words = sorted({word for product in memory.catalog for word in product.title.lower().split()})
    queries = [goal.instruction for goal in memory.goals] + list(QUERIES) + words
    queries += [" ".join(draw.choice(words, size=draw.integers(1, 8))) for _ in range(100)]
    found = [memory.index.search(query) for query in queries]
    assert [stored.index.search(query) for query in queries] == found
    assert sum(map(bool, found)) > 0.8 * len(found)
    assert (len(stored.index), stored.index.token_count) == (len(memory.index), memory.index.token_count)
    listings = {f"<q> {p.query}" for p in memory.catalog} | {f"<c> {p.category}" for p in memory.catalog}
    for listing in (*listings, "<q> no such", "<c> ", "<q>"):
        results = [list(data.shop.find(listing.split(" "))) for data in (memory, stored)]
        assert results[0] == results[1]


def walk(data: ShopData, seed: int) -> Iterator[tuple[Any, ...]]:
    """An episode of random actions, legal or not."""
    env, draw = WebShopEnv(data, "html" if seed % 2 else "text_rich"), np.random.default_rng(seed)
    observation, info = env.reset(seed=seed)
    yield observation, info
    for _ in range(14):
        clickables = info["available_actions"]["clickables"]
        action = (
            f"click[{draw.choice(clickables)}]"
            if len(clickables) > 1
            else f"search[{EVERYTHING} {draw.choice(QUERIES)}]"
        )
        step = env.step(str(draw.choice(["<<", "click[buy now]", action, action, action])))
        yield step
        if step[2] or step[3]:
            return
        info = step[4]


def walks(data: ShopData, seeds: range) -> list[list[tuple[Any, ...]]]:
    return [list(walk(data, seed)) for seed in seeds]


def test_environments_are_equal(both: tuple[ShopData, ShopData, Path]) -> None:
    memory, stored, _ = both
    found = walks(memory, range(16))
    assert walks(stored, range(16)) == found
    assert any(episode[-1][1] > 0 for episode in found)
    envs = [WebShopVectorEnv(3, data) for data in (memory, stored)]
    for actions in (None, ["search[red]"] * 3, ["click[< back]", "search[a]", "nonsense"]):
        results = [repr(env.step(actions) if actions else env.reset(seed=1)) for env in envs]
        assert results[0] == results[1]


@pytest.mark.parametrize("kind", get_args(GoalKind))
def test_goals_are_made_as_in_memory(kind: GoalKind, tmp_path: Path) -> None:
    write_odd_folder(tmp_path / "odd")
    catalog, _ = read_catalog_and_goals(tmp_path / "odd")
    stored = read_data(build_store(tmp_path / "odd", tmp_path / "out", goals=kind, shard=4))
    assert list(stored.goals) == make_goals(catalog, np.random.default_rng(GOAL_SEED), kind)


def test_all_readers_open_the_store(both: tuple[ShopData, ShopData, Path]) -> None:
    memory, stored, folder = both
    catalog, goals = read_catalog_and_goals(folder)
    assert isinstance(catalog, StoredCatalog)
    assert list(goals) == list(memory.goals)
    assert read_shop(folder).search.find(EVERYTHING) == stored.shop.search.find(EVERYTHING)
    assert store_of(folder) == store_of(folder / FOLDER) == folder / FOLDER


def test_a_store_stands_alone(both: tuple[ShopData, ShopData, Path], tmp_path: Path) -> None:
    memory, _, folder = both
    shutil.copytree(folder / FOLDER, tmp_path / "moved")
    moved = read_data(tmp_path / "moved")
    assert moved.hashes() == memory.hashes()
    assert walks(moved, range(3)) == walks(memory, range(3))


def test_few_products_have_no_disjoint_split(tmp_path: Path) -> None:
    write_toy_folder(tmp_path)
    write_goals(tmp_path / "goals.jsonl", [goal for goal in toy_goals() if goal.asin == "B0LAMP0002"] * 2)
    memory = read_data(tmp_path)
    build_store(tmp_path)
    assert read_data(tmp_path).disjoint is memory.disjoint is None
    assert read_data(tmp_path).hashes() == memory.hashes()


# Shards


def test_the_size_of_shards_makes_no_difference(tmp_path: Path) -> None:
    write_odd_folder(tmp_path / "data")
    stores = [tree(build_store(tmp_path / "data", tmp_path / str(shard), shard=shard)) for shard in (1, 7, 50_000)]
    assert stores[0] == stores[1] == stores[2]
    folders = {Path(file).parts[0] for file in stores[0]}
    assert folders == {"products", "index", "goals", "split", "disjoint", ABOUT}  # nothing of the work is left
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "50000", "7", "data"]


# Builds that were cut off


@contextmanager
def disk(operation: Callable[[int], object]) -> Iterator[list[str]]:
    """Call ``operation`` with the number of each write, rename and removal of a folder before it is done."""
    done: list[str] = []
    rename, remove = os.replace, shutil.rmtree

    def count(what: str) -> None:
        done.append(what)
        operation(len(done))

    def replace(source: Any, target: Any) -> None:
        if Path(source).is_dir():
            count("rename")
        rename(source, target)

    def rmtree(path: Any, **options: Any) -> None:
        if Path(path).is_dir():
            remove(next(iter(sorted(Path(path).iterdir())), path), ignore_errors=True)  # some of it
            count("remove")
            remove(path, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: count("write"))
        patch.setattr(os, "replace", replace)
        patch.setattr(shutil, "rmtree", rmtree)
        yield done


def stop_at(number: int, error: BaseException) -> Callable[[int], None]:
    def operation(done: int) -> None:
        if done == number:
            raise error

    return operation


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes], list[str]]:
    """A data folder, its store and what building that does on the disk."""
    folder = tmp_path_factory.mktemp("small")
    write_toy_folder(folder / "data")
    change(folder / "data" / ITEMS, lambda rows: [*rows[:5], {"asin": ""}, *rows[5:8], rows[0]])
    with disk(lambda number: None) as done:
        store = build_store(folder / "data", folder / "whole", shard=3)
    assert done.count("write") > 50
    return folder / "data", tree(store), done


def test_a_build_cut_off_anywhere_gives_the_same_store(
    small: tuple[Path, dict[str, bytes], list[str]], tmp_path: Path
) -> None:
    data, whole, done = small
    for number in (n for n, what in enumerate(done, start=1) if what != "write" or n % 9 == 0):
        out = tmp_path / str(number)
        with disk(stop_at(number, KeyboardInterrupt())), pytest.raises(KeyboardInterrupt):
            build_store(data, out, shard=3)
        if (number, done[number - 1]) != (len(done), "remove"):
            assert not out.exists()
        assert tree(build_store(data, out, shard=3)) == whole, f"cut off at {number}, a {done[number - 1]}"
        assert list(tmp_path.iterdir()) == [out]
        shutil.rmtree(out)


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_a_build_that_was_killed_goes_on(
    small: tuple[Path, dict[str, bytes], list[str]], tmp_path: Path, share: float
) -> None:
    data, whole, done = small
    code = f"""
import os, signal, sys
from pathlib import Path
from shoprl.shop.store import build_store

left = {int(share * done.count("write"))}

def fsync(descriptor):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

os.fsync = fsync
build_store(Path(sys.argv[1]), Path(sys.argv[2]), shard=3)
"""
    arguments = [sys.executable, "-c", code, str(data), str(tmp_path / "out")]
    assert subprocess.run(arguments, timeout=60).returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir()] == [".out.part"]
    assert tree(build_store(data, tmp_path / "out", shard=3)) == whole
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@contextmanager
def products_read() -> Iterator[list[object]]:
    """The entries of the products file that are looked at."""
    read: list[object] = []
    real = webshop._product

    def product(row: object, extras: Any) -> Any:
        read.append(row)
        return real(row, extras)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(webshop, "_product", product)
        yield read


def cut_off_after(shards: int, data: Path, out: Path, **settings: Any) -> None:
    real = store_module._save_shard

    def save(part: Path, number: int, products: Any) -> None:
        if number == shards:
            raise KeyboardInterrupt
        real(part, number, products)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_module, "_save_shard", save)
        with pytest.raises(KeyboardInterrupt):
            build_store(data, out, **settings)


@pytest.mark.parametrize(("shards", "entries"), [(0, 0), (2, 8)])
def test_finished_shards_are_not_read_again(tmp_path: Path, shards: int, entries: int) -> None:
    data = tmp_path / "data"
    write_toy_folder(data)
    change(data / ITEMS, lambda rows: [row for product in rows for row in (product, {"asin": ""})])
    whole = build_store(data, tmp_path / "whole", shard=2)
    cut_off_after(shards, data, tmp_path / "out", shard=2)
    with products_read() as read:
        build_store(data, tmp_path / "out", shard=2)
    assert len(read) == 24 - max(0, entries - 1)  # the entry behind the last product comes with the next
    assert tree(tmp_path / "out") == tree(whole)
    assert read_data(tmp_path / "out").catalog.skipped == {"'asin' is missing": 12}


def test_a_product_of_a_finished_shard_is_still_a_double(tmp_path: Path) -> None:
    write_toy_folder(tmp_path / "data")
    change(tmp_path / "data" / ITEMS, lambda rows: rows + rows)
    cut_off_after(2, tmp_path / "data", tmp_path / "out", shard=4)
    stored = read_data(build_store(tmp_path / "data", tmp_path / "out", shard=4))
    assert len(stored.catalog) == 12
    assert stored.catalog.skipped == {"'asin' occurs twice": 12}


@pytest.mark.parametrize("other", [{"shard": 3}, {"shard": 4, "strict": True}, {"shard": 4, "goals": "human"}])
def test_another_build_starts_over(tmp_path: Path, other: dict[str, Any]) -> None:
    write_toy_folder(tmp_path / "data")
    cut_off_after(2, tmp_path / "data", tmp_path / "out", shard=4)
    with products_read() as read:
        build_store(tmp_path / "data", tmp_path / "out", **other)
    assert len(read) == 12
    assert tree(tmp_path / "out") == tree(build_store(tmp_path / "data", tmp_path / "fresh", **other))


@pytest.mark.parametrize("name", [ITEMS, "prices.json", "goals.jsonl"])
def test_a_build_of_changed_files_starts_over(tmp_path: Path, name: str) -> None:
    data = tmp_path / "data"
    write_toy_folder(data)
    cut_off_after(2, data, tmp_path / "out", shard=4)
    if name == ITEMS:
        change(data / ITEMS, lambda rows: rows[::-1])
    elif name == "prices.json":
        change(data / name, lambda prices: dict.fromkeys(prices, 5.5))
    else:
        write_goals(data / name, toy_goals("human"))
    with products_read() as read:
        build_store(data, tmp_path / "out", shard=4)
    assert len(read) == 12
    assert read_data(tmp_path / "out").hashes() == read_data(data).hashes()


def test_files_that_change_while_they_are_read_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_toy_folder(tmp_path / "data")
    real = store_module._build_goals

    def meddled(data: Path, *rest: Any) -> Any:
        change(data / "prices.json", lambda prices: dict.fromkeys(prices, 5.5))
        return real(data, *rest)

    monkeypatch.setattr(store_module, "_build_goals", meddled)
    with pytest.raises(CatalogError, match=r"prices\.json: was changed while"):
        build_store(tmp_path / "data")
    assert not (tmp_path / "data" / FOLDER).exists()
    monkeypatch.undo()
    build_store(tmp_path / "data")
    assert {product.price for product in read_data(tmp_path / "data").catalog} == {5.5}


# Changes after a build


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "toy"
    write_toy_folder(folder)
    build_store(folder)
    return folder


@pytest.fixture
def built(built_once: Path, tmp_path: Path) -> Path:
    """The toy shop's folder with its store, to spoil."""
    return Path(shutil.copytree(built_once, tmp_path / "built"))


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


# Builds that fail


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


def test_a_disk_that_fails_anywhere_leaves_the_old_store(
    small: tuple[Path, dict[str, bytes], list[str]], tmp_path: Path
) -> None:
    data, whole, _ = small
    out = tmp_path / "out"
    shutil.copytree(data.parent / "whole", out)
    with disk(lambda number: None) as done:
        build_store(data, out, shard=3)
    (out / "old").write_text("old")
    old = tree(out)
    full = OSError(errno.ENOSPC, "No space left on device")
    for number in (n for n, what in enumerate(done, start=1) if what == "rename" or (what == "write" and n % 9 == 3)):
        with disk(stop_at(number, full)), pytest.raises(StorageError, match="No space left"):
            build_store(data, out, shard=3)
        assert tree(out) == old
        shutil.rmtree(tmp_path / ".out.part")
        assert list(tmp_path.iterdir()) == [out]
    assert tree(build_store(data, out, shard=3)) == whole


@pytest.mark.parametrize("room", [0, 500, 8_000])
def test_a_full_disk_is_named(small: tuple[Path, dict[str, bytes], list[str]], tmp_path: Path, room: int) -> None:
    data, whole, _ = small
    assert max(map(len, whole.values())) > room
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))  # no file may be larger
    try:
        with pytest.raises(StorageError, match="cannot be written"):
            build_store(data, tmp_path / "out", shard=3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not (tmp_path / "out").exists()
    assert tree(build_store(data, tmp_path / "out", shard=3)) == whole


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


# Other processes


def test_a_pickle_is_small_and_opens_the_store(both: tuple[ShopData, ShopData, Path]) -> None:
    memory, stored, _ = both
    walks(stored, range(2))  # what is remembered does not travel
    pickled = pickle.dumps(stored)
    assert len(pickled) < 5_000
    again = pickle.loads(pickled)
    assert isinstance(again.goals, StoredGoals)
    assert isinstance(again.split.train, StoredIndices)
    assert again.hashes() == memory.hashes()
    assert walks(again, range(2)) == walks(memory, range(2))


def test_a_store_works_in_another_process(built: Path) -> None:
    stored = read_data(built)
    expected = walks(stored, range(3))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(walks, (stored, range(3))) == expected
