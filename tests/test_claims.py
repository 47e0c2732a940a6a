import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
import pytest

from shoprl import claims
from shoprl.claims import LOCK, claimed
from shoprl.errors import RunError, StorageError

CODE = """
import sys, time
from pathlib import Path
from shoprl.claims import claimed

with claimed(Path(sys.argv[1]), replaced=len(sys.argv) > 2):
    print("claimed", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(folder: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that has a folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, str(folder), *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "claimed\n"
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


@pytest.mark.parametrize("replaced", [False, True])
@pytest.mark.parametrize("there", [False, True])
def test_nothing_is_left_of_a_claim(tmp_path: Path, replaced: bool, there: bool) -> None:
    folder = tmp_path / "a" / "b"
    if there:
        folder.mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    with claimed(folder, replaced=replaced) as waited:
        assert not waited
        lock = folder.with_name(f".b{LOCK}") if replaced else folder / LOCK
        assert json.loads(lock.read_text()) == {"pid": os.getpid(), "host": socket.gethostname()}
    assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(ValueError, match="no"), claimed(folder, replaced=replaced):
        raise ValueError("no")
    assert sorted(tmp_path.rglob("*")) == before


def test_what_was_put_into_the_folder_stays(tmp_path: Path) -> None:
    with claimed(tmp_path / "a" / "b"):
        (tmp_path / "a" / "b" / "mine").write_text("")
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["mine"]


def test_who_has_it_is_named(tmp_path: Path) -> None:
    with holder(tmp_path / "run") as process:
        said = rf"run: process {process.pid} on '{socket.gethostname()}' is at work there\. .* with `out`\."
        for _ in range(2):
            with pytest.raises(RunError, match=said), claimed(tmp_path / "run"):
                raise AssertionError
    with claimed(tmp_path / "run"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "[]", "{", '{"pid": "x", "host": 1}', "\xff"])
def test_a_lock_file_that_says_nothing_locks_as_well(tmp_path: Path, text: str) -> None:
    with claimed(tmp_path):
        (tmp_path / LOCK).write_bytes(text.encode("latin-1"))
        with pytest.raises(RunError, match="another process is at work"), claimed(tmp_path):
            raise AssertionError


def test_a_claim_ends_with_its_process(tmp_path: Path) -> None:
    with holder(tmp_path / "run") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (tmp_path / "run" / LOCK).is_file()
        with claimed(tmp_path / "run") as waited:
            assert not waited
    assert not (tmp_path / "run" / LOCK).exists()


def test_waiting_says_so_after_a_moment(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "SILENT", 0.1)
    with holder(tmp_path / "out", "replaced") as process:
        threading.Timer(0.5, lambda: process.stdin.close()).start()  # type: ignore[union-attr]
        with claimed(tmp_path / "out", wait=True, replaced=True) as waited:
            assert waited
    assert f"waiting for process {process.pid} on" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_replaced_meanwhile_keeps_the_lock_of_another(tmp_path: Path) -> None:
    with claimed(tmp_path / "store"):
        (tmp_path / "store").rename(tmp_path / "old")
        (tmp_path / "store").mkdir()
        (tmp_path / "store" / LOCK).write_text("another's")
    assert (tmp_path / "store" / LOCK).read_text() == "another's"


def test_a_disk_without_space_or_locks_is_a_storage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (errno.ENOSPC, errno.EROFS, errno.ENOLCK, errno.ENOENT):

        def acquire(*_: Any, number: int = number, **__: Any) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
        with pytest.raises(StorageError, match=r"\.lock: cannot be written"), claimed(tmp_path / "run"):
            raise AssertionError
        assert list(tmp_path.iterdir()) == []


COUNT = """
import random, sys, time
from pathlib import Path
from shoprl.claims import claimed

folder, draw = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
for _ in range(20):
    with claimed(folder / "deep" / "er", wait=True, replaced=True):
        number = int((folder / "number").read_text())
        time.sleep(draw.random() / 500)
        (folder / "number").write_text(str(number + 1))
"""


def test_no_two_processes_are_ever_inside(tmp_path: Path) -> None:
    (tmp_path / "number").write_text("0")
    start = time.monotonic()
    workers = [subprocess.Popen([sys.executable, "-c", COUNT, str(tmp_path), str(seed)]) for seed in range(4)]
    assert [worker.wait(timeout=60) for worker in workers] == [0] * 4
    assert (tmp_path / "number").read_text() == "80"
    assert not list(tmp_path.rglob(f"*{LOCK}"))
    assert time.monotonic() - start < 60
