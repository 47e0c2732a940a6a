from dataclasses import astuple, replace

import numpy as np
import pytest

from shoprl.catalog.catalog import Catalog
from shoprl.errors import ConfigError
from shoprl.rollouts.recording import Recording
from shoprl.rollouts.records import Episode
from shoprl.shop.data import ShopData, shop_data
from shoprl.shop.generated import generated_data
from shoprl.tasks.instruction import parse_instruction
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.shoppers import (
    EXPERT,
    Shopper,
    average_skill,
    demonstration,
    demonstrations,
    habits,
    plan_for,
)
from tests.support.toyshop import toy_data


@pytest.fixture(scope="module")
def shop() -> ShopData:
    return generated_data(120, 0)


def trips(data: ShopData, skill: float, count: int = 120, **settings: float) -> list[Episode]:
    rngs = np.random.default_rng(0).spawn(count)
    return [
        demonstration(ShopTask(data.shop), i, data.goals[i], skill, rng, **settings)  # type: ignore[arg-type]
        for i, rng in enumerate(rngs)
    ]


def success(episodes: list[Episode]) -> float:
    return sum(episode.success for episode in episodes) / len(episodes)


def test_an_expert_earns_the_best_there_is(shop: ShopData) -> None:
    episodes = trips(shop, EXPERT, 60)
    best = []
    for episode in episodes:
        goal = shop.goals[episode.goal_index]
        found = shop.shop.find(parse_instruction(goal.instruction).wish.lower().split(" "))
        best.append(max(plan_for(product, goal, shop.shop).reward for product in found))
    assert all(episode.done for episode in episodes)
    reached = [episode.reward >= top for episode, top in zip(episodes, best, strict=True)]
    assert sum(reached) / len(reached) >= 0.95
    assert success(episodes) >= 0.9


def test_success_grows_with_skill(shop: ShopData) -> None:
    rates = [success(trips(shop, skill)) for skill in (0.0, 0.3, 0.7, 1.0)]
    assert rates[3] > rates[2] + 0.1
    assert rates[2] > rates[1] + 0.1
    assert rates[1] >= rates[0]


def test_mistakes_come_from_the_generator_alone(shop: ShopData) -> None:
    first, second = trips(shop, 0.6, 30), trips(shop, 0.6, 30)
    assert first == second
    other = [
        demonstration(ShopTask(shop.shop), i, shop.goals[i], 0.6, rng)
        for i, rng in enumerate(np.random.default_rng(1).spawn(30))
    ]
    assert other != first


def test_an_expert_makes_no_slips_and_a_recovering_one_does(shop: ShopData) -> None:
    assert all(episode.slips == () for episode in trips(shop, EXPERT, 40))
    slipping = trips(shop, EXPERT, 60, recovery=0.5)
    assert sum(bool(episode.slips) for episode in slipping) > 15
    for episode in slipping:
        for position in episode.slips:
            assert episode.decisions[position].page == "results"
            opened = episode.decisions[position].action[6:-1].upper()
            assert opened in {product.asin for product in shop.catalog}
            assert episode.decisions[position + 1].page == "item"
    assert success(slipping) >= 0.85  # they recover


@pytest.mark.parametrize("max_steps", [1, 3, 4, 6])
def test_trips_keep_to_the_limit(shop: ShopData, max_steps: int) -> None:
    for index, rng in enumerate(np.random.default_rng(0).spawn(15)):
        goal = shop.goals[index]
        episode = demonstration(ShopTask(shop.shop, max_steps), index, goal, 0.5, rng, recovery=0.3)
        assert len(episode.decisions) <= max_steps
        assert episode.done == (max_steps >= 3)
        if not episode.done:
            assert (episode.reward, episode.asin, episode.options) == (0.0, None, {})


def test_a_search_without_results_ends(shop: ShopData) -> None:
    goal = replace(shop.goals[0], instruction="xyzzy")
    episode = demonstration(ShopTask(shop.shop), 0, goal, EXPERT, np.random.default_rng(0))
    assert (len(episode.decisions), episode.done, episode.reward) == (15, False, 0.0)


def test_every_action_did_something(toy: ShopData) -> None:
    for index, rng in enumerate(np.random.default_rng(0).spawn(len(toy.goals))):
        session = toy.session(index)
        for decision in demonstration(ShopTask(toy.shop), index, toy.goals[index], 0.4, rng, recovery=0.3).decisions:
            assert session.page.kind == decision.page
            page = session.page
            session.step(decision.action)
            assert session.page != page, decision


