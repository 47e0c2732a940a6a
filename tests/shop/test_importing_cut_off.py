"""Imports that are killed, two at once, and disks that are full: what was there stays, and no half shop is left."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from shoprl.errors import StorageError
from shoprl.shop.data import read_data
from shoprl.shop.importing import import_feed
from tests.support.shops import make_shop, write_feed
from tests.support.stores import tree

IMPORT = """
import sys
from pathlib import Path
from shoprl.shop import importing

if sys.argv[3] == "hang":
    def hang(*arguments):
        print("here", flush=True)
        sys.stdin.read()
    importing._write_goals = hang
importing.import_feed([sys.argv[1]], Path(sys.argv[2]))
"""


def start(feed: Path, shop: Path, how: str = "") -> "subprocess.Popen[str]":
    words = [sys.executable, "-c", IMPORT, str(feed), str(shop), how]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("room", [0, 500, 6_000])
def test_a_full_disk_is_named_and_leaves_the_old_shop(tmp_path: Path, room: int) -> None:
    shop = make_shop(tmp_path)
    old = tree(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))  # no file may be larger
    try:
        with pytest.raises(StorageError, match="cannot be written"):
            import_feed([tmp_path / "feed.csv"], shop)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert tree(tmp_path) == old


def test_a_killed_import_leaves_the_old_shop_and_starts_anew(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    old = tree(shop)
    feed = write_feed(tmp_path / "other.csv", "id,title,price\n1,Lamp,5.00 USD\n2,Chair,6.00 USD\n")
    process = start(feed, shop, "hang")
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    process.kill()
    process.communicate()
    assert tree(shop) == old
    import_feed([feed], shop)
    assert len(read_data(shop).catalog) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feed.csv", "other.csv", "shop"]


def test_two_imports_into_one_shop_go_one_after_the_other(tmp_path: Path) -> None:
    feed, shop = write_feed(tmp_path / "feed.csv"), tmp_path / "shop"
    processes = [start(feed, shop), start(feed, shop)]
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0, 0]
    assert len(read_data(shop).catalog) == 24
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feed.csv", "shop"]
