"""Goals whose product was removed: they stay in the goal list, and leave the splits."""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from shoprl.catalog.records import Records, load_array, save_array
from shoprl.shop.goal import StoredGoals
from shoprl.shop.splits import Split, SplitName, open_split, store_split

SPLITS = {"split": "split", "disjoint": "disjoint_split"}  # folder in a store -> name of its hash
_GONE = "gone.npy"
_START = b'{"asin": '  # of a goal's record
_COMPARED = 12  # letters of an ASIN by which a goal is ruled out
_GOALS = 200_000  # looked at together


def read_gone(changes: Path | None) -> NDArray[np.int32]:
    """The goals that left the splits of a store, ascending."""
    if changes is None or not (changes / _GONE).is_file():
        return np.zeros(0, dtype=np.int32)
    return load_array(changes / _GONE)


def gone_now(goals: Path, gone: NDArray[np.int32], added: Collection[str], removed: Collection[str]) -> set[int]:
    """The goals whose product is not there after an update.

    Args:
        goals: their folder.
        gone: those whose product was not there before it.
        added: ASINs of the products that it adds.
        removed: of those that it removes.
    """
    stored = StoredGoals(goals, "")
    returned = {number for number in gone.tolist() if added and stored[number].asin in added}
    return (set(gone.tolist()) - returned) | set(_asking_for(goals, removed))


def _asking_for(goals: Path, asins: Collection[str]) -> Iterator[int]:
    """The numbers of the goals made from some products, which is read off their records' first bytes."""
    texts = {json.dumps(asin, ensure_ascii=False).encode(): asin for asin in asins}
    stored, records = StoredGoals(goals, ""), Records(goals)
    for width in {min(len(text), _COMPARED) for text in texts}:
        wanted = np.array(sorted({text[:width] for text in texts if min(len(text), _COMPARED) == width}), dtype=bytes)
        for first in range(0, len(records), _GOALS):
            starts = records.starts(first, first + _GOALS, len(_START), width)
            for number in (np.flatnonzero(np.isin(starts, wanted)) + first).tolist():
                if stored[number].asin in asins:
                    yield number


def write_splits(base: Path, changes: Path, gone: Collection[int]) -> dict[str, str]:
    """Write the splits of a store without some goals.

    Args:
        base: holds the splits of all goals.
        changes: the folder to write.
        gone: the goals to leave out.

    Returns:
        Name -> content hash of each.
    """
    left_out = np.array(sorted(gone), dtype=np.int32)
    save_array(changes / _GONE, left_out)
    hashes = {}
    for name, named in SPLITS.items():
        if (base / name).is_dir():
            whole = open_split(base / name)
            parts = {part: np.array(list(whole.part(part)), dtype=np.int32) for part in get_args(SplitName)}
            left = {part: tuple(each[~np.isin(each, left_out)].tolist()) for part, each in parts.items()}
            split = Split(whole.kind, left["train"], left["eval"], left["test"], whole.goals_sha256)
            store_split(changes / name, split)
            hashes[named] = split.content_hash
    return hashes
