from dataclasses import replace

import pytest

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.ids import asin_of
from shoprl.rollouts.records import episode_from_json
from shoprl.service.database import open_database, writing
from shoprl.service.decisions import Listed, keep
from shoprl.service.feedback import record
from shoprl.service.learnable import REQUESTS_SHA256, demonstration_rows, pair_rows, sold
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.examples import examples
from shoprl.trajectories.files import read_trajectories, write_trajectories
from tests.support.service import decision, happened
from tests.support.toyshop import toy_data

SHOE = "B0SHOE0002"


@pytest.fixture
def shop():
    return toy_data().shop


@pytest.fixture
def engine(tmp_path, shop):
    engine = open_database(f"sqlite:///{tmp_path / 'service.db'}")
    asins = list(shop.catalog.asins())[:2]
    option, value = next((name, values[0]) for name, values in shop.catalog[SHOE].options.items())
    items = (Listed(1, asins[0], 0.5, {"title": "other"}), Listed(2, SHOE, 0.5, {"options": {option: value}}))
    gone = (Listed(1, asins[0], 0.5, {}), Listed(2, "GONE", 0.5, {}))
    strange = (Listed(1, SHOE, 0.5, {"options": {option: "no such value"}}),)
    made = [decision(f"d_{n}", request=shop.catalog[SHOE].title, items=items) for n in range(3)]
    made += [decision("d_gone", items=gone), decision("d_strange", request=shop.catalog[SHOE].title, items=strange)]
    made += [decision("d_far", request="tea", items=items)]
    with writing(engine) as connection:
        keep(connection, made)
        events = [happened(f"e{n}", decision_id=each.decision_id, item_id=SHOE, type="purchase") for n, each in
                  enumerate(made)]  # fmt: skip
        events[3] = replace(events[3], item_id="GONE")
        record(connection, events, 150.0)
    yield engine
    engine.dispose()


def all_rows(page, limit):
    after, rows, left_out = 0, [], {}
    while after is not None:
        found = page(after, limit)
        rows += found.rows
        for reason, count in found.left_out.items():
            left_out[reason] = left_out.get(reason, 0) + count
        after = found.after
    return rows, left_out


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_pairs_come_a_page_at_a_time(engine, shop, limit):
    rows, left_out = all_rows(lambda after, size: pair_rows(engine, shop.catalog, after, size), limit)
    assert [row["about"]["decision_id"] for row in rows] == ["d_0", "d_1", "d_2", "d_far"]
    assert all(row["about"]["item_ids"][0] == SHOE and row["rejected"] == "other" for row in rows)
    assert left_out == {"product gone": 1}


def test_purchases_replay_in_the_shop(engine, shop, tmp_path):
    task = ShopTask(shop)
    rows, left_out = all_rows(lambda after, size: demonstration_rows(engine, task, after, size), 2)
    assert [row["about"]["decision_id"] for row in rows] == ["d_0", "d_1", "d_2"]
    assert left_out == {"product gone": 1, "options changed": 1, "not found by the request's own search": 1}
    row = rows[0]
    assert (row["asin"], row["reward"], row["done"], row["goal_index"]) == (SHOE, None, True, 1)
    assert row["actions"][-1] == "click[buy now]"
    assert len(row["options"]) == 1
    episodes = [episode_from_json(each) for each in rows]
    write_trajectories(tmp_path / "bought.jsonl", episodes, REQUESTS_SHA256)
    assert read_trajectories(tmp_path / "bought.jsonl", REQUESTS_SHA256) == episodes
    requests = [each["request"] for each in rows]
    shown = examples(task, requests, [replace(each, goal_index=place) for place, each in enumerate(episodes)])
    assert len(shown) >= 3


def test_a_product_is_known_by_its_catalogues_id(shop):
    product = shop.catalog[SHOE]
    named = [asin_of("mug, 1"), asin_of("MUG, 1", {asin_of("mug, 1").lower()})]
    catalog = Catalog([replace(product, asin=asin) for asin in named])
    assert [sold(catalog, each) for each in ("mug, 1", "MUG, 1", "jug")] == [*named, None]
