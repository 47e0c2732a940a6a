"""Every file and folder that a command takes: hostile ones in its place, and valid ones with damage."""

import gzip
import itertools
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoprl.cli import main
from tests.support.attacks import Attack, Option, hostile_paths, options
from tests.support.forked import Withstand
from tests.support.world import ENDLESS, LONG, VALID, World

PATHS = ("policy", "base", "tokenizer")  # texts that name a folder
WRITTEN = ("out", "markdown")
QUICK = ("missing", "pipe", "half a pair")
BROAD = (  # attacked with six damages of each file, the others with one
    "evaluate",
    "recommend",
    "report",
    "catalog build",
    "catalog verify",
    "trajectories stats",
    "preferences stats",
)
NAMES = tuple(name for name in VALID if name in main.COMMANDS)


def _takes_path(option: Option) -> bool:
    return option.kind is Path or option.name in PATHS


PLACES = [(name, option.name) for name in NAMES for option in options(main.load(name)) if _takes_path(option)]


@pytest.fixture(scope="session")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return hostile_paths(tmp_path_factory.mktemp("paths"))


def test_every_command_has_a_valid_line() -> None:
    assert set(main.COMMANDS) <= set(VALID)


KINDS = (
    *("missing", "empty.json", "null.json", "list.json", "object.json", "nested.json", "nested.jsonl", "nan.jsonl"),
    *("wide.jsonl", "utf16.jsonl", "random.jsonl", "random.gz", "escape.jsonl", "half.jsonl.gz", "bomb", "folder"),
    *("full", "pipe", "loop", "device", "long", "deep", "below a file", "escape name", "half a pair"),
)


def test_the_kinds_of_paths_are_all(paths: dict[str, Path]) -> None:
    assert set(paths) == set(KINDS)


TEXTS = ("null.json", "list.json", "object.json", "nan.jsonl", "escape.jsonl")  # which people could agree to
OUTPUTS = ("missing", "empty.json", "pipe", "device", "loop", "long", "deep", "below a file", "folder", "full")
TRIED = [
    (*place, kind)
    for place, kind in itertools.product(PLACES, KINDS)
    if place[1] not in WRITTEN or kind in (*OUTPUTS, "escape name", "half a pair")
]


def _marked(name: str, field: str, kind: str) -> Any:
    quick = kind in QUICK and field not in WRITTEN
    return pytest.param(name, field, kind, id=f"{name} {field} {kind}", marks=() if quick else pytest.mark.hostile)


@pytest.mark.parametrize(("name", "field", "kind"), [_marked(*each) for each in TRIED])
def test_a_hostile_path(
    world: World, paths: dict[str, Path], withstand: Withstand, tmp_path: Path, name: str, field: str, kind: str
) -> None:
    written = field in WRITTEN and name in LONG and kind in ("missing", "folder", "full", "escape name", "half a pair")
    if written or (field == "consent" and kind in TEXTS):
        pytest.skip("nothing is wrong with it")
    words = world.words(name, tmp_path / "work" / "out", **{field: str(paths[kind])})
    before = _listing(paths)
    try:
        withstand(Attack(name, tuple(words), f"{field} {kind}", f"--{field}", refused=False))
    finally:
        _tidy(paths, before, field)


def _listing(paths: dict[str, Path]) -> set[Path]:
    return set(paths["folder"].parent.iterdir())


def _tidy(paths: dict[str, Path], before: set[Path], field: str) -> None:
    """Remove what a command was right to write."""
    folder = paths["folder"].parent
    for path in set(folder.iterdir()) - before:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in paths["folder"].iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


# Damage


def damages(content: bytes, name: str, rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """Kinds of damage to a file's content."""
    yield "emptied", b""
    yield "cut in half", content[: len(content) // 2]
    if len(content) > 8:
        middle, some = len(content) // 2, bytearray(content)
        some[middle : middle + 16] = rng.bytes(len(some[middle : middle + 16]))
        yield "random bytes in the middle", bytes(some)
        yield "another beginning", rng.bytes(8) + content[8:]
    zipped = name.endswith(".gz")
    plain = gzip.decompress(content) if zipped else content
    first, newline, rest = plain.partition(b"\n") if ".jsonl" in name else (plain, b"", b"")
    if ".json" not in name:
        return
    for what, value in _changed(json.loads(first), rng):
        made = json.dumps(value).encode() + newline + rest
        yield what, gzip.compress(made) if zipped else made


HOSTILE_VALUES = (None, -1, 10**30, 1e308, "\x1b[31m\u202ex", [], {}, True, [[[]]], "../../../etc/passwd")


def _changed(value: Any, rng: np.random.Generator, depth: int = 2) -> Iterator[tuple[str, Any]]:
    """A JSON value with one of its parts left out or replaced, part by part."""
    if depth == 0:
        return
    keys: list[Any] = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    for key in keys[:12]:
        copy = value.copy()
        del copy[key]
        yield f"without {key!r}", copy
        for other in rng.permutation(len(HOSTILE_VALUES))[:2]:
            copy = value.copy()
            copy[key] = HOSTILE_VALUES[other]
            yield f"{key!r} replaced by {HOSTILE_VALUES[other]!r}", copy
        for what, changed in itertools.islice(_changed(value[key], rng, depth - 1), 6):
            copy = value.copy()
            copy[key] = changed
            yield f"{key!r}: {what}", copy


PARTS = 4  # of the files of a place, so that processes share them
DAMAGED = [  # but for what is no file: the names of built-in policies
    (name, field) for name, field in PLACES if "{" in VALID[name].get(field, "") and field not in WRITTEN
]


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    found = [path for path in place.rglob("*") if path.is_file() and "tensorboard" not in path.parts]
    return sorted(found, key=lambda path: (len(path.parts), path))[:16]


@pytest.mark.hostile
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(("name", "field"), DAMAGED)
def test_damage(world: World, withstand: Withstand, tmp_path: Path, name: str, field: str, part: int) -> None:
    """Each file of a valid folder or file in turn: a command ends well or refuses it, whatever is in it."""
    valid = Path(world.values(name, tmp_path)[field])
    place, rng = tmp_path / "given" / valid.name, np.random.default_rng([len(name), part])
    place.parent.mkdir()
    (shutil.copytree if valid.is_dir() else shutil.copy)(valid, place)
    faults, out = [], tmp_path / "work" / "out"
    words = tuple(world.words(name, out, **{field: str(place)}))
    for path in _files(place)[part::PARTS]:
        content = path.read_bytes()
        made = list(damages(content, path.name, rng))
        chosen = [made[i] for i in rng.permutation(len(made))[: 6 if name in BROAD else 1]]
        for what, damaged in chosen:
            path.write_bytes(damaged)
            faults += _withstood(withstand, Attack(name, words, f"{path.name} {what}", field, refused=False), out)
        for what in ("removed", "a folder", "a pipe") if name in BROAD else ("a pipe",):
            path.unlink()
            _put(path, what)
            faults += _withstood(withstand, Attack(name, words, f"{path.name} {what}", field, refused=False), out)
            _remove(path)
            path.write_bytes(content)
        path.write_bytes(content)
    assert not faults, "\n\n".join(faults)


def _put(path: Path, what: str) -> None:
    if what == "a folder":
        path.mkdir()
    elif what == "a pipe":
        os.mkfifo(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _withstood(withstand: Withstand, attack: Attack, out: Path) -> list[str]:
    if attack.command in ENDLESS:
        return []
    try:
        withstand(attack)
    except AssertionError as fault:
        return [str(fault)[:1500]]
    finally:
        for path in out.parent.iterdir():
            _remove(path)
    return []
