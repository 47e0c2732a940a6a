"""Episodes, rewards, searches and nouns equal those recorded from the original WebShop."""

import json
from itertools import pairwise

import pytest

from shoprl.compat.parity import Part, compare
from shoprl.compat.recordings import read_episodes, read_tagger
from shoprl.errors import TrajectoryError
from shoprl.reading import read_json_lines
from shoprl.shop.data import ShopData
from tests.support.actions import accepted
from tests.support.realdata import data_of, real_data


@pytest.fixture
def data() -> ShopData:
    return data_of(real_data())


def test_the_data_is_webshops(data: ShopData) -> None:
    assert (len(data.catalog), data.catalog.skipped, len(data.goals)) == (1_000, {}, 6_910)
    assert data.split.test == tuple(range(500))
    assert data.split.eval == tuple(range(500, 1_500))
    assert data.split.train == tuple(range(1_500, 6_910))


def test_the_recordings_are_whole() -> None:
    def lines(name: str) -> list[dict[str, object]]:
        return [row for _, row in read_json_lines(real_data() / "golden" / f"{name}.jsonl.gz", TrajectoryError)]

    rewards = lines("rewards")
    assert (len(lines("episodes")), len(rewards), len(lines("search"))) == (150, 3_000, 390)
    assert 0 < sum(row["goal_options_as_list"] is True for row in rewards) < 3_000


def test_every_step_purchase_and_query_is_equal(data: ShopData) -> None:
    parts = compare(real_data() / "golden", data)
    assert parts == {
        "episodes": Part(2_351, 2_351, ()),
        "rewards": Part(3_000, 3_000, ()),
        "search": Part(390, 390, ()),
    }


def chosen(url: str) -> list[str]:
    """The options chosen on an item page, by its address."""
    return list(json.loads(url[url.rindex("/{") + 1 :]).values()) if "/item_page/" in url else []


def test_the_rules_that_any_action_is_tested_by_are_the_originals(data: ShopData) -> None:
    rejected = stayed = moved = 0
    for episode in read_episodes(real_data() / "golden" / "episodes.jsonl.gz", data.goals):
        for before, step in pairwise(episode.steps):
            action, same = step.action or "", step.seen == before.seen
            if not accepted(before.seen["clickables"], action):
                assert same, action
                rejected += 1
            elif same:
                assert action.lower() in [f"click[{value}]" for value in chosen(before.seen["url"])]
                stayed += 1
            else:
                assert step.seen["url"] != before.seen["url"], action
                moved += 1
    assert (rejected, stayed, moved) == (102, 39, 2_060)


def test_every_titles_nouns_are_equal(data: ShopData) -> None:
    path = real_data() / "title_nouns.json"
    nouns = json.loads(path.read_text(encoding="utf-8"))
    assert len(nouns) == 1_000
    wrong = [asin for asin, words in nouns.items() if list(data.tagger.nouns(data.catalog[asin].title)) != words]
    assert wrong == []
    recorded = read_tagger(path, data.catalog, data.tagger)
    assert [list(recorded.nouns(data.catalog[asin].title)) for asin in nouns] == list(nouns.values())
