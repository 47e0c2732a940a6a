"""The shop as numbers: what they hold, what the mask allows, and that agents of other libraries learn from them."""

from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from shoprl.catalog.catalog import Catalog
from shoprl.errors import ConfigError
from shoprl.shop.data import ShopData, shop_data
from shoprl.tasks.shop.features import COUNT, NAMES, features
from shoprl.tasks.shop.numeric import NumericShop
from shoprl.tasks.shop.task import ShopTask
from tests.support.toyshop import EVERYTHING, PRODUCTS, hidden_changed, toy_data, toy_goals


def numeric(data: ShopData | None = None, max_actions: int = 24, **options: Any) -> NumericShop:
    own = {name: options.pop(name) for name in ("mask_observed", "queries") if name in options}
    env = gymnasium.make("shoprl/WebShop-v0", data=data or toy_data(), **options)
    return NumericShop(env, max_actions, **own)


def everything(_: object) -> tuple[str, ...]:
    return (EVERYTHING, "tea")


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")
def test_gymnasium_finds_nothing_wrong() -> None:
    check_env(numeric(), skip_render_check=True)
    check_env(numeric(mask_observed=True), skip_render_check=True)
    made = gymnasium.make("shoprl/WebShopNumeric-v0", data=toy_data(), max_actions=5, split="eval", mask_observed=True)
    assert made.action_space == gymnasium.spaces.Discrete(5)
    assert made.reset(seed=0)[1]["goal"] in toy_data().split.eval
    for env in (made, numeric(max_actions=5, split="eval", mask_observed=True)):
        assert env.spec is not None
        again = env.spec.make()
        assert np.array_equal(again.reset(seed=1)[0]["observations"], env.reset(seed=1)[0]["observations"])


@pytest.mark.parametrize("seed", range(5))
def test_the_numbers_are_the_features_of_the_state(toy: ShopData, seed: int) -> None:
    env, rng = numeric(max_actions=40), np.random.default_rng(seed)
    vector, info = env.reset(seed=seed)
    live = ShopTask(toy.shop).start(toy.goals[info["goal"]])
    places = {name: place for place, name in enumerate(env.names)}
    assert len(places) == len(vector) == env.observation_space.shape[0]
    while True:
        state, rows = live.state, features(live.state)
        assert info["actions"] == [candidate.action for candidate in state.candidates]
        for column, name in enumerate(NAMES):
            for row in range(40):
                if name in places:
                    assert vector[places[name]] == rows[0, column]
                else:
                    assert vector[places[f"{row}: {name}"]] == (rows[row, column] if row < len(rows) else 0)
        mask = env.action_masks()
        assert mask[: len(rows)].tolist() == state.allowed().tolist()
        assert not mask[len(rows) :].any()
        action = int(rng.choice(np.flatnonzero(mask)))
        live.step(state.candidates[action].action)
        vector, reward, done, cut, info = env.step(np.int64(action))
        assert (done or cut) == live.over
        if done or cut:
            assert reward == live.outcome().reward
            break
    assert (not vector.any()) == done
    assert env.action_masks().any()


def test_names_stand_for_every_number() -> None:
    env = numeric(max_actions=3)
    assert len(set(env.names)) == len(env.names) == 15 + 3 * (COUNT - 15)


def test_products_give_way_to_buttons() -> None:
    env = numeric(max_actions=5)
    _, info = env.reset(seed=0)
    for _ in range(2):
        info = env.step(np.int64(0))[-1]
        if "click[back to search]" in info["actions"]:
            break
    assert len(info["actions"]) == 5
    assert info["actions"][0] == "click[back to search]"


def test_nothing_hidden_is_seen() -> None:
    """Products that no page tells apart, and goals that want something else, give the same numbers."""
    goals = toy_goals()
    others = [replace(goal, asin="B0LAMP0001", attributes=("glass shade",), options={}) for goal in goals]
    one = shop_data(Catalog(PRODUCTS), goals)
    other = shop_data(Catalog([hidden_changed(product) for product in PRODUCTS]), others)
    other.__dict__["index"] = one.index
    shops = [numeric(each, queries=everything) for each in (one, other)]
    rng, rewards = np.random.default_rng(0), set()
    for goal in range(len(goals)):
        seen = [env.reset(options={"goal": goal})[0] for env in shops]
        over = False
        while not over:
            assert np.array_equal(*seen)
            masks = [env.action_masks() for env in shops]
            assert np.array_equal(*masks)
            action = rng.choice(np.flatnonzero(masks[0]))
            steps = [env.step(action) for env in shops]
            seen = [step[0] for step in steps]
            over = steps[0][2] or steps[0][3]
        rewards.add(tuple(step[1] for step in steps))
    assert any(one != two for one, two in rewards), "the shops differ where it counts"


