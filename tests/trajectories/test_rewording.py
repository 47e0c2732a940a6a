from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from shoprl.catalog.vocabulary.everyday import SAID, SIZES
from shoprl.shop.data import ShopData
from shoprl.shop.generated import generated_data
from shoprl.shop.goal import Goal, goals_hash
from shoprl.tasks.instruction import parse_instruction
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.rewording import NO_CEILING, reword, reworded, with_reworded
from shoprl.trajectories.shoppers import EXPERT, demonstrations


@pytest.fixture(scope="module")
def data() -> ShopData:
    return generated_data(200, 0)


@pytest.fixture(scope="module")
def others(data: ShopData) -> list[Goal]:
    return reworded(data.catalog, data.goals, range(len(data.goals)), 1, np.random.default_rng(1))


def test_a_reworded_goal_asks_for_less_of_the_same_product(data: ShopData, others: Sequence[Goal]) -> None:
    for old, new in zip(data.goals, others, strict=True):
        assert new.asin == old.asin
        assert new.attributes
        assert set(new.attributes) <= set(old.attributes)
        assert set(new.option_values) <= set(old.option_values)
        assert new.instruction != old.instruction
    assert any(len(new.attributes) < len(old.attributes) for old, new in zip(data.goals, others, strict=True))


def test_a_ceiling_is_kept_exactly_where_it_is_named(data: ShopData, others: Sequence[Goal]) -> None:
    named = [parse_instruction(goal.instruction).ceiling for goal in others]
    kept = [goal.price_upper < NO_CEILING for goal in others]
    assert 0.6 < sum(kept) / len(kept) < 0.9
    for goal, ceiling, price_kept in zip(others, named, kept, strict=True):
        if price_kept:
            assert ceiling == pytest.approx(goal.price_upper, abs=0.01)
        else:
            assert "$" not in goal.instruction


def test_an_expert_still_finds_what_is_asked_for(data: ShopData, others: list[Goal]) -> None:
    trips = demonstrations(ShopTask(data.shop), others, range(len(others)), 200, EXPERT, np.random.default_rng(0))
    assert sum(trip.success for trip in trips) >= 190


def test_wordings_differ_and_come_from_the_generator_alone(data: ShopData) -> None:
    def texts(seed: int) -> list[str]:
        rng = np.random.default_rng(seed)
        return [goal.instruction for goal in reworded(data.catalog, data.goals, [0, 1], 20, rng)]

    assert texts(3) == texts(3)
    assert texts(3) != texts(4)
    assert len(set(texts(3))) >= 39


def test_everyday_words_stand_for_properties_and_sizes(data: ShopData) -> None:
    goal = replace(data.goals[0], attributes=("machine wash",), options={"size": "xx-large"})
    product = data.catalog[goal.asin]
    rng = np.random.default_rng(0)
    texts = [reword(goal, product, rng).instruction for _ in range(200)]
    for words in (SAID["machine wash"], SIZES["xx-large"]):
        seen = [word for word in words if any(word in text for text in texts)]
        assert len(seen) >= len(words) - 1


def test_a_slip_of_the_keyboard_spares_option_values(data: ShopData) -> None:
    goal = replace(data.goals[0], options={"finish": "burnished copper"})
    rng = np.random.default_rng(0)
    asked = [reword(goal, data.catalog[goal.asin], rng) for _ in range(300)]
    assert all("burnished copper" in g.instruction for g in asked if g.options)


def test_a_shortened_value_still_says_which(data: ShopData) -> None:
    product = replace(
        data.catalog[data.goals[0].asin],
        options={"pack": ("8 ounce (pack of 1)", "8 ounce (pack of 6)", "two very big bags")},
    )
    rng = np.random.default_rng(0)

    def texts(value: str) -> list[str]:
        goal = replace(data.goals[0], options={"pack": value})
        made = [reword(goal, product, rng) for _ in range(200)]
        return [each.instruction for each in made if each.options]

    assert all("8 ounce (pack of 6)" in text for text in texts("8 ounce (pack of 6)"))
    assert any("two very big" in text and "bags" not in text for text in texts("two very big bags"))


def test_what_follows_a_noun_follows_it(data: ShopData) -> None:
    goal = replace(data.goals[0], attributes=("gluten free",), options={}, query="cookies")
    rng = np.random.default_rng(0)
    texts = [reword(goal, data.catalog[goal.asin], rng).instruction for _ in range(300)]
    assert any("without gluten" in text for text in texts)
    assert not any("without gluten cookies" in text or "no gluten cookies" in text for text in texts)


def test_phrases_are_whole(data: ShopData) -> None:
    assert all(phrase and phrase == phrase.strip().lower() for phrases in SAID.values() for phrase in phrases)
    assert all(name not in phrases for table in (SAID, SIZES) for name, phrases in table.items())


def test_reworded_goals_join_the_training_goals_alone(data: ShopData) -> None:
    more = with_reworded(data, 2, np.random.default_rng(0))
    count = len(data.goals)
    assert list(more.goals[:count]) == list(data.goals)
    assert (more.split.test, more.split.eval) == (data.split.test, data.split.eval)
    added = [index for index in more.split.train if index >= count]
    assert len(added) == 2 * len(data.split.train) == len(more.goals) - count
    asked = {data.goals[index].asin for index in data.split.train}
    assert {more.goals[index].asin for index in added} == asked
    assert more.disjoint is not None
    assert data.disjoint is not None
    held = {data.goals[index].asin for index in data.disjoint.test}
    assert held == {more.goals[index].asin for index in more.disjoint.test}
    assert any(index >= count for index in more.disjoint.test)
    assert more.hashes()["goals"] == goals_hash(more.goals) == more.split.goals_sha256
