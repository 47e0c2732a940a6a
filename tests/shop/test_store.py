"""The store on disk against the same folder read into memory."""

import multiprocessing
import pickle
import shutil
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from shoprl.catalog.store import StoredCatalog
from shoprl.shop.about import ABOUT, read_about
from shoprl.shop.data import ShopData, read_catalog_and_goals, read_data, read_shop
from shoprl.shop.goal import MAX_INSTRUCTION, StoredGoals, write_goals
from shoprl.shop.goal_choice import made_goals
from shoprl.shop.making import MadeGoals
from shoprl.shop.splits import SplitName, StoredIndices
from shoprl.shop.store import FOLDER, build_store, store_of
from shoprl.shop.vector import WebShopVectorEnv
from tests.support.stores import QUERIES, WRITERS, tree, walks, write_odd_folder
from tests.support.toyshop import EVERYTHING, toy_goals, write_toy_folder

pytestmark = pytest.mark.usefixtures("quick_disk")


@pytest.fixture(params=WRITERS, scope="module")
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[ShopData, ShopData, Path]:
    """A data folder read into memory, and its store."""
    folder = tmp_path_factory.mktemp(request.param) / "shop"
    WRITERS[request.param](folder)
    memory = read_data(folder)
    assert build_store(folder, shard=7) == folder / FOLDER
    return memory, read_data(folder), folder


def test_products_goals_splits_and_hashes_are_equal(both: tuple[ShopData, ShopData, Path]) -> None:
    memory, stored, _ = both
    assert isinstance(stored.catalog, StoredCatalog)
    assert isinstance(stored.goals, StoredGoals)
    assert list(stored.catalog) == list(memory.catalog)
    assert list(stored.goals) == list(memory.goals)
    assert stored.goals[-3:] == list(memory.goals)[-3:]
    assert stored.hashes() == memory.hashes()
    assert stored.catalog.skipped == memory.catalog.skipped
    assert stored.split.to_json() == memory.split.to_json()
    assert stored.disjoint is not None
    assert memory.disjoint is not None
    assert stored.disjoint.to_json() == memory.disjoint.to_json()
    for name in get_args(SplitName):
        part, expected = stored.split.part(name), list(memory.split.part(name))
        assert isinstance(part, StoredIndices)
        assert (list(part), len(part), part[:3], part[-1]) == (expected, len(expected), expected[:3], expected[-1])
        assert type(part[0]) is int
        with pytest.raises(IndexError):
            part[len(part)]


def test_the_odd_folder_is_odd(tmp_path: Path) -> None:
    write_odd_folder(tmp_path)
    data = read_data(tmp_path)
    assert sum(data.catalog.skipped.values()) == 7
    assert max(len(goal.instruction) for goal in data.goals) > MAX_INSTRUCTION
    assert sum(goal.asin == "B?" for goal in data.goals) == 3**6  # every combination of its options


def test_searches_find_the_same(both: tuple[ShopData, ShopData, Path]) -> None:
    memory, stored, _ = both
    draw = np.random.default_rng(5)
    words = sorted({word for product in memory.catalog for word in product.title.lower().split()})
    queries = [goal.instruction for goal in memory.goals] + list(QUERIES) + words
    queries += [" ".join(draw.choice(words, size=draw.integers(1, 8))) for _ in range(100)]
    found = [memory.index.search(query) for query in queries]
    assert [stored.index.search(query) for query in queries] == found
    assert sum(map(bool, found)) > 0.8 * len(found)
    assert (len(stored.index), stored.index.token_count) == (len(memory.index), memory.index.token_count)
    listings = {f"<q> {p.query}" for p in memory.catalog} | {f"<c> {p.category}" for p in memory.catalog}
    for listing in (*listings, "<q> no such", "<c> ", "<q>"):
        results = [list(data.shop.find(listing.split(" "))) for data in (memory, stored)]
        assert results[0] == results[1]


