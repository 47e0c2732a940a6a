import pytest

from shoprl.catalog.catalog import Catalog
from shoprl.policies.simple import RulePolicy
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.data import ShopData, shop_data
from shoprl.tasks.shop.many import ManyShops, ShopGoal
from tests.support.toyshop import PRODUCTS, toy_data, toy_goals


@pytest.fixture(scope="module")
def task() -> ManyShops:
    products = [product for product in PRODUCTS if "TEA" in product.asin]
    return ManyShops((toy_data().shop, shop_data(Catalog(products), toy_goals()).shop), max_steps=7)


def test_an_episode_is_in_its_goals_shop(task: ManyShops) -> None:
    goal = next(goal for goal in toy_goals() if "TEA" in goal.asin)
    for number, shop in enumerate(task.shops):
        live = task.start(ShopGoal(number, goal))
        assert live.session.shop is shop
        assert live.state.steps_left == 7
        assert live.state.request == live.state.instruction.text
        assert task.task_of(ShopGoal(number, goal)).shop is shop


def test_a_goal_whose_product_is_gone(task: ManyShops, toy: ShopData) -> None:
    goal = toy.goals[0]
    shop = task.task_of(ShopGoal(0, goal, gone=True)).shop
    assert shop.hidden == {goal.asin}
    assert goal.asin not in {product.asin for product in shop.find(["toymart"])}
    assert goal.asin in {product.asin for product in task.shops[0].find(["toymart"])}


def test_goals_are_told_apart(task: ManyShops, toy: ShopData) -> None:
    first, second = toy.goals[:2]
    goals = [ShopGoal(0, first), ShopGoal(1, first), ShopGoal(0, first, gone=True), ShopGoal(0, second)]
    described = [repr(task.describe(goal)) for goal in goals]
    assert len(set(described)) == len(described)
    assert repr(ManyShops(task.shops, 8).describe(goals[0])) != described[0]


def test_policies_shop_in_all(task: ManyShops) -> None:
    tea = [goal for goal in toy_goals() if "TEA" in goal.asin]
    goals = [ShopGoal(number, goal, gone) for number in (0, 1) for gone in (False, True) for goal in tea]
    episodes = run_episodes(RulePolicy(), task, list(enumerate(goals)), 0, label="")
    assert all(episode.done for episode in episodes)
    assert not any(e.asin == goal.goal.asin for e, goal in zip(episodes, goals, strict=True) if goal.gone)
