"""The original's names; with gym installed (`make test-gym`) also its id."""

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import pytest

import shoprl.compat.web_agent_site as compat
from shoprl.compat import legacy
from shoprl.errors import ConfigError
from shoprl.shop.generated import generated_data
from tests.support.toyshop import EVERYTHING, toy_data

with_gym = pytest.mark.skipif(find_spec("gym") is None, reason="needs gym: make test-gym")


def test_the_originals_names_are_imported_from_here() -> None:
    import web_agent_site
    from web_agent_site.engine.goal import get_reward
    from web_agent_site.envs import WebAgentTextEnv
    from web_agent_site.envs.web_agent_text_env import WebAgentTextEnv as Same
    from web_agent_site.models import RandomPolicy
    from web_agent_site.utils import DEBUG_PROD_SIZE

    assert web_agent_site.envs.WebAgentTextEnv is WebAgentTextEnv is Same is compat.WebAgentTextEnv
    assert issubclass(WebAgentTextEnv, legacy.WebAgentTextEnv)
    assert (DEBUG_PROD_SIZE, RandomPolicy, get_reward) == (None, compat.RandomPolicy, compat.get_reward)


def test_the_originals_own_script_runs() -> None:
    """What its run_web_agent_text_env.py does, gym apart."""
    env, policy = compat.WebAgentTextEnv("text", generated_data(), num_products=None), compat.RandomPolicy()
    env.reset()
    for _ in range(2_000):
        actions = env.get_available_actions()
        action = policy.forward(env.observation, actions)
        assert action == "search[shoes]" or action[len("click[") : -1] in actions["clickables"]
        if env.step(action)[2]:
            break
    else:
        pytest.fail("nothing was bought")


def test_copies_under_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    before = dict(sys.modules)
    try:
        compat.install("webshop.web_agent_site")
        compat.install("webshop.web_agent_site")
        envs = import_module("webshop.web_agent_site.envs")
        assert envs.WebAgentTextEnv is compat.WebAgentTextEnv
        # a relative import, from inside of the package that holds the copy
        scope: dict[str, Any] = {"__package__": "webshop", "__name__": "webshop"}
        monkeypatch.setitem(sys.modules, "webshop", ModuleType("webshop"))
        exec("from .web_agent_site.envs.web_agent_text_env import WebAgentTextEnv", scope)
        assert scope["WebAgentTextEnv"] is compat.WebAgentTextEnv
    finally:
        for name in sys.modules.keys() - before:
            del sys.modules[name]


def test_an_original_that_is_in_use_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "theirs", ModuleType("theirs"))
    with pytest.raises(ConfigError, match="theirs: the original is already imported"):
        compat.install("theirs")


def test_nothing_is_installed_unasked() -> None:
    code = "import shoprl.compat.legacy, sys; sys.exit('web_agent_site' in sys.modules or 'gym' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@with_gym
def test_gym_makes_the_environment() -> None:
    import gym

    env = gym.make("WebAgentTextEnv-v0", observation_mode="text", data=toy_data(), num_products=None, human_goals=False)
    assert isinstance(env.unwrapped, gym.Env)
    assert isinstance(env.unwrapped, compat.WebAgentTextEnv)
    assert env.unwrapped.spec.id == "WebAgentTextEnv-v0"
    shoe = next(index for index, goal in enumerate(toy_data().goals) if goal.asin == "B0SHOE0001")
    observation, info = env.reset(session=shoe)
    assert (observation.split(" [SEP] ")[:2], info) == (["WebShop", "Instruction:"], None)
    assert env.get_available_actions() == {"has_search_bar": True, "clickables": ["search"]}
    assert env.server.user_sessions[env.session]["goal"] == toy_data().goals[shoe].to_json()
    shared = gym.make("WebAgentTextEnv-v0", observation_mode="url", server=env.server)
    shared.reset(session=shoe)
    for action in (f"search[{EVERYTHING}]", "click[b0shoe0001]"):
        assert (env.step(action)[1:], shared.step(action)[1:]) == ((0.0, False, None),) * 2
    observation, reward, done, info = env.step("click[buy now]")
    assert (0.0 < reward <= 1.0, done, info) == (True, True, None)
    assert env.render(mode="ansi").startswith("Thank you")
    env.close()


@with_gym
def test_an_environment_can_be_derived() -> None:
    import gym

    class Env(compat.WebAgentTextEnv):
        def step(self, action: str) -> Any:
            return super().step(action.lower())

    env = Env("text", toy_data())
    env.reset(0)
    assert isinstance(env, gym.Env)
    assert env.step("SEARCH[shoe]")[0].startswith("Instruction:")


@with_gym
def test_another_process_can_load_what_was_pickled() -> None:
    import pickle

    assert pickle.loads(pickle.dumps(compat.WebAgentTextEnv)) is compat.WebAgentTextEnv
