import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from shoprl.catalog.style import Style, draw_style
from shoprl.errors import RunError
from shoprl.shop import generated
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.generated import generated_data, write_generated
from shoprl.shop.goal import NO_CEILING, Goal
from shoprl.tasks.instruction import parse_instruction
from shoprl.trajectories.shoppers import plan_for


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
    assert all(other[name] != content for name, content in first.items() if name != "shop.json")


def test_a_missing_price_is_unknown_and_asked_for_without_a_ceiling() -> None:
    data = generated_data(200, 0)
    unknown = {product.asin for product in data.catalog if product.price is None}
    assert unknown
    asked = [goal for goal in data.goals if goal.asin in unknown]
    assert asked
    assert all(goal.price_upper == NO_CEILING and "price" not in goal.instruction for goal in asked)


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


def test_goals_of_a_large_shop_ask_for_some_products_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generated, "ASKED_FOR", 25)
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    write_generated(tmp_path, 80, 3)
    data = read_data(tmp_path)
    asins = [product.asin for product in data.catalog]
    drawn = []
    for seed in range(12):
        products, content = generated._asked_for(tmp_path, seed)
        assert content == data.catalog.content_hash
        assert len({product.asin for product in products}) == len(products) == 25
        drawn.append([asins.index(product.asin) for product in products])
    assert {goal.asin for goal in data.goals} == {
        asins[place] for place in drawn[3] if data.catalog.products[place].requests
    }
    assert len({tuple(places) for places in drawn}) == 12
    counts = np.bincount(np.concatenate(drawn), minlength=80)
    assert (counts > 0).sum() > 70  # each has a chance of 25 in 80: 79 are expected
    assert 0.7 < counts[:40].sum() / counts[40:].sum() < 1.4


def test_the_products_asked_for_depend_on_the_seed_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = generated_data(60, 1)
    monkeypatch.setattr(generated, "ASKED_FOR", 25)
    generated_data.cache_clear()
    some = generated_data(60, 1)
    assert some.catalog.content_hash == whole.catalog.content_hash
    assert set(some.goals) != set(whole.goals)
    written = write_generated(tmp_path / "a", 60, 1)
    assert written.hashes == some.hashes() == read_data(tmp_path / "a").hashes()
    assert written.goals == len(some.goals)
    monkeypatch.setattr(generated, "ASKED_FOR", 60)  # no more than there are: all, in order
    generated_data.cache_clear()
    assert generated_data(60, 1).hashes() == whole.hashes()


def earned(data: ShopData, goal: Goal, hits: int) -> float:
    """The best reward among the first hits, each bought with its best options."""
    found = data.shop.find(parse_instruction(goal.instruction).wish.lower().split(" "))[:hits]
    return max((plan_for(product, goal, data.shop).reward for product in found), default=0.0)


def test_the_default_shop_is_hard_but_not_broken() -> None:
    """As in real shops the first hit is often wrong, and one of the first ten is nearly always right."""
    data, plain = generated_data(1_000, 0), generated_data(1_000, 0, Style.plain())
    first, ten, easy = (
        [earned(shop, goal, hits) == 1.0 for _, goal in shop.goals_of("test", 150)]
        for shop, hits in ((data, 1), (data, 10), (plain, 1))
    )
    assert 0.45 < np.mean(first) < 0.72
    assert np.mean(ten) > 0.9
    assert np.mean(easy) > 0.75


def test_a_style_is_kept_in_memory_and_in_a_folder(tmp_path: Path) -> None:
    style = draw_style(np.random.default_rng(3))
    written = write_generated(tmp_path / "shop", 60, 1, style)
    assert written.hashes == generated_data(60, 1, style).hashes() != generated_data(60, 1).hashes()


GENERATE = """
import sys
from pathlib import Path
from shoprl.errors import RunError
from shoprl.shop.generated import write_generated

print("ready", flush=True)
sys.stdin.readline()
try:
    write_generated(Path(sys.argv[1]), 40, 0)
except RunError as error:
    print(error)
"""


def started(folder: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", GENERATE, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    return process


def test_of_two_at_once_one_writes_the_folder(tmp_path: Path) -> None:
    write_generated(tmp_path / "whole", 40, 0)
    answers = [process.communicate(timeout=60)[0] for process in [started(tmp_path / "shop") for _ in range(2)]]
    assert sorted(map(bool, answers)) == [False, True]
    assert any("is at work there" in answer or "not an empty folder" in answer for answer in answers)
    for path in (tmp_path / "whole").iterdir():
        assert (tmp_path / "shop" / path.name).read_bytes() == path.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shop", "whole"]


def test_killed_at_any_moment_it_is_written_by_the_next(tmp_path: Path) -> None:
    draw = random.Random(0)
    for _ in range(3):
        process = started(tmp_path / "shop")
        time.sleep(draw.random() / 4)
        process.kill()
        process.wait()
        if (tmp_path / "shop").exists():
            shutil.rmtree(tmp_path / "shop")
    write_generated(tmp_path / "shop", 40, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("years of work")
    with pytest.raises(RunError, match="not an empty folder"):
        write_generated(tmp_path, 40, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