def test_environments_are_equal(both: tuple[ShopData, ShopData, Path]) -> None:
    memory, stored, _ = both
    found = walks(memory, range(16))
    assert walks(stored, range(16)) == found
    assert any(episode[-1][1] > 0 for episode in found)
    envs = [WebShopVectorEnv(3, data) for data in (memory, stored)]
    for actions in (None, ["search[red]"] * 3, ["click[< back]", "search[a]", "nonsense"]):
        results = [repr(env.step(actions) if actions else env.reset(seed=1)) for env in envs]
        assert results[0] == results[1]


@pytest.mark.parametrize("made", get_args(MadeGoals))
def test_goals_are_made_as_in_memory(made: MadeGoals, tmp_path: Path) -> None:
    write_odd_folder(tmp_path / "odd")
    memory = read_data(tmp_path / "odd", goals=made)
    store = build_store(tmp_path / "odd", tmp_path / "out", goals=made, shard=4)
    stored = read_data(store)
    assert isinstance(stored.goals, StoredGoals)
    assert list(stored.goals) == list(memory.goals) == list(made_goals(memory.catalog, made))
    assert read_about(store).made == made
    for other in get_args(MadeGoals):  # of a store, any other goals can be made as well
        again = read_data(store, goals=other)
        assert again.hashes() == read_data(tmp_path / "odd", goals=other).hashes()
        assert (again.hashes() == stored.hashes()) == (other == made)


def test_all_readers_open_the_store(both: tuple[ShopData, ShopData, Path]) -> None:
    memory, stored, folder = both
    catalog, goals = read_catalog_and_goals(folder)
    assert isinstance(catalog, StoredCatalog)
    assert list(goals) == list(memory.goals)
    assert read_shop(folder).search.find(EVERYTHING) == stored.shop.search.find(EVERYTHING)
    assert store_of(folder) == store_of(folder / FOLDER) == folder / FOLDER


def test_a_store_stands_alone(both: tuple[ShopData, ShopData, Path], tmp_path: Path) -> None:
    memory, _, folder = both
    shutil.copytree(folder / FOLDER, tmp_path / "moved")
    moved = read_data(tmp_path / "moved")
    assert moved.hashes() == memory.hashes()
    assert walks(moved, range(3)) == walks(memory, range(3))


def test_few_products_have_no_disjoint_split(tmp_path: Path) -> None:
    write_toy_folder(tmp_path)
    write_goals(tmp_path / "goals.jsonl", [goal for goal in toy_goals() if goal.asin == "B0LAMP0002"] * 2)
    memory = read_data(tmp_path)
    build_store(tmp_path)
    assert read_data(tmp_path).disjoint is memory.disjoint is None
    assert read_data(tmp_path).hashes() == memory.hashes()


def test_the_size_of_shards_makes_no_difference(tmp_path: Path) -> None:
    write_odd_folder(tmp_path / "data")
    stores = [tree(build_store(tmp_path / "data", tmp_path / str(shard), shard=shard)) for shard in (1, 7, 50_000)]
    assert stores[0] == stores[1] == stores[2]
    folders = {Path(file).parts[0] for file in stores[0]}
    assert folders == {
        "products",
        "index",
        "goals",
        "split",
        "disjoint",
        ABOUT,
        "digests.json",
    }  # nothing of the work is left
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "50000", "7", "data"]


# Other processes


def test_a_pickle_is_small_and_opens_the_store(both: tuple[ShopData, ShopData, Path]) -> None:
    memory, stored, _ = both
    walks(stored, range(2))  # what is remembered does not travel
    pickled = pickle.dumps(stored)
    assert len(pickled) < 5_000
    again = pickle.loads(pickled)
    assert isinstance(again.goals, StoredGoals)
    assert isinstance(again.split.train, StoredIndices)
    assert again.hashes() == memory.hashes()
    assert walks(again, range(2)) == walks(memory, range(2))


def test_a_store_works_in_another_process(built: Path) -> None:
    stored = read_data(built)
    expected = walks(stored, range(3))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(walks, (stored, range(3))) == expected
