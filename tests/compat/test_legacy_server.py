"""The goals in play and the data behind the old-gym environments."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shoprl.compat.legacy import WebAgentTextEnv
from shoprl.errors import CatalogError, ConfigError, GoalError
from shoprl.shop.data import ShopData, shop_data
from tests.support.toyshop import toy_catalog, toy_data, toy_goals


def make(data: ShopData | None = None, **options: Any) -> WebAgentTextEnv:
    return WebAgentTextEnv("text_rich", data or toy_data(), **options)


def test_a_limit_keeps_the_goals_that_webshop_keeps() -> None:
    """By hand: ``random.seed(233)``, shuffle, then draws by its own rule until five differ."""
    data = toy_data()
    rng = random.Random(233)
    rng.shuffle([*data.goals])
    sums = [sum(goal.weight for goal in data.goals[:count]) for count in range(len(data.goals) + 1)]
    kept: list[int] = []
    while len(kept) < 5:
        position = rng.uniform(0, sums[-1])
        index = min(sum(each <= position for each in sums), len(data.goals) - 1)
        kept += [] if index in kept else [index]
    assert make(limit_goals=5).server.indices == tuple(kept)
    assert make(limit_goals=5, seed=1).server.indices == tuple(kept)


@pytest.mark.parametrize("limit", [-1, 35, 36])
def test_a_limit_that_is_none_keeps_all(limit: int) -> None:
    assert make(limit_goals=limit).server.indices == tuple(range(35))


@pytest.mark.parametrize("options", [{"filter_goals": lambda *_: True}, {"limit_goals": 3}])
def test_a_server_brings_its_goals(options: dict[str, Any]) -> None:
    server = make().server
    with pytest.raises(ConfigError, match="a server has its own goals"):
        WebAgentTextEnv(server=server, **options)
    assert make(server=server).server is server
    with pytest.raises(ConfigError, match="a server has its own data"):
        WebAgentTextEnv(data=replace(server.data), server=server)


def test_goals_are_made_when_they_are_looked_at() -> None:
    server = make().server
    assert server.goals._made == {}
    assert server.goals[-1] is server.goals[34] == toy_data().goals[34].to_json()
    assert len(server.goals._made) == 1
    assert server.goals[:2] == [server.goals[0], server.goals[1]]
    assert (len(server.goals), len(list(server.goals))) == (35, 35)
    with pytest.raises(IndexError):
        server.goals[35]


def test_a_filter_that_keeps_nothing_is_named() -> None:
    with pytest.raises(GoalError, match="filter_goals keeps no goal"):
        make(filter_goals=lambda *_: False)


@pytest.mark.parametrize("options", [{"num_products": 12, "human_goals": 0}, {"human_goals": False}])
def test_options_that_fit_the_data_are_taken(options: dict[str, Any]) -> None:
    assert len(make(**options).server.goals) == 35


def test_human_goals_are_recognised() -> None:
    data = shop_data(toy_catalog(), toy_goals("human"))
    assert make(data=data, human_goals=True).server.data is data
    with pytest.raises(ConfigError, match="holds human goals"):
        make(data=data, human_goals=0)


@pytest.mark.parametrize("human", [1, 0, None])
def test_either_kind_of_goals_is_made_of_a_folder(toy_folder: Path, human: int | None) -> None:
    env = WebAgentTextEnv("text", toy_folder, human_goals=human)
    expected = toy_goals("human" if human else "synthetic")  # WebShop's default as well
    assert env.server.goals == [goal.to_json() for goal in expected]
    assert WebAgentTextEnv("text", server=env.server, human_goals=human).server is env.server
    if human is not None:
        with pytest.raises(ConfigError, match="human_goals"):
            WebAgentTextEnv("text", server=env.server, human_goals=not human)


def test_skipped_products_count_as_products(toy_folder: Path) -> None:
    path = toy_folder / "items_shuffle_12.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    rows[-1]["pricing"] = "free"
    path.write_text(json.dumps(rows), encoding="utf-8")
    for count in (11, 12):
        WebAgentTextEnv("text", toy_folder, num_products=count)


@pytest.mark.parametrize("name", ["data", "file_path"])
@pytest.mark.parametrize("kind", [str, Path])
def test_a_folder_or_its_products_file_makes_the_same_shop(name: str, kind: Any, toy_folder: Path) -> None:
    for path in (toy_folder, toy_folder / "items_shuffle_12.json"):
        env = WebAgentTextEnv("text", **{name: kind(path)})
        assert env.server.data.hashes() == toy_data().hashes()


def test_other_files_and_missing_folders_are_named(toy_folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"prices.json: give the data folder, or the items_shuffle\*.json"):
        WebAgentTextEnv(file_path=toy_folder / "prices.json")
    with pytest.raises(CatalogError, match="no such f"):
        WebAgentTextEnv(file_path=toy_folder / "nowhere")
