"""The vector environment against Gymnasium's own ``SyncVectorEnv`` and against single environments."""

import inspect
import pickle
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.performance import benchmark_init, benchmark_render, benchmark_step
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics

import shoprl.shop  # noqa: F401  (registers the environment)
from shoprl.errors import CatalogError, ConfigError, GoalError
from shoprl.search.engine import EngineSearch
from shoprl.shop.env import WebShopEnv
from shoprl.shop.session import Shop
from shoprl.shop.vector import WebShopVectorEnv
from tests.support.actions import SEARCH, choose
from tests.support.toyshop import toy_data, toy_goals

MODES = list(AutoresetMode)
COUNT = 4


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ResourceWarning)  # TextBlob leaves its lexicon's files open
        yield


def native(num_envs: int = COUNT, **options: Any) -> WebShopVectorEnv:
    return WebShopVectorEnv(num_envs, toy_data(), **options)


def sync(mode: AutoresetMode, num_envs: int = COUNT, **options: Any) -> SyncVectorEnv[Any, Any]:
    return SyncVectorEnv([lambda: WebShopEnv(toy_data(), **options)] * num_envs, autoreset_mode=mode)


def equal(first: Any, second: Any) -> bool:
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(equal(first[key], second[key]) for key in first)
    if isinstance(first, np.ndarray):
        return first.dtype == second.dtype and first.shape == second.shape and first.tolist() == second.tolist()
    return type(first) is type(second) and first == second


def assert_equal(first: tuple[Any, ...], second: tuple[Any, ...]) -> None:
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        assert equal(one, other), (one, other)


def walk(envs: VectorEnv[Any, Any, Any], steps: int, seed: int) -> Iterator[tuple[Any, ...]]:
    """What ``envs`` emits under a random shopper; ended episodes are reset where the mode leaves that to the caller."""
    draw = np.random.default_rng(seed)
    observations, infos = envs.reset(seed=seed)
    yield observations, infos
    for _ in range(steps):
        clickables = infos["available_actions"]["clickables"]
        result = envs.step([choose(draw, list(found or [])) for found in clickables])
        observations, _, terminations, truncations, infos = result
        assert envs.observation_space.contains(observations)
        yield result
        ended = terminations | truncations
        if envs.metadata["autoreset_mode"] is AutoresetMode.DISABLED and ended.any():
            observations, found = envs.reset(options={"reset_mask": ended})
            yield observations, found
            clickables[ended] = found["available_actions"]["clickables"][ended]
            infos["available_actions"]["clickables"] = np.where(
                ended, clickables, infos["available_actions"]["clickables"]
            )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "options", [{}, {"max_steps": 4, "observation_mode": "url", "split": "test"}, {"end_on_invalid": True}]
)
def test_it_equals_gymnasiums_vector_environment(mode: AutoresetMode, options: dict[str, Any]) -> None:
    ends = 0
    ours, theirs = native(autoreset_mode=mode, **options), sync(mode, **options)
    assert ours.metadata == theirs.metadata
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    assert ours.single_action_space == theirs.single_action_space
    for first, second in zip(walk(ours, 150, seed=11), walk(theirs, 150, seed=11), strict=True):
        assert_equal(first, second)
        if len(first) == 5:
            assert first[1].dtype == np.float64
            assert first[2].dtype == first[3].dtype == np.bool_
            ends += int((first[2] | first[3]).sum())
    assert ends > 30
    assert ours.np_random_seed == theirs.np_random_seed == (11, 12, 13, 14)
    states = [tuple(rng.bit_generator.state["state"]["state"] for rng in envs.np_random) for envs in (ours, theirs)]
    assert states[0] == states[1]


@pytest.mark.parametrize("mode", MODES)
def test_it_equals_single_environments(mode: AutoresetMode) -> None:
    draw = np.random.default_rng(2)
    envs = native(autoreset_mode=mode, max_steps=5)
    singles = [WebShopEnv(toy_data(), max_steps=5) for _ in range(COUNT)]
    observations, infos = envs.reset(seed=[3, 1, 4, 1])
    assert observations == tuple(env.reset(seed=s)[0] for env, s in zip(singles, (3, 1, 4, 1), strict=True))
    ended = np.zeros(COUNT, bool)
    for _ in range(60):
        actions = [choose(draw, list(found)) for found in infos["available_actions"]["clickables"]]
        previous, ended_before = infos, ended
        observations, rewards, terminations, truncations, infos = envs.step(actions)
        ended = terminations | truncations
        for i, env in enumerate(singles):
            if mode is AutoresetMode.NEXT_STEP and ended_before[i]:
                expected = (env.reset()[0], 0.0, False, False)
            else:
                expected = env.step(actions[i])[:4]
                if mode is AutoresetMode.SAME_STEP and (expected[2] or expected[3]):
                    assert infos["final_obs"][i] == expected[0]
                    expected = (env.reset()[0], *expected[1:])
            assert (observations[i], rewards[i], terminations[i], truncations[i]) == expected
        if mode is AutoresetMode.DISABLED and ended.any():
            _, infos = envs.reset(options={"reset_mask": ended})
            for i in np.flatnonzero(ended):
                singles[i].reset()
            for i in np.flatnonzero(~ended):
                infos["available_actions"]["clickables"][i] = previous["available_actions"]["clickables"][i]
            ended[:] = False