def test_habits_fade_with_skill() -> None:
    assert set(astuple(habits(1.0))) == {0.0}
    for clumsy, skilled in zip(astuple(habits(0.0)), astuple(habits(0.5)), strict=True):
        assert 0 < skilled < clumsy <= 1


@pytest.mark.parametrize("skill", [-0.01, 1.01, float("nan"), float("inf")])
def test_skill_is_bounded(skill: float) -> None:
    with pytest.raises(ConfigError, match="skill"):
        habits(skill)


def test_average_skill_succeeds_half_the_time(shop: ShopData) -> None:
    train = shop.split.train
    skill = average_skill(ShopTask(shop.shop), shop.goals, train, np.random.default_rng(0), episodes=120)
    assert skill == average_skill(ShopTask(shop.shop), shop.goals, train, np.random.default_rng(0), episodes=120)
    assert 0.2 < skill < 0.95
    made = demonstrations(ShopTask(shop.shop), shop.goals, train, 200, skill, np.random.default_rng(9))
    assert success(made) == pytest.approx(0.5, abs=0.12)


def test_demonstrations_go_round_the_goals(toy: ShopData) -> None:
    made = demonstrations(ShopTask(toy.shop), toy.goals, (3, 5, 8), 7, EXPERT, np.random.default_rng(0))
    shown = [episode.goal_index for episode in made]
    assert sorted(shown[:3]) == sorted(shown[3:6]) == [3, 5, 8]
    assert shown[6] in (3, 5, 8)
    assert made == demonstrations(ShopTask(toy.shop), toy.goals, (3, 5, 8), 7, EXPERT, np.random.default_rng(0))


def test_demonstrations_need_goals_and_a_count(toy: ShopData) -> None:
    for indices, count in (((), 3), ((1,), 0)):
        with pytest.raises(ConfigError, match="at least"):
            demonstrations(ShopTask(toy.shop), toy.goals, indices, count, EXPERT, np.random.default_rng(0))


def test_an_option_without_values_stops_no_shopper() -> None:
    data = toy_data()
    product = replace(data.catalog.products[0], options={"fit": ()})
    catalog = Catalog([product, *data.catalog.products[1:]])
    plan = plan_for(product, data.goals[0], shop_data(catalog, data.goals).shop)
    assert plan.options == {}


SECTIONS = ("click[features]", "click[description]")


def opened_sections(episodes: list[Episode]) -> int:
    return sum(decision.action in SECTIONS for episode in episodes for decision in episode.decisions)


def read(data: ShopData, reading: float, count: int = 60) -> list[Episode]:
    """An expert's episodes, recorded as :func:`demonstration` does."""
    episodes = []
    for i, rng in enumerate(np.random.default_rng(0).spawn(count)):
        recording = Recording(ShopTask(data.shop).start(data.goals[i]), i)
        live = recording.live
        shopper = Shopper(data.goals[i], data.shop, live.queries[0], habits(EXPERT), 0.0, rng, reading)
        while not recording.over:
            recording.take(shopper.act(live.page, 15 - live.steps))
        episodes.append(recording.episode())
    return episodes


def test_an_expert_that_reads_opens_sections_once_and_buys_as_well(shop: ShopData) -> None:
    never, always = read(shop, 0.0), read(shop, 1.0)
    assert never == trips(shop, EXPERT, 60)  # reading costs no draw where there is none
    assert opened_sections(never) == 0
    assert opened_sections(always) > 10
    assert success(always) >= success(never) - 0.02
    for episode in always:
        product = ""
        done: set[tuple[str, str]] = set()
        for decision in episode.decisions:
            action = decision.action[6:-1]
            if decision.page == "results" and action.upper() in shop.shop.catalog:
                product = action
            elif action in ("features", "description"):
                assert (product, action) not in done
                done.add((product, action))


def test_an_expert_reads_no_more_than_it_needs(shop: ShopData) -> None:
    needless = 0
    for episode in read(shop, 1.0):
        goal = shop.goals[episode.goal_index]
        title = shop.shop.catalog[goal.asin].title.lower()
        opened = [each.action[6:-1].upper() for each in episode.decisions if each.page == "results"]
        if opened == [goal.asin] and all(attribute in title for attribute in goal.attributes):
            needless += 1
            assert opened_sections([episode]) == 0
    assert needless
