"""Updates that were cut off or killed, disks that fail, readers that look on, and two updates at once."""

import errno
import os
import pickle
import random
import resource
import shutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from shoprl.catalog.product import Product
from shoprl.errors import CatalogError, StorageError
from shoprl.shop import updating
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.store import build_store, verify_store
from shoprl.shop.updating import update_store
from tests.support.stores import disk, stop_at, tree
from tests.support.toyshop import EVERYTHING, PRODUCTS, write_toy_folder

pytestmark = pytest.mark.usefixtures("quick_disk")

GIVEN = [
    replace(PRODUCTS[0], title="Vermilion Trainer"),
    replace(PRODUCTS[3], price=1.5, price_tag="$1.5"),
    replace(PRODUCTS[1], asin="NEW"),
]
REMOVED = ["B0TEA00001"]
Shown = tuple[list[Product], list[tuple[str, ...]], dict[str, str]]


@pytest.fixture(scope="module")
def alone(quick_disk: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was updated once."""
    folder = tmp_path_factory.mktemp("alone")
    write_toy_folder(folder / "data")
    shop = build_store(folder / "data", folder / "shop", shard=5)
    update_store(
        shop, [replace(PRODUCTS[5], title="Paper Sun Lantern"), replace(PRODUCTS[5], asin="LAMP")], ["B0SHIRT001"]
    )
    return shop


@pytest.fixture
def shop(alone: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(alone, tmp_path / "shop"))


@pytest.fixture(params=[5_000, 1], ids=["changes", "rebuilds"], autouse=True)
def least(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updating, "LEAST", request.param)


def shown(data: ShopData) -> Shown:
    searches = [tuple(map(str, data.index.search(query))) for query in (EVERYTHING, "vermilion trainer", "tea", "lamp")]
    return list(data.catalog), searches, data.hashes()


def new_of(shop: Path, folder: Path) -> Shown:
    copy = Path(shutil.copytree(shop, folder))
    update_store(copy, GIVEN, REMOVED)
    try:
        return shown(read_data(copy))
    finally:
        shutil.rmtree(copy)


def steps_of(shop: Path, folder: Path) -> int:
    copy = Path(shutil.copytree(shop, folder))
    with disk(lambda number: None) as done:
        update_store(copy, GIVEN, REMOVED)
    shutil.rmtree(copy)
    return len(done)


def killed_at(number: int, run: Callable[[], object]) -> bool:
    """Run in a child process that is killed when it writes for the ``number``-th time; whether it was."""
    child = os.fork()
    if not child:
        os.fsync = counting(number)
        run()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def counting(left: int) -> Callable[[int], None]:
    def fsync(descriptor: int) -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    return fsync


def test_an_update_cut_off_anywhere_leaves_the_old_shop_or_the_new(shop: Path, tmp_path: Path) -> None:
    old, new, found = shown(read_data(shop)), new_of(shop, tmp_path / "copy"), set()
    steps = steps_of(shop, tmp_path / "copy")
    for number in (*range(1, steps - 3, 4), *range(steps - 3, steps + 1)):
        copy = Path(shutil.copytree(shop, tmp_path / "copy"))
        with disk(stop_at(number, KeyboardInterrupt())), pytest.raises(KeyboardInterrupt):
            update_store(copy, GIVEN, REMOVED)
        now = shown(read_data(copy))
        assert now in (old, new), f"cut off at {number}"
        found.add(now == old)
        verify_store(copy)
        assert list(tmp_path.iterdir()) in ([shop, copy], [copy, shop])
        shutil.rmtree(copy)
    assert True in found


def test_an_interrupt_when_all_is_written_leaves_the_new_shop(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, real = new_of(shop, tmp_path / "copy"), updating.write_json

    def interrupted(path: Path, value: object) -> None:
        real(path, value)
        raise KeyboardInterrupt

    monkeypatch.setattr(updating, "write_json", interrupted)
    with pytest.raises(KeyboardInterrupt):
        update_store(shop, GIVEN, REMOVED)
    assert shown(read_data(shop)) == new


def test_an_update_killed_anywhere_leaves_the_old_shop_or_the_new(shop: Path, tmp_path: Path) -> None:
    old, new = shown(read_data(shop)), new_of(shop, tmp_path / "whole")
    number, kills = 1, 0
    while True:
        copy = Path(shutil.copytree(shop, tmp_path / str(number)))
        if not killed_at(number, partial(update_store, copy, GIVEN, REMOVED)):
            break
        kills += 1
        verify_store(copy)
        assert shown(read_data(copy)) == old, f"killed at {number}"  # the last write is that of the description
        update_store(copy, GIVEN, REMOVED)
        assert shown(read_data(copy)) == new
        update_store(copy, [PRODUCTS[0]])
        assert not [path for path in copy.rglob("*") if path.name.endswith((".tmp", ".part"))]
        assert len(list(copy.glob("changes-*"))) <= 2
        number += 4 + kills // 4
    assert kills > 5


def test_updates_killed_at_any_moment_are_recovered(shop: Path, tmp_path: Path) -> None:
    draw, old, new = random.Random(4), shown(read_data(shop)), new_of(shop, tmp_path / "whole")
    for _ in range(8):
        copy = Path(shutil.copytree(shop, tmp_path / "copy"))
        child = os.fork()
        if not child:
            update_store(copy, GIVEN, REMOVED)
            os._exit(0)
        time.sleep(draw.random() / 8)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        verify_store(copy)
        now = shown(read_data(copy))
        assert now in (old, new)
        if now == old:
            update_store(copy, GIVEN, REMOVED)
        assert shown(read_data(copy)) == new
        shutil.rmtree(copy)


def test_a_disk_that_fails_anywhere_leaves_the_old_shop(shop: Path, tmp_path: Path) -> None:
    old = shown(read_data(shop))
    full = OSError(errno.ENOSPC, "No space left on device")
    for number in range(1, steps_of(shop, tmp_path / "copy") - 1, 3):  # the last is the removal of what is done with
        with disk(stop_at(number, full)):
            try:
                update_store(shop, GIVEN, REMOVED)
            except StorageError as error:
                assert "No space left" in str(error)  # noqa: PT017
            else:
                continue
        assert shown(read_data(shop)) == old
        assert sorted(path.name for path in shop.iterdir() if path.is_dir()) == sorted(
            ["products", "index", "goals", "split", "disjoint", "changes-1"]
        )


@pytest.mark.parametrize("room", [0, 700, 3_000])
def test_a_full_disk_is_named(shop: Path, room: int) -> None:
    old, before = tree(shop), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))  # no file may be larger
    try:
        with pytest.raises(StorageError, match="cannot be written"):
            update_store(shop, GIVEN, REMOVED)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert tree(shop) == old


def test_readers_stay_with_the_shop_they_opened(shop: Path) -> None:
    old, late, sent = read_data(shop), read_data(shop), pickle.dumps(read_data(shop))
    before = shown(old)
    update_store(shop, GIVEN, REMOVED)
    assert shown(old) == before
    assert shown(late) == before  # looks at the index for the first time
    assert old.catalog.asins_by("category", "fashion")
    assert shown(pickle.loads(sent)) == before
    assert shown(read_data(shop)) != before
    update_store(shop, [replace(PRODUCTS[2], title="Feather")])
    assert shown(old) == before


def test_a_part_looked_at_too_late_is_named(shop: Path) -> None:
    data = read_data(shop)
    for number in range(2):
        update_store(shop, [replace(PRODUCTS[2], title=f"Feather {number}"), *GIVEN])
    with pytest.raises(CatalogError, match=r"names\.json"):
        data.catalog.asins_by("category", "fashion")


def test_updates_at_once_are_both_made(shop: Path) -> None:
    threads = [
        threading.Thread(target=update_store, args=(shop, [replace(PRODUCTS[n], asin=f"T{n}")], [PRODUCTS[n].asin]))
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asins = [product.asin for product in read_data(shop).catalog]
    assert sorted(asins[-4:]) == ["T0", "T1", "T2", "T3"]
    assert not {product.asin for product in PRODUCTS[:4]} & set(asins)
    assert [path.name for path in shop.parent.iterdir()] == ["shop"]


def look(shop: Path, until: Path, out: Path) -> None:
    """Open a store again and again, and write what was seen."""
    seen: list[object] = []
    while not until.exists():
        try:
            data = read_data(shop)
            seen.append((data.catalog.content_hash, list(data.catalog), len(data.index)))
        except Exception as error:
            seen.append(error)
    out.write_bytes(pickle.dumps(seen))


def test_who_opens_during_updates_gets_one_of_the_shops(shop: Path, tmp_path: Path) -> None:
    states = {read_data(shop).catalog.content_hash: list(read_data(shop).catalog)}
    child = os.fork()
    if not child:
        look(shop, tmp_path / "stop", tmp_path / "seen")
        os._exit(0)
    for number in range(12):
        update_store(shop, [replace(PRODUCTS[0], title=f"Trainer {number}"), replace(PRODUCTS[1], asin=f"T{number}")])
        data = read_data(shop)
        states[data.catalog.content_hash] = list(data.catalog)
    (tmp_path / "stop").touch()
    os.waitpid(child, 0)
    seen = pickle.loads((tmp_path / "seen").read_bytes())
    assert len(seen) > 5
    assert [error for error in seen if isinstance(error, Exception)] == []
    assert all(states[content] == products and len(products) == count for content, products, count in seen)
