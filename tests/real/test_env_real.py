"""The environment and WebShop's rule baseline on WebShop's 1,000 products."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import shoprl.shop  # noqa: F401  (registers the environment)
from shoprl.policies.simple import RulePolicy
from shoprl.rollouts.records import Episode
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.data import ShopData
from shoprl.shop.session import PER_PAGE
from shoprl.tasks.shop.task import ShopTask
from tests.support.realdata import data_of, real_data


@pytest.fixture
def data() -> ShopData:
    return data_of(real_data())


def by_rule(data: ShopData) -> list[Episode]:
    return run_episodes(RulePolicy(), ShopTask(data.shop), [(i, data.goals[i]) for i in range(500)], seed=0, label="")


def test_the_rule_succeeds_on_two_percent_of_the_test_goals(data: ShopData) -> None:
    episodes = by_rule(data)
    assert [episode.goal_index for episode in episodes] == list(range(500))
    assert sum(episode.success for episode in episodes) == 10
    assert all(episode.done and len(episode.decisions) == 3 for episode in episodes)


def test_the_environment_agrees_with_the_runner(data: ShopData) -> None:
    env = gymnasium.make("shoprl/WebShop-v0", data=data, split="test")
    for episode in by_rule(data)[:50]:
        env.reset(options={"goal": episode.goal_index})
        for decision in episode.decisions:
            _, reward, terminated, truncated, info = env.step(decision.action)
        assert (reward, terminated, truncated) == (episode.reward, True, False)
        assert info["reward_components"] == episode.components


def test_gymnasiums_checks_pass(data: ShopData) -> None:
    check_env(gymnasium.make("shoprl/WebShop-v0", data=data, render_mode="ansi").unwrapped)


def test_random_clicks_never_fail_and_always_change_the_page(data: ShopData) -> None:
    draw = np.random.default_rng(0)
    for index in draw.choice(len(data.goals), 60, replace=False):
        session = data.session(int(index))
        session.step(f"search[{session.goal.query}]")
        for _ in range(15):
            page = session.page
            unusable = {"search", *page.options.values()}
            clickables = [each for each in page.clickables if each not in unusable and "[" not in each and each]
            if not clickables:
                break
            session.step(f"click[{clickables[int(draw.integers(len(clickables)))]}]")
            assert session.page.url != page.url
            assert len(session.page.products) <= PER_PAGE
