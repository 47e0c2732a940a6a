import random
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import DependencyNotInstalled
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import DelayObservation, FrameStackObservation, RecordVideo, RenderCollection

import shoprl
from shoprl.errors import CatalogError, ConfigError, GoalError
from shoprl.shop.data import ShopData
from shoprl.shop.env import WebShopEnv
from shoprl.shop.generated import generated_data
from shoprl.shop.render import text_rich
from shoprl.shop.session import MAX_ACTION, MAX_STEPS
from tests.support.toyshop import EVERYTHING, toy_data, toy_goals

SEARCH = f"search[{EVERYTHING}]"


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ResourceWarning)  # TextBlob leaves its lexicon's files open
        yield


def make(data: ShopData | None = None, **options: Any) -> "gymnasium.Env[str, str]":
    return gymnasium.make("shoprl/WebShop-v0", data=data or toy_data(), **options)


def goal_of(asin: str) -> int:
    return next(index for index, goal in enumerate(toy_data().goals) if goal.asin == asin)


def buy(env: "gymnasium.Env[str, str]", asin: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
    goal = toy_data().goals[goal_of(asin)]
    env.reset(options={"goal": goal_of(asin)})
    env.step(f"search[{goal.name}]")
    for clicked in (asin, *goal.option_values):
        env.step(f"click[{clicked}]")
    observation, reward, terminated, truncated, info = env.step("click[buy now]")
    return observation, float(reward), terminated, truncated, info


def test_the_page_is_there_for_wrappers() -> None:
    env = make().unwrapped
    assert isinstance(env, WebShopEnv)
    with pytest.raises(gymnasium.error.ResetNeeded):
        _ = env.page
    first, _ = env.reset()
    assert text_rich(env.page) == first
    observation, *_ = env.step(SEARCH)
    assert text_rich(env.page) == observation


@pytest.mark.parametrize("mode", ["text_rich", "text", "url"])
def test_gymnasiums_checks_pass(mode: str) -> None:
    env = make(observation_mode=mode, render_mode="ansi")
    check_env(env.unwrapped)
    env.close()


def test_gymnasiums_checks_pass_without_rendering() -> None:
    check_env(make().unwrapped, skip_render_check=True)


def test_the_spec_can_be_read_and_makes_an_equal_environment() -> None:
    spec = make(observation_mode="text").spec
    assert spec is not None
    assert spec.id == "shoprl/WebShop-v0"
    assert (
        gymnasium.make(spec).reset(options={"goal": 0})[0]
        == make(observation_mode="text").reset(options={"goal": 0})[0]
    )


def test_environments_run_side_by_side() -> None:
    envs = gymnasium.vector.SyncVectorEnv([lambda: make(split="train")] * 3)
    observations, infos = envs.reset(seed=3)
    single, _ = make(split="train").reset(seed=3)
    assert len(observations) == 3
    assert observations[0] == single
    assert len(infos["goal"]) == 3
    observations, rewards, *_ = envs.step((SEARCH,) * 3)
    assert all("Total results: 12" in observation for observation in observations)
    assert list(rewards) == [0.0] * 3
    envs.close()


def test_reset_shows_the_search_page() -> None:
    env = make()
    observation, info = env.reset(options={"goal": 7})
    instruction = toy_data().goals[7].instruction
    assert observation == f"WebShop\nInstruction: \n{instruction}\n[button] Search [button_]\n"
    assert info == {"available_actions": {"has_search_bar": True, "clickables": ["search"]}, "goal": 7}


def test_info_tells_the_available_actions_of_each_page() -> None:
    env = make()
    env.reset(options={"goal": 0})
    _, _, _, _, info = env.step("search[nimbus mesh]")
    assert info["available_actions"]["has_search_bar"] is False
    assert info["available_actions"]["clickables"][:3] == ["back to search", "next >", "b0shoe0001"]
    _, _, _, _, info = env.step("click[b0shoe0001]")
    assert info["available_actions"]["clickables"][-5:] == ["buy now", "black", "red", "9 wide", "10 | 10.5"]
    info["available_actions"]["clickables"].clear()  # the caller's own copy
    assert env.step("nothing")[4]["available_actions"]["clickables"]


def test_a_purchase_ends_the_episode() -> None:
    observation, reward, terminated, truncated, info = buy(make(), "B0TEA00001")
    assert (reward, terminated, truncated) == (1.0, True, False)
    assert observation.startswith("Thank you for shopping with us!")
    assert info["reward_components"]["r_option"] == 1.0
    assert info["available_actions"]["clickables"] == []


def test_there_are_no_components_before_the_purchase() -> None:
    env = make()
    _, info = env.reset(options={"goal": 0})
    assert "reward_components" not in info
    buy(env, "B0TEA00001")
    _, info = env.reset(options={"goal": 0})
    assert "reward_components" not in info
    assert "reward_components" not in env.step(SEARCH)[4]


@pytest.mark.parametrize(("mode", "shown"), [("text_rich", "[button] Search"), ("text", "[SEP] Search")])
def test_observation_modes(mode: str, shown: str) -> None:
    assert shown in make(observation_mode=mode).reset()[0]


def test_the_url_mode_shows_the_address() -> None:
    env = make(observation_mode="url")
    assert env.reset()[0] == "http://127.0.0.1:3000/shoprl"
    assert env.step("search[a b]")[0].endswith("/search_results/shoprl/a+b/1")


# Truncation


@pytest.mark.parametrize("options", [{}, {"max_episode_steps": 3}, {"max_episode_steps": 1}, {"max_episode_steps": 30}])
def test_an_episode_is_cut_at_the_step_limit(options: dict[str, int]) -> None:
    limit = options.get("max_episode_steps", 15)
    env = make(**options)
    for _ in range(2):  # the count starts anew
        env.reset()
        cuts = [env.step(action)[2:4] for action in [SEARCH, "nonsense"] * limit][:limit]
        assert cuts == [(False, False)] * (limit - 1) + [(False, True)]
    assert MAX_STEPS == 15


def test_without_a_limit_nothing_is_cut() -> None:
    for env in (make(max_episode_steps=-1), shoprl.make(data=toy_data(), max_steps=None)):
        env.reset()
        assert not any(env.step(SEARCH)[3] for _ in range(100))


@pytest.mark.parametrize("options", [{"max_steps": 30}, {"max_episode_steps": 30}])
def test_an_environment_without_wrappers_has_the_limit_itself(options: dict[str, Any]) -> None:
    env = shoprl.make(data=toy_data(), **options)
    env.reset()
    assert [env.step(SEARCH)[3] for _ in range(30)] == [False] * 29 + [True]


def test_gymnasium_has_its_own_name_for_the_limit() -> None:
    with pytest.raises(ConfigError, match="max_steps 30: Gymnasium calls it max_episode_steps, and -1 means no limit"):
        make(max_steps=30)


def test_a_purchase_at_the_last_step_is_an_end_not_a_cut() -> None:
    steps = 3 + len(toy_data().goals[goal_of("B0TEA00001")].option_values)
    assert buy(WebShopEnv(toy_data(), max_steps=steps), "B0TEA00001")[2:4] == (True, False)


# Goals and seeds


def drawn(env: "gymnasium.Env[str, str]", count: int, seed: int) -> list[int]:
    first = env.reset(seed=seed)[1]["goal"]
    return [first, *(env.reset()[1]["goal"] for _ in range(count - 1))]


@pytest.mark.parametrize("split", ["train", "eval", "test"])
def test_goals_are_drawn_from_the_split(split: str) -> None:
    part = toy_data().split.part(split)  # type: ignore[arg-type]
    assert set(drawn(make(split=split), 150, 0)) == set(part)


def test_equal_seeds_draw_equal_goals() -> None:
    assert drawn(make(), 20, 5) == drawn(make(), 20, 5)
    assert drawn(make(), 20, 5) != drawn(make(), 20, 6)


def test_a_named_goal_may_lie_in_any_split() -> None:
    env = make(split="train")
    for index in (0, len(toy_data().goals) - 1, np.int64(4)):
        observation, info = env.reset(options={"goal": index})
        assert info["goal"] == index
        assert toy_data().goals[index].instruction in observation


@pytest.mark.parametrize("goal", [-1, 35, 10**9, "3", 1.0, [1]])
def test_a_goal_that_does_not_exist_is_named(goal: Any) -> None:
    with pytest.raises(GoalError, match="use an index from 0 to 34"):
        make().reset(options={"goal": goal})


def test_an_unknown_reset_option_is_named() -> None:
    env = make()
    env.reset(seed=1)
    with pytest.raises(ConfigError, match=r"reset options 'seed', 'goals': unknown\. Known are 'goal'\."):
        env.reset(options={"seed": 1, "goals": 9, "goal": 2})


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"observation_mode": "json"}, r"observation_mode 'json': use one of \('text_rich', 'text', 'html', 'url'\)"),
        ({"split": "validation"}, r"split 'validation': use one of \('train', 'eval', 'test'\)"),
        ({"max_steps": 0}, "max_steps 0: must be from 1 to 100000"),
        ({"max_steps": -1}, "max_steps -1"),
        ({"max_episode_steps": 0}, "max_episode_steps 0"),
    ],
)
def test_bad_options_fail_at_once(options: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        shoprl.make(data=toy_data(), **options)


def test_a_bad_render_mode_fails_at_once() -> None:
    with pytest.raises(ConfigError, match="render_mode 'human': use 'ansi', 'html', 'rgb_array' or None"):
        WebShopEnv(toy_data(), render_mode="human")


def test_a_missing_data_folder_fails_at_once(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no such f"):
        WebShopEnv(tmp_path / "nowhere")


@pytest.mark.parametrize("kind", [str, Path])
def test_a_data_folder_makes_the_same_shop(kind: Any, toy_folder: Path) -> None:
    env = WebShopEnv(kind(toy_folder))
    assert env.data.hashes() == toy_data().hashes()


# Order of calls


def test_a_step_before_reset_is_refused() -> None:
    for env in (make(), WebShopEnv(toy_data())):
        with pytest.raises(gymnasium.error.ResetNeeded):
            env.step(SEARCH)


def test_a_step_after_close_is_refused() -> None:
    env = WebShopEnv(toy_data())
    env.reset()
    env.close()
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(SEARCH)


def test_rendering_shows_the_page() -> None:
    env = WebShopEnv(toy_data(), observation_mode="url", render_mode="ansi")
    assert env.render() is None
    env.reset(options={"goal": 1})
    env.step(SEARCH)
    assert env.render() == text_rich(env._session.page)  # type: ignore[union-attr]
    assert "Total results: 12" in (env.render() or "")
    silent = WebShopEnv(toy_data())
    silent.reset()
    assert silent.render() is None


# Spaces


@pytest.mark.parametrize("mode", ["text_rich", "text", "url"])
def test_observations_lie_in_their_space(mode: str) -> None:
    env = make(observation_mode=mode)
    observation, _ = env.reset(options={"goal": goal_of("B0TEA00001")})
    seen = [observation]
    for action in ("search[kräuter № 5 ★ 日本語]", "click[b0tea00001]", "click[früchte]", "click[description]", "é"):
        assert env.action_space.contains(action)
        seen.append(env.step(action)[0])
    assert all(env.observation_space.contains(each) for each in seen)
    assert not "".join(seen).isascii()


# Side effects


def global_states() -> tuple[Any, ...]:
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    return random.getstate(), kind, keys.tobytes(), *rest  # type: ignore[union-attr]


def test_the_global_generators_are_left_alone() -> None:
    before = global_states()
    generated_data.cache_clear()
    env = make(generated_data(30, 3))
    for seed in (None, 1):
        env.reset(seed=seed)
        for action in ("search[hat]", "click[next >]", "click[< prev]"):
            _, _, _, _, info = env.step(action)
        env.step(f"click[{info['available_actions']['clickables'][-1]}]")
        env.step("click[buy now]")
    buy(make(), "B0TEA00001")
    assert global_states() == before


def test_the_callers_seed_does_not_change_the_shop() -> None:
    hashes = []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        generated_data.cache_clear()
        hashes.append(generated_data(30, 3).hashes())
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("code", ["import shoprl.shop", "import shoprl.shop.env", "import shoprl.shop.generated"])
def test_the_environment_needs_no_learning_libraries(code: str) -> None:
    check = (
        f"import sys; {code}; print(sorted({{'torch', 'transformers', 'matplotlib', 'sklearn'}} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_whole_episode_needs_no_learning_libraries(toy_folder: Path) -> None:
    code = (
        "import sys, gymnasium, shoprl.shop\n"
        f"env = gymnasium.make('shoprl/WebShop-v0', data={str(toy_folder)!r})\n"
        "env.reset(seed=1)\n"
        "for action in ('search[nimbus]', 'click[b0shoe0001]', 'click[buy now]'):\n"
        "    done = env.step(action)[2]\n"
        "assert done\n"
        "print(sorted({'torch', 'transformers', 'matplotlib'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_environments_in_worker_processes(toy: ShopData) -> None:
    def make() -> gymnasium.Env[str, str]:
        return gymnasium.make("shoprl/WebShop-v0", data=toy, disable_env_checker=True)

    _ = toy.shop  # the search is built, and goes along
    envs = gymnasium.vector.AsyncVectorEnv([make, make], shared_memory=False)
    observations, _ = envs.reset(seed=0)
    assert len(observations) == 2
    assert all("Instruction" in observation for observation in observations)
    envs.close()


def test_an_action_that_changes_nothing_ends_the_episode_only_where_asked() -> None:
    for ends in (False, True):
        env = WebShopEnv(toy_data(), end_on_invalid=ends)
        env.reset(seed=0)
        assert env.step("search[shoe]")[2:4] == (False, False)
        assert env.step("click[nowhere]")[1:4] == (0.0, ends, False)


def test_a_very_long_action_changes_nothing() -> None:
    env = make()
    first, _ = env.reset(seed=0)
    assert env.step(f"search[{'shoe ' * MAX_ACTION}]")[0] == first


def test_html_is_observed_and_rendered() -> None:
    env = WebShopEnv(toy_data(), observation_mode="html", render_mode="html")
    observation, _ = env.reset(seed=0)
    assert observation == env.render()
    assert observation in env.observation_space
    assert 'id="search_input"' in observation


@pytest.mark.parametrize("human", [True, False])
def test_either_kind_of_goals_is_made_of_a_folder(human: bool, toy_folder: Path) -> None:
    expected = toy_goals("human" if human else "synthetic")
    made = gymnasium.make("shoprl/WebShop-v0", data=toy_folder, human_goals=human, disable_env_checker=True)
    assert list(made.unwrapped.data.goals) == expected  # type: ignore[attr-defined]
    observation, _ = made.reset(options={"goal": 3})
    assert expected[3].instruction in observation


def test_loaded_goals_of_the_other_kind_are_refused() -> None:
    assert WebShopEnv(toy_data(), human_goals=False).data is toy_data()
    with pytest.raises(ConfigError, match="human_goals True: the data holds synthetic goals"):
        WebShopEnv(toy_data(), human_goals=True)
    with pytest.raises(ConfigError, match="human_goals False: the data holds human goals"):
        WebShopEnv(human_goals=False)  # the generated shop's


# Gymnasium's wrappers


def test_observations_can_be_stacked() -> None:
    env = FrameStackObservation(make(observation_mode="url"), 3)
    first, _ = env.reset(seed=0)
    second = env.step(SEARCH)[0]
    assert first[0] == first[1] == first[2] == second[0] == second[1]
    assert second[2].endswith("/1")
    assert env.observation_space.contains(second)
    zeros = FrameStackObservation(make(observation_mode="url"), 3, padding_type="zero")
    assert zeros.reset(seed=0)[0] == ("", "", first[0])


def test_observations_can_be_delayed() -> None:
    env, plain = DelayObservation(make(), 2), make()
    shown, expected = [env.reset(seed=0)[0]], [plain.reset(seed=0)[0]]
    for action in (SEARCH, "nonsense", "click[next >]"):
        shown.append(env.step(action)[0])
        expected.append(plain.step(action)[0])
    assert shown == ["", "", *expected[:2]]


def test_a_video_needs_pictures() -> None:
    with pytest.raises(ValueError, match=r"incompatible with RecordVideo.*rgb_array"):
        RecordVideo(make(render_mode="ansi"), "videos")
    with pytest.raises((DependencyNotInstalled, ValueError)):  # Gymnasium's own need of moviepy, or its refusal
        RecordVideo(make(), "videos")


def test_frames_are_pixels() -> None:
    pytest.importorskip("PIL")
    env = RenderCollection(make(render_mode="rgb_array"))
    env.reset(seed=0)
    env.step(SEARCH)
    frames = env.render()
    assert [(frame.shape, frame.dtype) for frame in frames] == [((720, 960, 3), np.uint8)] * 2
    assert (frames[0] != frames[1]).any()
