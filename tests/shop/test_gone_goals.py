from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shoprl.shop.goal import Goal, store_goals
from shoprl.shop.gone_goals import gone_now, read_gone, write_splits
from shoprl.shop.splits import open_split, store_split, webshop_split
from tests.support.toyshop import toy_goals

ASINS = ["B1", "B12", "B", "ÄÖ", 'q"uote\\', "long/" * 100, "long/" * 100 + "x", "long/other", "🙂" * 12, "\n"]
NONE = np.zeros(0, dtype=np.int32)


def goals() -> list[Goal]:
    some = toy_goals()
    return [replace(some[n % len(some)], asin=asin) for n, asin in enumerate(ASINS * 3)]


@pytest.mark.parametrize("at_once", [200_000, 4])
def test_goals_of_removed_products_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr("shoprl.shop.gone_goals._GOALS", at_once)
    store_goals(tmp_path, goals())
    for removed in [[asin] for asin in ASINS] + [ASINS[:3], ASINS[3:], ASINS, ["B123", "long/", "no such"]]:
        expected = {number for number, goal in enumerate(goals()) if goal.asin in removed}
        assert gone_now(tmp_path, NONE, (), removed) == expected
    gone = np.array(sorted(gone_now(tmp_path, NONE, (), ASINS[:5])), dtype=np.int32)
    left = gone_now(tmp_path, gone, ASINS[1:3], ASINS[5:6])
    assert left == {number for number, goal in enumerate(goals()) if goal.asin in (ASINS[0], *ASINS[3:6])}


def test_splits_lose_the_goals_that_are_gone(tmp_path: Path) -> None:
    split = webshop_split(goals())
    store_split(tmp_path / "base" / "split", split)
    hashes = write_splits(tmp_path / "base", tmp_path / "changes", [0, 3, 29])
    again = open_split(tmp_path / "changes" / "split")
    assert hashes == {"split": again.content_hash}
    assert again.content_hash != split.content_hash
    assert [list(part) for part in (again.test, again.eval, again.train)] == [
        [1, 2],
        [4, 5, 6, 7, 8],
        list(range(9, 29)),
    ]
    assert read_gone(tmp_path / "changes").tolist() == [0, 3, 29]
    assert read_gone(tmp_path / "base").tolist() == read_gone(None).tolist() == []
