"""The shop in GEM, where it is installed (`pip install gem-llm`); else with a stand-in for its registry."""

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import pytest

from shoprl.shop.env import WebShopEnv
from tests.support.toyshop import EVERYTHING, toy_data

ID = "shoprl/WebShop-v0"
with_gem = pytest.mark.skipif(find_spec("gem") is None, reason="needs GEM: pip install gem-llm")


@pytest.fixture
def compat(monkeypatch: pytest.MonkeyPatch) -> Any:
    if find_spec("gem") is not None:
        return import_module("shoprl.compat.gem")
    gem = ModuleType("gem")
    gem.known = {}  # type: ignore[attr-defined]
    gem.register = gem.known.__setitem__  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gem", gem)
    monkeypatch.delitem(sys.modules, "shoprl.compat.gem", raising=False)
    module = import_module("shoprl.compat.gem")
    monkeypatch.delitem(sys.modules, "shoprl.compat.gem")
    assert gem.known == {ID: "shoprl.compat.gem:GemWebShopEnv"}  # type: ignore[attr-defined]
    return module


def test_each_environment_takes_a_seed(compat: Any) -> None:
    def goals(**options: Any) -> list[int]:
        env = compat.GemWebShopEnv(data=toy_data(), **options)
        return [env.reset()[1]["goal"] for _ in range(4)]

    assert goals(seed=3) == goals(seed=3) != goals(seed=4)
    plain = WebShopEnv(toy_data())
    assert goals(seed=3) == [plain.reset(seed=3)[1]["goal"], *(plain.reset()[1]["goal"] for _ in range(3))]
    first, second = (compat.GemWebShopEnv(data=toy_data(), seed=seed) for seed in (1, 2))
    assert first.reset(seed=3)[1] == second.reset(seed=3)[1]
    assert first.reset()[1] == second.reset()[1]


def test_random_actions_are_accepted(compat: Any) -> None:
    env = compat.GemWebShopEnv(data=toy_data(), seed=0, max_steps=None)
    observation, info = env.reset()
    for _ in range(300):
        action = env.sample_random_action()
        assert action.startswith("search[") or action[len("click[") : -1] in info["available_actions"]["clickables"]
        observation, _, terminated, _, info = env.step(action)
        if terminated:
            observation, info = env.reset()
    assert isinstance(observation, str)


def test_an_environment_is_spawned_in_its_state(compat: Any) -> None:
    env = compat.GemWebShopEnv(data=toy_data(), seed=0, observation_mode="url")
    env.reset()
    env.step(f"search[{EVERYTHING}]")
    twin, other = env.spawn(same_state=True), env.spawn(seed=9, observation_mode="text")
    assert twin.data is env.data is other.data
    assert twin.step("click[next >]")[0] != env.step("click[b0shoe0001]")[0]
    assert (twin._steps, env._steps, other.observation_mode) == (2, 2, "text")
    assert twin.step("click[< prev]")[0].endswith("/1")


@with_gem
@pytest.mark.parametrize("async_mode", [False, True])
def test_make_vec_gives_each_environment_its_seed(compat: Any, async_mode: bool) -> None:
    import gem

    def goals(**options: Any) -> tuple[list[int], Any]:
        envs = gem.make_vec([ID] * 3, async_mode=async_mode, data=toy_data(), **options)
        observations, infos = envs.reset()
        assert all(observation.startswith("WebShop") for observation in observations)
        return [info["goal"] for info in infos], envs

    assert goals(seed=5)[0] == goals(seed=5)[0] != goals(seed=50)[0]
    found, envs = goals(vec_kwargs=[{"seed": seed} for seed in (1, 1, 2)])
    assert found[0] == found[1]
    for _ in range(20):
        actions = [env.sample_random_action() for env in envs.envs]
        observations, rewards, terminations, truncations, infos = envs.step(actions)
        assert (len(observations), rewards.shape, terminations.shape, truncations.shape) == (3, (3,), (3,), (3,))
        assert all("available_actions" in info for info in infos)


@with_gem
def test_its_wrappers_work(compat: Any) -> None:
    import gem
    from gem.wrappers.episode_tracking_wrapper import EpisodeTrackingWrapper
    from gem.wrappers.observation_wrapper import ObservationWrapper

    env = gem.make(ID, data=toy_data(), seed=1)
    assert (env.env_id, env.unwrapped) == (ID, env)
    env = EpisodeTrackingWrapper(ObservationWrapper(env, include_action=True, include_chat_template=False))
    first, _ = env.reset()
    action = env.unwrapped.sample_random_action()
    observation, *_ = env.step(action)
    assert action in observation
    assert first.strip() in observation
