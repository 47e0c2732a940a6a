"""Builds that were cut off, and disks that fail: what is done is kept, and no half store is left."""

import errno
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from shoprl.catalog import webshop
from shoprl.errors import CatalogError, StorageError
from shoprl.shop import store as store_module
from shoprl.shop.data import read_data
from shoprl.shop.goal import write_goals
from shoprl.shop.store import FOLDER, build_store
from tests.support.stores import ITEMS, change, disk, stop_at, tree
from tests.support.toyshop import toy_goals, write_toy_folder

pytestmark = pytest.mark.usefixtures("quick_disk")


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
    assert {path.name for path in tmp_path.iterdir()} == {".out.part", ".out.lock"}  # which locks nothing any more
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
    real = store_module.save_shard

    def save(part: Path, number: int, products: Any) -> None:
        if number == shards:
            raise KeyboardInterrupt
        real(part, number, products)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_module, "save_shard", save)
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


# A disk that fails


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


# Two builds at once, and builds that are killed

BUILD = """
import logging, sys
from pathlib import Path
from shoprl.shop.store import build_store

logging.basicConfig(format="%(message)s")
print("ready", flush=True)
sys.stdin.readline()
build_store(Path(sys.argv[1]), Path(sys.argv[2]), shard=3)
"""


def started(data: Path, out: Path) -> subprocess.Popen[str]:
    """A build in another process that waits for a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", BUILD, str(data), str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def test_builds_at_once_give_one_store(small: tuple[Path, dict[str, bytes], list[str]], tmp_path: Path) -> None:
    data, whole, _ = small
    draw = random.Random(0)
    for _ in range(2):
        builds = [started(data, tmp_path / "out") for _ in range(2)]
        for build in builds:
            go(build)
            time.sleep(draw.random() / 10)
        assert [build.wait(timeout=60) for build in builds] == [0, 0]
        assert tree(tmp_path / "out") == whole
        assert list(tmp_path.iterdir()) == [tmp_path / "out"]


@pytest.mark.parametrize("other", [False, True])
def test_who_waited_takes_what_was_built_of_the_same(
    small: tuple[Path, dict[str, bytes], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: bool
) -> None:
    data, out, real, built = small[0], tmp_path / "out", store_module._build, []
    second = Path(shutil.copytree(data, tmp_path / "data"))
    if other:
        change(second / "prices.json", lambda prices: dict.fromkeys(prices, 5.5))
    waiting = threading.Thread(target=build_store, args=(second, out))

    def build(data: Path, out: Path, settings: dict[str, Any], wanted: Any) -> None:
        built.append(data)
        if data != second:
            waiting.start()
            time.sleep(0.3)
        real(data, out, settings, wanted)

    monkeypatch.setattr(store_module, "_build", build)
    build_store(data, out)
    waiting.join()
    assert built == ([data, second] if other else [data])
    assert read_data(out).hashes() == read_data(second).hashes()


def test_builds_killed_at_any_moment_are_recovered(
    small: tuple[Path, dict[str, bytes], list[str]], tmp_path: Path
) -> None:
    data, whole, _ = small
    draw = random.Random(1)
    for _ in range(4):
        build = started(data, tmp_path / "out")
        go(build)
        time.sleep(draw.random() / 5)
        build.kill()
        build.wait()
    assert tree(build_store(data, tmp_path / "out", shard=3)) == whole
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


DAMAGES: dict[str, tuple[str, bytes]] = {
    "a truncated state": ("build.json", b'{"settings": {'),
    "an empty state": ("build.json", b""),
    "a state of another kind": ("build.json", b"[]"),
    "a shard's terms": ("shards/0/letters.npy", b"\x93NUMPY"),
    "a shard's listings": ("shards/1/listings.json", b"[["),
    "the sizes of records": ("products/sizes.part", b""),
    "the records": ("products/records.bin", b""),
    "prices": ("extras/prices.json/offsets.npy", b""),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_part_of_a_build_is_built_anew(
    small: tuple[Path, dict[str, bytes], list[str]], tmp_path: Path, kind: str
) -> None:
    data, whole, _ = small
    cut_off_after(2, data, tmp_path / "out", shard=3)
    name, content = DAMAGES[kind]
    assert (tmp_path / ".out.part" / name).is_file()
    (tmp_path / ".out.part" / name).write_bytes(content)
    assert tree(build_store(data, tmp_path / "out", shard=3)) == whole


@pytest.mark.parametrize(
    "values",
    [{"shards": "2"}, {"shards": -1}, {"shards": 99}, {"position": [1]}, {"position": 5}, {"skipped": [1]},
     {"products": 999}, {"products": None}, {"new": 1}],
)  # fmt: skip
def test_a_state_that_cannot_be_is_built_anew(
    small: tuple[Path, dict[str, bytes], list[str]], tmp_path: Path, values: dict[str, Any]
) -> None:
    data, whole, _ = small
    cut_off_after(2, data, tmp_path / "out", shard=3)
    change(tmp_path / ".out.part" / "build.json", lambda state: state | values)
    assert tree(build_store(data, tmp_path / "out", shard=3)) == whole
