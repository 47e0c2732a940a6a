from dataclasses import replace

import numpy as np
import pytest

from shoprl.errors import ConfigError
from shoprl.policies.networks.match.policy import MatchPolicy
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.many import ManyShops, ShopGoal
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.coaching import Coaching, Fits, coached, slim
from shoprl.trajectories.examples import Example, identity_of_examples
from shoprl.trajectories.shoppers import plan_for
from tests.support.matching import match_policy
from tests.support.toyshop import EVERYTHING, toy_data

SHOWN = Coaching(recovery=0.0, reading=0.0)


@pytest.fixture(scope="module")
def task() -> ManyShops:
    return ManyShops((toy_data().shop,))


@pytest.fixture(scope="module")
def goals() -> list[ShopGoal]:
    return [ShopGoal(0, toy_data().goals[index]) for index in toy_data().split.train][:14]


def run(
    task: ManyShops, goals: list[ShopGoal], config: Coaching = SHOWN, policy: MatchPolicy | None = None, seed: int = 0
) -> list[Example]:
    return list(coached(task, goals, np.random.default_rng(seed), config, policy, ""))


def test_an_experts_episodes_end_with_the_purchase(task: ManyShops, goals: list[ShopGoal]) -> None:
    found = run(task, goals)
    assert {each.episode for each in found} == set(range(len(goals)))
    for number, goal in enumerate(goals):
        own = [each for each in found if each.episode == number]
        assert [each.step for each in own] == sorted(each.step for each in own)
        last = own[-1]
        assert last.state.kinds[last.chosen] == "buy"
        assert last.fits is not None
        assert last.fits[last.chosen] == last.fits.max() == 1.0
        assert last.state.request == ShopTask(task.shops[0]).start(goal.goal).state.observe().request


def test_every_row_has_the_reward_of_its_product(task: ManyShops, goals: list[ShopGoal]) -> None:
    for each in run(task, goals, Coaching(recovery=0.9, reading=1.0)):
        shop, goal = task.shops[0], goals[each.episode].goal
        assert each.state.evidence is not None
        assert each.fits is not None
        for name, fit in zip(each.state.evidence.names, each.fits, strict=True):
            expected = plan_for(shop.catalog[name], goal, shop).reward if name else -1.0
            assert fit == np.float32(expected)


def test_slips_and_forced_moves_are_no_examples(task: ManyShops, goals: list[ShopGoal]) -> None:
    found = run(task, goals, Coaching(recovery=1.0, reading=0.0))
    assert all(len(each.state.texts) > 1 for each in found)
    plain = run(task, goals)
    assert len(found) > len(plain)  # ways back
    wrong = {
        each.state.evidence.names[each.chosen]
        for each in found
        if each.state.kinds[each.chosen] == "product" and each.state.evidence is not None
    }
    right = {
        each.state.evidence.names[each.chosen]
        for each in plain
        if each.state.kinds[each.chosen] == "product" and each.state.evidence is not None
    }
    assert wrong == right


def test_the_expert_corrects_a_policy_that_acts(task: ManyShops, goals: list[ShopGoal]) -> None:
    led = run(task, goals, Coaching(acting=0.0), match_policy())
    shown = run(task, goals, Coaching(acting=1.0), match_policy())
    assert max(each.step for each in led) > max(each.step for each in shown)  # a new policy strays
    assert len(led) > len(shown)
    for each in led:
        if each.state.kinds[each.chosen] == "buy":
            assert each.fits is not None
            assert each.fits[each.chosen] == each.fits.max() or each.step > 8


def test_one_seed_gives_the_same_examples(task: ManyShops, goals: list[ShopGoal]) -> None:
    first, second, other = (
        identity_of_examples(run(task, goals, Coaching(), match_policy(), seed)) for seed in (0, 0, 1)
    )
    assert first == second != other


def test_a_product_that_is_gone_is_neither_seen_nor_wanted(task: ManyShops, goals: list[ShopGoal]) -> None:
    gone = [replace(goal, gone=True) for goal in goals]
    found = run(task, gone)
    assert found
    for each in found:
        assert each.state.evidence is not None
        assert goals[each.episode].goal.asin not in each.state.evidence.names


def test_only_what_other_networks_read_is_left_out(toy: ShopData) -> None:
    live = ShopTask(toy.shop).start(toy.goals[0], lambda _: (EVERYTHING,))
    live.step(f"search[{EVERYTHING}]")
    whole = live.state.observe()
    small = slim(whole)
    assert (small.page, small.features.shape) == ("", (len(whole.texts), 0))
    assert replace(small, page=whole.page, features=whole.features) == whole
    fits = Fits(toy.shop, toy.goals[0])
    assert fits.rows(replace(whole, evidence=None)).shape == (0,)
    assert np.array_equal(fits.rows(whole), fits.rows(small))
    policy = match_policy()
    assert policy.logits([whole]).equal(policy.logits([small]))


@pytest.mark.parametrize("setting", ["recovery", "reading", "acting"])
@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_shares_are_checked(setting: str, value: float) -> None:
    with pytest.raises(ConfigError, match=setting):
        Coaching(**{setting: value})
