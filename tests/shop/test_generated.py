from collections.abc import Iterator
from pathlib import Path

import pytest

from shoprl.shop.data import read_data
from shoprl.shop.generated import generated_data, write_generated


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    generated_data.cache_clear()
    yield
    generated_data.cache_clear()


def test_equal_seeds_give_equal_hashes() -> None:
    first = generated_data(40, 1).hashes()
    generated_data.cache_clear()
    assert generated_data(40, 1).hashes() == first
    assert set(first) == {"catalog", "goals", "split", "disjoint_split"}


def test_other_seeds_and_sizes_give_other_shops() -> None:
    shops = [generated_data(*each).hashes() for each in ((40, 1), (40, 2), (41, 1))]
    assert len({shop["catalog"] for shop in shops}) == len({shop["goals"] for shop in shops}) == 3


def test_the_shop_is_made_once_a_process() -> None:
    assert generated_data(40, 1) is generated_data(40, 1)


def test_memory_and_folder_agree(tmp_path: Path) -> None:
    write_generated(tmp_path, 40, 1)
    assert read_data(tmp_path, strict=True).hashes() == generated_data(40, 1).hashes()
    names = {path.name for path in tmp_path.iterdir()}
    assert {"goals.jsonl.gz", "split.json", "split_disjoint.json"} < names


def test_equal_seeds_write_equal_bytes(tmp_path: Path) -> None:
    def written(folder: Path, seed: int) -> dict[str, bytes]:
        write_generated(folder, 40, seed)
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    first = written(tmp_path / "a", 1)
    assert written(tmp_path / "b", 1) == first
    other = written(tmp_path / "c", 2)
    assert all(other[name] != content for name, content in first.items())


def test_goals_are_human_and_splits_hold_every_goal() -> None:
    data = generated_data(60, 0)
    assert len(data.catalog) == 60
    assert all(isinstance(goal.options, tuple) for goal in data.goals)
    everything = list(range(len(data.goals)))
    assert data.disjoint is not None
    for split in (data.split, data.disjoint):
        assert sorted(split.train + split.eval + split.test) == everything
    owners = [{data.goals[index].asin for index in part} for part in (data.disjoint.train, data.disjoint.test)]
    assert not owners[0] & owners[1]