@pytest.mark.parametrize("mode", MODES)
def test_two_runs_with_one_seed_agree(mode: AutoresetMode) -> None:
    for first, second in zip(
        walk(native(autoreset_mode=mode), 40, 7), walk(native(autoreset_mode=mode), 40, 7), strict=True
    ):
        assert_equal(first, second)
    assert not equal(next(walk(native(), 1, 7)), next(walk(native(), 1, 8)))


def test_the_data_is_loaded_once_and_shared(toy_folder: Path) -> None:
    envs = WebShopVectorEnv(5, str(toy_folder))
    assert len({id(env.data) for env in envs.envs}) == 1
    assert envs.envs[0].data.hashes() == toy_data().hashes()


def test_what_went_out_is_not_changed_later() -> None:
    envs = native(max_steps=1)
    envs.reset(seed=0)
    first = envs.step([SEARCH] * COUNT)
    kept = pickle.loads(pickle.dumps(first))
    envs.step([SEARCH] * COUNT)
    assert_equal(first, kept)


def test_it_takes_what_a_single_environment_takes() -> None:
    single, ours = (inspect.signature(cls).parameters for cls in (WebShopEnv, WebShopVectorEnv))
    assert [*single] == [name for name in ours if name not in ("num_envs", "autoreset_mode")]
    assert all(single[name].default == ours[name].default for name in single)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
def test_the_autoreset_mode_may_be_named_by_its_value(mode: str) -> None:
    assert native(autoreset_mode=mode).metadata["autoreset_mode"] is AutoresetMode(mode)
    assert "autoreset_mode" not in WebShopEnv.metadata


# Gymnasium's ways to make it


@pytest.mark.parametrize("mode", [None, "vector_entry_point", "sync", "async"])
def test_make_vec(mode: str | None) -> None:
    _ = toy_data().shop  # worker processes get the index with the data
    plain = {"shared_memory": False} if mode == "async" else None  # Gymnasium shares numbers, not texts
    envs = gymnasium.make_vec("shoprl/WebShop-v0", 3, mode, vector_kwargs=plain, data=toy_data(), max_episode_steps=30)
    assert isinstance(envs.unwrapped, WebShopVectorEnv) == (mode in (None, "vector_entry_point"))
    ours = native(3, max_steps=30)
    observations, infos = envs.reset(seed=5)
    expected, expected_infos = ours.reset(seed=5)
    assert (observations, infos["goal"].tolist()) == (expected, expected_infos["goal"].tolist())
    for _ in range(33):
        results, expected_results = envs.step((SEARCH, "nonsense", SEARCH)), ours.step((SEARCH, "nonsense", SEARCH))
        assert_equal(results, expected_results)
    envs.close()


@pytest.mark.parametrize(("limit", "cut"), [({}, 15), ({"max_episode_steps": 4}, 4), ({"max_episode_steps": -1}, None)])
def test_make_vec_has_gymnasiums_limit(limit: dict[str, int], cut: int | None) -> None:
    envs = gymnasium.make_vec("shoprl/WebShop-v0", 2, data=toy_data(), **limit)
    envs.reset(seed=0)
    steps = [envs.step(["nonsense"] * 2)[3].all() for _ in range(20)]
    assert steps.index(True) + 1 == cut if cut else not any(steps)
    with pytest.raises(ConfigError, match="max_steps 30: Gymnasium calls it max_episode_steps"):
        gymnasium.make_vec("shoprl/WebShop-v0", 2, data=toy_data(), max_steps=30)


def test_make_vec_takes_the_autoreset_mode_and_keeps_the_spec() -> None:
    envs = gymnasium.make_vec("shoprl/WebShop-v0", num_envs=2, data=toy_data(), autoreset_mode="Disabled")
    assert envs.metadata["autoreset_mode"] is AutoresetMode.DISABLED
    assert envs.spec is not None
    again = gymnasium.make_vec(envs.spec)
    assert (again.num_envs, again.metadata) == (2, envs.metadata)
    assert repr(envs) == "WebShopVectorEnv(shoprl/WebShop-v0, num_envs=2)"