def test_of_many_options_those_that_match_are_kept() -> None:
    products = [
        replace(product, options={"color": (*(f"shade {n}" for n in range(30)), "white")})
        if product.asin == "B0LAMP0001"
        else product
        for product in PRODUCTS
    ]
    data = shop_data(Catalog(products), toy_goals())
    wanted = "find a white lamp"
    goal = replace(data.goals[0], instruction=wanted)
    data = replace(data, goals=[goal, *data.goals[1:]])
    env = numeric(data, max_actions=14, queries=lambda _: ("aurora glass bedside",))
    _, info = env.reset(options={"goal": 0})
    for action in ("search[aurora glass bedside]", "click[b0lamp0001]"):
        _, *_, info = env.step(np.int64(info["actions"].index(action)))
    assert len(info["actions"]) == 14
    assert "click[white]" in info["actions"]
    assert "click[buy now]" in info["actions"]
    chosen = info["actions"].index("click[white]")
    vector, *_, info = env.step(np.int64(chosen))
    assert vector[env.names.index(f"{info['actions'].index('click[white]')}: selected")] == 1


def test_an_action_without_a_candidate_changes_nothing() -> None:
    env = numeric(max_episode_steps=3)
    _, first = env.reset(seed=0)
    _, reward, done, cut, info = env.step(np.int64(20))
    assert (reward, done, cut, info["actions"]) == (0, False, False, first["actions"])
    assert not env.action_masks()[20]
    env.step(np.int64(20))
    assert env.step(np.int64(20))[3]


def test_a_mask_beside_the_numbers() -> None:
    plain, beside = numeric(), numeric(mask_observed=True)
    vector, observed = plain.reset(seed=3)[0], beside.reset(seed=3)[0]
    assert isinstance(observed, dict)
    assert np.array_equal(observed["observations"], vector)
    assert observed["action_mask"].tolist() == plain.action_masks().astype(float).tolist()
    assert beside.observation_space.contains(observed)


def test_queries_are_actions() -> None:
    env = numeric(queries=everything)
    assert env.reset(seed=0)[1]["actions"] == [f"search[{EVERYTHING}]", "search[tea]"]


def test_many_at_once() -> None:
    envs = gymnasium.vector.SyncVectorEnv([numeric] * 3)
    observed, _ = envs.reset(seed=0)
    assert observed.shape == (3, len(numeric().names))
    masks = np.array(envs.call("action_masks"))
    assert masks.shape == (3, 24)


def test_what_cannot_be_wrapped() -> None:
    with pytest.raises(ConfigError, match="max_episode_steps -1"):
        numeric(max_episode_steps=-1)
    with pytest.raises(ConfigError, match="no shop"):
        NumericShop(gymnasium.make("CartPole-v1"))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="max_actions"):
        numeric(max_actions=0)
    assert numeric(max_episode_steps=7)._max_steps == 7


def test_stable_baselines_finds_nothing_wrong() -> None:
    checker = pytest.importorskip("stable_baselines3.common.env_checker", reason="run by make test-trl")
    checker.check_env(numeric())
    checker.check_env(numeric(mask_observed=True))


def test_maskable_ppo_learns_the_toy_shop() -> None:
    contrib = pytest.importorskip("sb3_contrib", reason="run by make test-trl")
    from stable_baselines3.common.vec_env import DummyVecEnv

    rng = np.random.default_rng(0)

    def mean(choose: Any) -> float:
        """Mean reward on 60 training goals."""
        env, rewards = numeric(), []
        for seed in range(60):
            vector, over = env.reset(seed=seed)[0], False
            while not over:
                vector, reward, done, cut, _ = env.step(choose(vector, env.action_masks()))
                over = done or cut
            rewards.append(reward)
        return float(np.mean(rewards))

    agent = contrib.MaskablePPO(
        "MlpPolicy",
        DummyVecEnv([numeric] * 8),
        n_steps=64,
        batch_size=128,
        n_epochs=8,
        learning_rate=1e-3,
        ent_coef=0.01,
        policy_kwargs={"net_arch": [64]},
        seed=0,
        device="cpu",
    )
    agent.learn(6_000)
    assert mean(lambda vector, mask: rng.choice(np.flatnonzero(mask))) < 0.2
    assert mean(lambda vector, mask: agent.predict(vector, action_masks=mask, deterministic=True)[0]) > 0.7
