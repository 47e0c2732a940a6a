import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from shoprl.catalog import digests
from shoprl.catalog.digests import DIGESTS, STAMP, Checked, check, verify, write_digests
from shoprl.errors import CatalogError

SIZES = {"a.bin": 1_000, "deep/b.bin": 250, "deep/empty": 0, "whole": 300}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "CHUNK", 100)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    for name, size in SIZES.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(bytes(i % 251 for i in range(size)))
    return path


def flip(path: Path, at: int) -> None:
    """Change a bit, and neither size nor time."""
    before = path.stat()
    data = bytearray(path.read_bytes())
    data[at] ^= 4
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


class Seen:
    """Which chunks are checked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.chunks: list[tuple[str, int]] = []
        real = digests._check

        def record(folder: Path, files: Any, chunks: Sequence[tuple[str, int]]) -> None:
            self.chunks = list(chunks)
            real(folder, files, chunks)

        monkeypatch.setattr(digests, "_check", record)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    return Seen(monkeypatch)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores of the test's size count as large ones."""
    monkeypatch.setattr(digests, "WHOLE", 400)


def test_every_byte_is_covered(folder: Path) -> None:
    sha256 = write_digests(folder)
    assert verify(folder, sha256) == Checked(files=4, chunks=10 + 3 + 3, size=1_550)
    for name, size in SIZES.items():
        for at in range(0, size, 37):
            flip(folder / name, at)
            said = (
                rf"{name}: bytes {at // 100 * 100} to {min(at // 100 * 100 + 100, size) - 1} are not what was written"
            )
            for look in (check, verify):
                with pytest.raises(CatalogError, match=rf"{said}\. Run `shoprl catalog build` again\."):
                    look(folder, sha256)
            flip(folder / name, at)
    verify(folder, sha256)
    assert {path.name for path in folder.iterdir()} == {"a.bin", "deep", "whole", DIGESTS}  # a small one has no stamp


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "emptied": lambda path: path.write_bytes(b""),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "shorter": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "a folder": as_folder,
}


@pytest.mark.parametrize("name", ["a.bin", "deep/b.bin", DIGESTS])
@pytest.mark.parametrize("damage", DAMAGES)
def test_other_sizes_and_kinds_are_named(folder: Path, name: str, damage: str) -> None:
    sha256 = write_digests(folder)
    DAMAGES[damage](folder / name)
    for look in (check, verify):
        with pytest.raises(CatalogError, match=rf"{name}: is .*`shoprl catalog build` again"):
            look(folder, sha256)


@pytest.mark.parametrize(
    "text",
    ["[]", "{}", '{"chunk": 100, "files": []}', '{"chunk": 100, "files": {"a": 1}}', "[" * 90_000, "\xff"]
    + [json.dumps({"chunk": 100, "files": {name: {"size": 1, "sha256": ["x"]}}}) for name in ("../a", "/etc/passwd")]
    + [json.dumps({"chunk": 100, "files": {"a.bin": {"size": size, "sha256": []}}}) for size in (5, "5", None, -101)],
)
def test_digests_that_are_none_are_named(folder: Path, text: str) -> None:
    """Even where the sum of that file was computed again."""
    write_digests(folder)
    (folder / DIGESTS).write_text(text, encoding="latin-1")
    with pytest.raises(CatalogError, match=r"digests\.json: not the digests of a store"):
        check(folder, digests.sha256_of(folder / DIGESTS))


# Large folders


@pytest.mark.usefixtures("large")
def test_a_large_folder_is_checked_whole_once_and_then_in_part(folder: Path, seen: Seen) -> None:
    sha256 = write_digests(folder)
    check(folder, sha256)
    assert len(seen.chunks) == 16
    assert sorted(path.name for path in folder.iterdir()) == ["a.bin", "deep", DIGESTS, STAMP, "whole"]  # and no lock
    drawn = []
    for _ in range(60):
        check(folder, sha256)
        drawn.append(frozenset(seen.chunks))
    assert {len(chunks) for chunks in drawn} == {4}
    assert len(set(drawn)) > 30  # others each time
    assert len(frozenset().union(*drawn)) == 16


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("change", ["touched", "flipped", "copied", "no stamp", "a bad stamp"])
def test_what_is_not_as_it_was_stamped_is_checked_whole(folder: Path, seen: Seen, change: str) -> None:
    sha256 = write_digests(folder)
    check(folder, sha256)
    check(folder, sha256)
    assert len(seen.chunks) == 4
    if change == "touched":
        os.utime(folder / "whole")
    elif change == "flipped":  # the system notes when a file was changed, whatever its time is set to
        flip(folder / "a.bin", 555)
    elif change == "copied":
        shutil.copytree(folder, folder.with_name("copy"))
        folder = folder.with_name("copy")
    elif change == "no stamp":
        (folder / STAMP).unlink()
    else:
        (folder / STAMP).write_text("{")
    if change == "flipped":
        with pytest.raises(CatalogError, match=r"a\.bin: bytes 500 to 599"):
            check(folder, sha256)
        return
    check(folder, sha256)
    assert len(seen.chunks) == 16
    check(folder, sha256)
    assert len(seen.chunks) == 4


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("most", [800, 5_000])
def test_where_no_stamp_can_be_left(folder: Path, seen: Seen, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """A folder that is not too large is checked whole each time, of another one a greater part."""
    sha256 = write_digests(folder)
    monkeypatch.setattr(digests, "READ_ONLY", most)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    for _ in range(2):
        check(folder, sha256)
        assert len(seen.chunks) == (16 if most > 1_550 else 8)
    assert not (folder / STAMP).exists()


OPEN = """
import sys, time
from pathlib import Path
from shoprl.catalog import digests

digests.CHUNK, digests.WHOLE, real = 100, 400, digests._check

def slow(folder, files, chunks):
    time.sleep(0.5)
    real(folder, files, chunks)
    print(len(chunks), flush=True)

digests._check = slow
print("ready", flush=True)
sys.stdin.readline()
digests.check(Path(sys.argv[1]), sys.argv[2])
"""


@pytest.mark.usefixtures("large")
def test_of_several_processes_one_checks_all(folder: Path) -> None:
    arguments = [sys.executable, "-c", OPEN, str(folder), write_digests(folder)]
    workers = [subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    answers = sorted(worker.communicate(timeout=60)[0] for worker in workers)
    assert answers in ([each, other, "16\n"] for each in ("", "4\n") for other in ("", "4\n"))