def test_gymnasiums_vector_wrappers_work() -> None:
    envs = DictInfoToList(RecordEpisodeStatistics(native(autoreset_mode="NextStep", max_steps=2)))
    envs.reset(seed=0)
    envs.step([SEARCH] * COUNT)
    infos = envs.step([SEARCH] * COUNT)[4]
    assert [info["episode"]["l"] for info in infos] == [2] * COUNT  # type: ignore[index]
    assert infos[0]["available_actions"]["has_search_bar"] is np.False_  # type: ignore[index]


@pytest.mark.parametrize("mode", ["text_rich", "text", "url"])
def test_gymnasiums_performance_helpers_run(mode: Any) -> None:
    env = WebShopEnv(toy_data(), mode, render_mode="ansi")
    assert benchmark_step(env, target_duration=0, seed=1) > 0
    assert benchmark_render(env, target_duration=0) > 0
    assert benchmark_init(lambda: WebShopEnv(toy_data(), mode), target_duration=0, seed=1) > 0


@pytest.mark.parametrize("mode", MODES)
def test_sampled_actions_are_taken(mode: AutoresetMode) -> None:
    envs = native(autoreset_mode=mode, max_steps=3)
    envs.reset(seed=1)
    envs.action_space.seed(1)
    for _ in range(30):
        actions = envs.action_space.sample()
        assert envs.action_space.contains(actions)
        _, _, terminations, truncations, _ = envs.step(actions)
        if mode is AutoresetMode.DISABLED and (terminations | truncations).any():
            envs.reset(options={"reset_mask": terminations | truncations})


# Reset


def test_goals_for_all_or_for_each() -> None:
    envs = native()
    assert envs.reset(options={"goal": 7})[1]["goal"].tolist() == [7] * COUNT
    for goals in ([0, 34, 3, 3], (0, 34, 3, 3), np.array([0, 34, 3, 3])):
        observations, infos = envs.reset(options={"goal": goals})
        assert infos["goal"].tolist() == [0, 34, 3, 3]
        assert toy_data().goals[34].instruction in observations[1]
    drawn = envs.reset(seed=5)[1]["goal"]
    assert envs.reset(seed=5, options={"goal": [None, 1, None, 2]})[1]["goal"].tolist() == [drawn[0], 1, drawn[2], 2]


def test_a_mask_resets_some() -> None:
    options = {"reset_mask": np.array([True, False, True, False]), "goal": [1, 2, 3, 4]}
    envs = native(autoreset_mode="Disabled", max_steps=2)
    envs.reset(options={"goal": 0})
    shown = envs.step([SEARCH] * COUNT)[0]
    observations, infos = envs.reset(options=options)
    assert set(options) == {"reset_mask", "goal"}  # the caller's own
    assert infos["_goal"].tolist() == [True, False, True, False]
    assert infos["goal"][[0, 2]].tolist() == [1, 3]
    assert [a == b for a, b in zip(observations, shown, strict=True)] == [False, True, False, True]
    assert envs.step([SEARCH] * COUNT)[3].tolist() == [False, True, False, True]


@pytest.mark.parametrize(
    ("options", "error", "what"),
    [
        ({"goal": [1, 2]}, ConfigError, "goal: 2 for 4 environments"),
        ({"goals": 9}, ConfigError, r"reset options 'goals': unknown\. Known are 'goal', 'reset_mask'\."),
        ({"goal": "3"}, GoalError, "goal '3'"),
        ({"goal": [1, 2, 99, 3]}, GoalError, "goal 99: use an index from 0 to 34"),
        ({"reset_mask": [True] * COUNT}, ConfigError, r"a boolean array of shape \(4,\)"),
        ({"reset_mask": np.ones(3, bool)}, ConfigError, r"a boolean array of shape \(4,\)"),
        ({"reset_mask": np.ones(COUNT)}, ConfigError, r"a boolean array of shape \(4,\)"),
        ({"reset_mask": np.zeros(COUNT, bool)}, ConfigError, "False everywhere"),
    ],
)
def test_bad_reset_options(options: dict[str, Any], error: type[Exception], what: str) -> None:
    with pytest.raises(error, match=what):
        native().reset(options=options)


def test_bad_seeds() -> None:
    with pytest.raises(ConfigError, match="seed: 2 for 4 environments"):
        native().reset(seed=[1, 2])
    with pytest.raises(gymnasium.error.Error, match="Seed"):
        native().reset(seed=-1)
    assert native().reset(seed=np.int64(3))[0] == native().reset(seed=[3, 4, 5, 6])[0]  # type: ignore[arg-type]


