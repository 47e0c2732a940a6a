"""verl-agent's environments, in the order in which its manager and its rollout loop call them."""

from typing import Any

import numpy as np
import pytest

from shoprl.compat.verl_agent import WebShopEnvs, build_webshop_envs
from shoprl.errors import ConfigError, GoalError
from shoprl.shop.data import ShopData
from shoprl.shop.generated import generated_data
from tests.support.toyshop import EVERYTHING, toy_data


def build(data: ShopData | None = None, **options: Any) -> WebShopEnvs:
    options = {"seed": 0, "env_num": 2, "group_n": 3, "is_train": False, **options}
    return build_webshop_envs(**options, env_kwargs={"data": data or toy_data(), "num_products": None})


def to_buy(envs: WebShopEnvs, i: int) -> list[str]:
    """The actions that buy what an environment's goal asks for."""
    goal = envs.envs[i].goal
    return [f"search[{goal['name']}]", f"click[{goal['asin']}]"] + [
        f"click[{value}]" for value in goal["goal_options"].values()
    ]


def test_its_rollout_loop_runs_to_the_end() -> None:
    """Environments finish at different steps, and each is stepped until all have."""
    envs = build()
    observations, infos = envs.reset()
    plans = [[*to_buy(envs, i), *["wait"] * i, "click[buy now]"] for i in range(6)]
    lengths, finished = np.zeros(6, int), np.zeros(6, bool)
    rewards_of, last = np.zeros(6), [{}] * 6
    assert [sorted(info) for info in infos] == [["available_actions", "won"]] * 6
    for step in range(15):
        active = ~finished
        actions = [plan[step] if step < len(plan) else f"search[{EVERYTHING}]" for plan in plans]
        observations, rewards, dones, infos = envs.step(actions)
        assert all(isinstance(each, list) for each in (observations, rewards, dones, infos))
        for i in range(6):
            assert sorted(infos[i]) == ["available_actions", "task_score", "won"]
            assert sorted(infos[i]["available_actions"]) == ["clickables", "has_search_bar"]
            infos[i]["is_action_valid"] = np.array(True)  # its manager adds to infos
            if active[i]:
                last[i] = infos[i]
        assert dones == (finished | np.array(dones)).tolist()  # one that is finished stays so
        assert [reward for reward, on in zip(rewards, active, strict=True) if not on] == [0.0] * int((~active).sum())
        rewards_of += np.array(rewards) * active
        lengths[active] += 1
        finished |= np.array(dones)
        if finished.all():
            break
    assert lengths.tolist() == [len(plan) for plan in plans]
    assert rewards_of.tolist() == [10.0] * 6
    assert [(info["won"], info["task_score"]) for info in last] == [(True, 1.0)] * 6


def test_a_finished_environment_shows_its_last_page() -> None:
    envs = build(env_num=1, group_n=2)
    envs.reset()
    for action in to_buy(envs, 0):
        envs.step([action] * 2)
    bought = envs.step(["click[buy now]", "wait"])
    again = envs.step([f"search[{EVERYTHING}]", f"search[{EVERYTHING}]"])
    assert again[0][0] == bought[0][0]
    assert again[0][0].startswith("Thank you for shopping")
    assert (again[1], again[2]) == ([0.0, 0.0], [True, False])
    assert again[3][0] == bought[3][0]
    assert again[0][1].startswith("Instruction:")
    observations, infos = envs.reset()
    assert all(each.startswith("WebShop") for each in observations)
    assert envs.step(["wait"] * 2)[2] == [False, False]
    assert [info["won"] for info in infos] == [False, False]


def test_a_purchase_that_is_not_worth_1_earns_nothing() -> None:
    envs = build(env_num=1, group_n=1)
    envs.reset()
    goal = envs.envs[0].goal
    other = next(each.asin for each in toy_data().catalog if each.query != goal["query"])
    for action in (f"search[{toy_data().catalog[other].title}]", f"click[{other}]"):
        envs.step([action])
    _, rewards, dones, infos = envs.step(["click[buy now]"])
    assert (rewards, dones, infos[0]["won"]) == ([0.0], [True], False)
    assert 0.0 <= infos[0]["task_score"] < 1.0


def test_its_manager_finds_the_instruction() -> None:
    observations, _ = build().reset()
    for observation in observations:
        parts = observation.split(" [SEP] ")
        assert parts[1] == "Instruction:"
        assert parts[2] in {goal.instruction for goal in toy_data().goals}


def test_goals_are_those_that_it_draws() -> None:
    """By hand: ``RandomState(seed).choice(goal_idxs, env_num, replace=False)``, each for a group."""
    envs, rng = build(seed=7), np.random.RandomState(7)
    for _ in range(3):
        envs.reset()
        expected = np.repeat(rng.choice(range(35), size=2, replace=False), 3).tolist()
        assert [int(env.session) for env in envs.envs] == expected


def test_training_goals_begin_at_500() -> None:
    data = generated_data(600)
    assert build(data, is_train=True).goal_idxs == range(500, len(data.goals))
    assert build(data).goal_idxs == range(500)
    assert len({id(env.server) for env in build(data).envs}) == 1


def test_pages_are_rendered_as_the_environments_are() -> None:
    envs = build()
    envs.reset()
    assert envs.render() == [None] * 6  # as in WebShop
    assert str(envs.render("ansi", env_idx=1)).startswith("WebShop\n")
    envs.close()


@pytest.mark.parametrize(
    ("options", "what"),
    [({"env_num": 0}, "env_num 0, group_n 3: both must"), ({"group_n": 0}, "env_num 2, group_n 0")],
)
def test_numbers_that_cannot_be_are_named(options: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        build(**options)


def test_too_few_goals_are_named() -> None:
    with pytest.raises(GoalError, match="env_num 2: the data holds 0 goals from goal 500 on"):
        build(is_train=True)
    with pytest.raises(GoalError, match="env_num 36: the data holds 35 goals among the first 500"):
        build(env_num=36)


@pytest.mark.parametrize("actions", [["a"] * 5, [], "abcdef"])
def test_a_wrong_number_of_actions_is_named(actions: Any) -> None:
    envs = build()
    envs.reset()
    with pytest.raises(ConfigError, match="actions: must be 6"):
        envs.step(actions)