# Errors


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"num_envs": 0}, "num_envs 0: must be at least 1"),
        ({"autoreset_mode": "later"}, r"autoreset_mode 'later': use one of \['NextStep', 'SameStep', 'Disabled'\]"),
        ({"observation_mode": "pixels"}, "observation_mode 'pixels'"),
        ({"split": "validation"}, "split 'validation'"),
        ({"max_steps": 0}, "max_steps 0"),
        ({"render_mode": "human"}, "render_mode 'human'"),
    ],
)
def test_bad_options_fail_at_once(options: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        native(**options)


def test_a_missing_data_folder_fails_at_once(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no such f"):
        WebShopVectorEnv(2, tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("actions", "what"),
    [
        ([SEARCH] * 3, "actions: 3 for 4 environments"),
        ([SEARCH] * 5, "actions: 5 for 4 environments"),
        ("abcd", "actions: must be a sequence of 4 texts"),
        (None, "actions: must be a sequence of 4 texts"),
        ([SEARCH, None, SEARCH, SEARCH], r"actions\[1\]: must be a text, not NoneType"),
    ],
)
def test_bad_actions_change_nothing(actions: Any, what: str) -> None:
    envs = native(render_mode="ansi")
    envs.reset(seed=0)
    before = envs.render()
    with pytest.raises(ConfigError, match=what):
        envs.step(actions)
    assert envs.render() == before


def test_an_ended_episode_needs_a_reset_where_there_is_no_autoreset() -> None:
    envs = native(autoreset_mode="Disabled", max_steps=1)
    envs.reset(seed=0)
    envs.step([SEARCH] * COUNT)
    with pytest.raises(gymnasium.error.ResetNeeded, match=r"Environments \[0, 1, 2, 3\] have ended"):
        envs.step([SEARCH] * COUNT)
    envs.reset()
    envs.step([SEARCH] * COUNT)


def test_the_action_of_an_environment_that_is_being_reset_is_ignored() -> None:
    envs = native(2, max_steps=1)
    envs.reset(seed=0)
    envs.step([SEARCH] * 2)
    observations, rewards, terminations, truncations, _ = envs.step([None, SEARCH])  # type: ignore[list-item]
    assert all(observation.startswith("WebShop") for observation in observations)
    assert not rewards.any()
    assert not (terminations | truncations).any()


# Other calls


def test_a_step_before_reset_is_refused() -> None:
    with pytest.raises(gymnasium.error.ResetNeeded):
        native().step([SEARCH] * COUNT)


def test_closing_twice_is_allowed_and_drops_the_sessions() -> None:
    envs = native()
    envs.reset()
    envs.close()
    envs.close()
    assert envs.closed
    with pytest.raises(gymnasium.error.ResetNeeded):
        envs.step([SEARCH] * COUNT)


def test_a_pickled_copy_goes_on_alike() -> None:
    envs = native(max_steps=3)
    for _ in walk(envs, 10, 3):
        pass
    copy = pickle.loads(pickle.dumps(envs))
    assert len({id(env.data) for env in copy.envs}) == 1
    for _ in range(10):
        assert_equal(envs.step([SEARCH] * COUNT), copy.step([SEARCH] * COUNT))


def test_rendering_shows_each_page() -> None:
    envs = native(2, observation_mode="url", render_mode="ansi")
    envs.reset(options={"goal": [0, 1]})
    shown = envs.render()
    assert [toy_data().goals[i].instruction in (shown[i] or "") for i in range(2)] == [True, True]
    assert native(2).render() == (None, None)


def test_attributes_and_methods_are_called_in_each() -> None:
    envs = native(2)
    assert envs.call("max_steps") == (15, 15)
    envs.call("reset", seed=1)
    assert envs.np_random_seed == (1, 1)


def test_a_steps_searches_are_one_call_of_an_engine() -> None:
    asked = []

    class Engine:
        def find_many(self, queries: Sequence[str]) -> list[list[str]]:
            asked.append(list(queries))
            return [["B0SHOE0001"] for _ in queries]

    data = replace(toy_data())
    data.__dict__["shop"] = Shop(data.catalog, EngineSearch(Engine(), data.catalog), data.tagger)
    envs = WebShopVectorEnv(5, data)
    envs.reset(seed=0)
    envs.step(["search[red]", "search[blue mug]", "click[nothing]", "search[red]", "search[<c> fashion]"])
    assert asked == [["red", "blue mug"]]
    envs.step(["search[red]", "click[b0shoe0001]", "x", "search[" + "a" * 20_000 + "]", "search[new]"])
    assert asked[1:] == [["new"]]


def test_either_kind_of_goals_is_made_of_a_folder(toy_folder: Path) -> None:
    envs = gymnasium.make_vec("shoprl/WebShop-v0", 2, data=toy_folder, human_goals=True)
    assert [list(data.goals) for data in envs.call("data")] == [toy_goals("human")] * 2
    observations, _ = envs.reset(options={"goal": [0, 5]})
    assert toy_goals("human")[0].instruction in observations[0]
    assert toy_goals("human")[5].instruction in observations[1]
