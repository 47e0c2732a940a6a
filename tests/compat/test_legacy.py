import json
import pickle
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoprl.compat.legacy import WebAgentTextEnv
from shoprl.compat.user_sessions import UserSession
from shoprl.errors import ConfigError, GoalError, TrajectoryError
from shoprl.reading import read_json_lines
from shoprl.shop.data import ShopData, read_data, shop_data
from tests.support.parsing import available_actions, parsed
from tests.support.realdata import real_data
from tests.support.toyshop import EVERYTHING, toy_catalog, toy_data, toy_goals

SEARCH = f"search[{EVERYTHING}]"


def make(mode: Any = "text_rich", data: ShopData | None = None, **options: Any) -> WebAgentTextEnv:
    return WebAgentTextEnv(mode, data or toy_data(), **options)


def weighted(*weights: float) -> ShopData:
    goals = [replace(goal, weight=weight) for goal, weight in zip(toy_goals(), weights, strict=False)]
    return shop_data(toy_catalog(), goals)


def drawn_goals(env: WebAgentTextEnv, count: int) -> list[str]:
    found = []
    for _ in range(count):
        env.reset()
        found.append(env.goal["instruction_text"])
    return found


# An episode


def test_an_episode_from_search_to_purchase() -> None:
    env = make()
    goals = toy_data().goals
    index = next(i for i, goal in enumerate(goals) if goal.asin == "B0SHOE0001")
    observation, info = env.reset(session=index)
    assert observation == f"WebShop\nInstruction: \n{goals[index].instruction}\n[button] Search [button_]\n"
    assert info is None
    assert env.get_available_actions() == {"has_search_bar": True, "clickables": ["search"]}
    for action in (SEARCH, "click[next >]", "click[< prev]", f"search[{goals[index].name}]", "click[B0SHOE0001]"):
        observation, reward, done, info = env.step(action)
        assert (reward, done, info) == (0.0, False, None)
    for value in goals[index].option_values:
        assert f"You have clicked {value}." in env.step(f"click[{value}]")[0]
    observation, reward, done, _ = env.step("click[buy now]")
    assert (reward, done) == (1.0, True)
    assert observation.startswith("Thank you for shopping with us!")
    assert env.get_available_actions() == {"has_search_bar": False, "clickables": []}


def test_the_step_that_buys_is_the_one_that_is_done() -> None:
    env = make()
    env.reset(0)
    env.step(SEARCH)
    env.step("click[b0shoe0001]")
    assert env.step("click[buy now]")[2] is True
    assert env.step("click[buy now]")[1:] == (0.0, False, None)
    assert env.step(SEARCH)[2] is False  # WebShop's search works on any page


@pytest.mark.parametrize("action", ["nonsense", "", "click[no such]", "search[]", "click[search]", "finish"])
def test_an_invalid_action_changes_nothing(action: str) -> None:
    env = make()
    before, _ = env.reset(3)
    assert env.step(action) == (before, 0.0, False, None)


def test_there_is_no_limit_of_steps() -> None:
    env = make("url")
    env.reset(0)
    assert not any(env.step(SEARCH)[2] for _ in range(60))


def test_the_modes_show_one_page() -> None:
    shown = {}
    for mode in ("html", "text", "text_rich", "url"):
        env = make(mode)
        env.reset(0)
        shown[mode] = env.step(SEARCH)[0]
        assert env.observation == shown[mode]
    assert shown["html"].startswith("<!DOCTYPE html>")
    assert available_actions(parsed(shown["html"])) == env.get_available_actions()
    assert shown["text"].startswith("Instruction: [SEP] ")
    assert shown["text_rich"].startswith("Instruction:\n")
    assert shown["url"] == f"http://127.0.0.1:3000/search_results/0/{EVERYTHING}/1"


def test_the_mode_can_be_changed() -> None:
    env = make("url")
    env.reset(0)
    env.observation_mode = "text"
    assert env.observation.startswith("WebShop [SEP]")
    env.observation_mode = "image"  # type: ignore[assignment]
    with pytest.raises(ConfigError, match="observation_mode 'image': use one of"):
        _ = env.observation


def test_the_state_is_the_page_and_the_instruction() -> None:
    env = make("url")
    env.reset(2)
    instruction = toy_data().goals[2].instruction
    first = env.state
    assert set(first) == {"url", "html", "instruction_text"}
    assert first["url"] == "http://127.0.0.1:3000/2"
    assert first["instruction_text"] == env.instruction_text == f"Instruction: {instruction}"
    env.step(SEARCH)
    assert env.instruction_text == f"Instruction: {instruction}"
    assert env.get_instruction_text() == f"Instruction:{instruction}"
    assert parsed(env.state["html"]).find(id="instruction-text").h4.text == f"Instruction:{instruction}"  # type: ignore[union-attr]


def test_an_instruction_of_ones_own_is_kept_beside_the_page() -> None:
    env = make()
    observation, _ = env.reset(2, instruction_text="buy a hat")
    assert (env.instruction_text, env.state["instruction_text"]) == ("buy a hat", "buy a hat")
    assert "buy a hat" not in observation
    env.reset(2)
    assert env.instruction_text.startswith("Instruction: ")


def test_clickables_are_those_of_the_last_look() -> None:
    env = make()
    assert env.text_to_clickable is None
    env.reset(0)
    assert env.text_to_clickable is None
    env.step(SEARCH)
    assert list(env.text_to_clickable or ()) == ["search"]
    actions = env.get_available_actions()
    assert list(env.text_to_clickable or ()) == actions["clickables"]
    actions["clickables"].clear()  # the caller's own copy
    assert env.get_available_actions()["clickables"]


# Earlier observations and actions


def test_earlier_observations_and_actions_come_first() -> None:
    env = make("url", num_prev_obs=2, num_prev_actions=1)
    env.reset(0)
    base = "http://127.0.0.1:3000"
    urls = [f"{base}/0", f"{base}/search_results/0/a/1", f"{base}/search_results/0/b/1", f"{base}/search_results/0/c/1"]
    assert env.step("search[a]")[0] == f"{urls[0]} [SEP] search[a] [SEP] {urls[1]}"
    assert env.step("search[b]")[0] == f"{urls[0]} [SEP] {urls[1]} [SEP] search[b] [SEP] {urls[2]}"
    assert env.step("search[c]")[0] == f"{urls[1]} [SEP] {urls[2]} [SEP] search[c] [SEP] {urls[3]}"
    assert env.prev_obs == urls
    assert env.prev_actions == ["search[a]", "search[b]", "search[c]"]
    assert env.observation == urls[3]


def test_more_actions_than_observations_can_be_asked_for() -> None:
    env = make("url", num_prev_actions=2)
    env.reset(0)
    env.step("nonsense")
    url = "http://127.0.0.1:3000/0"
    assert env.step("more")[0] == f"nonsense [SEP] more [SEP] {url}"
    env.num_prev_obs, env.num_prev_actions = 1, 3
    assert env.step("last")[0] == f"nonsense [SEP] more [SEP] {url} [SEP] last [SEP] {url}"


def test_a_reset_forgets_what_was_before() -> None:
    env = make("url", num_prev_obs=3, num_prev_actions=3)
    env.reset(0)
    env.step(SEARCH)
    observation, _ = env.reset(1)
    assert (env.prev_obs, env.prev_actions) == ([observation], [])
    assert env.step("x")[0] == f"{observation} [SEP] x [SEP] {observation}"


# Sessions


def test_nothing_happens_before_the_first_use() -> None:
    data = replace(toy_data())
    env = make(data=data)
    assert "shop" not in vars(data)
    assert env.observation.startswith("WebShop\n")
    assert "shop" in vars(data)


@pytest.mark.parametrize(
    "use",
    [
        *(lambda env: env.observation, lambda env: env.state["url"], lambda env: env.session),
        *(lambda env: env.instruction_text, lambda env: env.prev_obs, lambda env: env.prev_actions),
        *(lambda env: env.get_available_actions(), lambda env: env.step(SEARCH), lambda env: env.goal),
        lambda env: env.get_instruction_text(),
    ],
)
def test_the_first_use_opens_a_session(use: Callable[[WebAgentTextEnv], object]) -> None:
    env, named = make(seed=4), make(seed=4, session=5)
    assert use(env) is not None
    assert (len(env.session), env.session.isalpha(), env.session.islower()) == (10, True, True)
    use(named)
    assert named.session == "5"
    assert named.instruction_text == f"Instruction: {toy_data().goals[5].instruction}"


def test_after_close_the_next_use_opens_another() -> None:
    env = make(seed=1)
    env.step(SEARCH)
    first = env.session
    env.close()
    assert env.text_to_clickable is None
    assert env.session != first
    assert env.prev_actions == []


@pytest.mark.parametrize("kind", [int, np.int64])
def test_a_number_is_the_index_of_a_goal(kind: Any) -> None:
    env = make(session_prefix="dev_")
    for index in (0, 7, len(toy_data().goals) - 1):
        observation, _ = env.reset(kind(index))
        assert toy_data().goals[index].instruction in observation
        assert env.goal == toy_data().goals[index].to_json() == env.server.goals[index]
        assert env.session == f"dev_{index}"
        assert env.state["url"] == f"http://127.0.0.1:3000/dev_{index}"


def test_a_name_stands_for_one_goal_and_the_seed_decides_which() -> None:
    def goals(seed: int, names: list[str], **options: Any) -> dict[str, str]:
        env = make(seed=seed, **options)
        return {name: (env.reset(name), env.goal["instruction_text"])[1] for name in names}

    names = [f"shopper {number}" for number in range(20)] + ["3", "", "日本", "\ud800"]
    assert goals(1, names) == goals(1, names[::-1])
    assert goals(1, names) != goals(2, names)
    assert goals(1, names) != goals(1, names, session_prefix="other ")
    assert len(set(goals(1, names).values())) > 5
    assert goals(1, ["ax"]) == {"ax": goals(1, ["x"], session_prefix="a")["x"]}


def test_names_are_drawn_from_the_seed() -> None:
    def names(seed: int | None, prefix: str | None = None) -> list[str]:
        env = make(seed=seed, session_prefix=prefix)
        return [(env.reset(), env.session)[1] for _ in range(5)]

    assert names(1) == names(1)
    assert names(1) != names(2)
    assert names(None) != names(None)
    assert len({*names(1)}) == 5
    assert names(1, "p-") == [f"p-{name}" for name in names(1)]


def test_goals_are_drawn_by_weight() -> None:
    env = make(data=weighted(6, 0.001, 1, 3, *[0.0001] * 31), seed=0)
    counts = Counter(drawn_goals(env, 1_000))
    shares = [counts[goal.instruction] / 1_000 for goal in toy_goals()]
    assert shares[0] == pytest.approx(0.6, abs=0.05)
    assert shares[2] == pytest.approx(0.1, abs=0.03)
    assert shares[3] == pytest.approx(0.3, abs=0.05)


def test_the_global_generators_are_left_alone() -> None:
    before = random.getstate(), np.random.get_state()[1].tobytes()  # type: ignore[index, union-attr]  # noqa: NPY002
    env = make(limit_goals=5)
    for session in (None, "a", 1):
        env.reset(session)
        env.step(SEARCH)
    assert before == (random.getstate(), np.random.get_state()[1].tobytes())  # type: ignore[index, union-attr]  # noqa: NPY002


# Goals in play


def test_a_filter_keeps_the_goals_it_holds_for() -> None:
    seen = []

    def keep(index: int, goal: dict[str, Any]) -> bool:
        seen.append((index, goal))
        return bool(goal["asin"].startswith("B0TEA"))

    env = make(filter_goals=keep)
    assert seen == [(index, goal.to_json()) for index, goal in enumerate(toy_data().goals)]
    kept = [goal for goal in toy_data().goals if goal.asin.startswith("B0TEA")]
    assert env.server.goals == [goal.to_json() for goal in kept]
    assert kept[1].instruction in env.reset(1)[0]
    with pytest.raises(GoalError, match=f"from 0 to {len(kept) - 1}"):
        env.reset(len(kept))
    assert {instruction[:7] for instruction in drawn_goals(env, 20)} == {"Find me"}
    assert set(drawn_goals(env, 60)) <= {goal.instruction for goal in kept}


def test_a_limit_follows_a_filter() -> None:
    env = make(filter_goals=lambda index, _: index % 2, limit_goals=3)
    assert len(env.server.goals) == 3
    assert all(index % 2 for index in env.server.indices)
    assert env.server.goals[2]["instruction_text"] in env.reset(2)[0]


def test_environments_share_a_server() -> None:
    first = make(limit_goals=4)
    second = WebAgentTextEnv("url", server=first.server)
    assert second.server is first.server
    second.reset(3)
    first.reset(3)
    assert first.goal is second.goal
    first.step(SEARCH)
    assert second.observation == "http://127.0.0.1:3000/3"


# Options


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"mode": "image"}, r"observation_mode 'image': use one of \(.*'html'"),
        ({"get_image": 1}, "get_image: needs a data folder"),
        ({"show_attrs": True}, "show_attrs: .*catalog"),
        ({"file_path": "x"}, "data, file_path: .*Give one"),
        ({"seed": -1}, "seed -1: must be a whole number"),
        ({"seed": True}, "seed True"),
        ({"seed": "a"}, "seed 'a'"),
        ({"limit_goals": 0}, "limit_goals 0: must be at least 1, or -1"),
        ({"limit_goals": -2}, "limit_goals -2"),
        ({"num_products": 100}, "num_products 100: the data holds 12 products"),
        ({"human_goals": True}, "human_goals True: the data holds synthetic goals"),
        ({"session": 1.5}, "session 1.5: give the index of a goal, a name, or None"),
        ({"server": "http://x"}, "server: give another environment's .server, not str"),
    ],
)
def test_what_cannot_be_honoured_is_named(options: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        make(**options)


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(TypeError, match="attrs_path"):
        make(attrs_path="items_ins_v2_1000.json")


@pytest.mark.parametrize("session", [-1, 35, 10**9])
def test_a_goal_that_does_not_exist_is_named(session: int) -> None:
    for open_it in (make().reset, lambda session: make(session=session)):
        with pytest.raises(GoalError, match=f"session {session}: use a goal's index from 0 to 34"):
            open_it(session)


@pytest.mark.parametrize("session", [True, 1.0, ["a"], b"a"])
def test_a_session_that_is_neither_index_nor_name_is_named(session: Any) -> None:
    with pytest.raises(ConfigError, match=r"session .*: give the index of a goal, a name, or None"):
        make().reset(session)


def test_rendering_is_for_text_only() -> None:
    env = make("url")
    env.reset(0)
    assert env.render() is None
    assert env.render(mode="rgb_array") is None
    assert (env.render("ansi") or "").startswith("WebShop\nInstruction: \n")


# What clients reach for


def test_the_server_knows_the_session_of_each_environment() -> None:
    first = make(session_prefix="a")
    second = WebAgentTextEnv(server=first.server)
    first.reset(0)
    second.reset(1)
    sessions = first.server.user_sessions
    assert set(sessions) == {"a0", "1"}
    assert sessions["a0"]["goal"] is first.server.goals[0] is first.goal
    first.step(SEARCH)
    assert (sessions["a0"]["page"], sessions["1"]["page"]) == (1, None)
    held = sessions["1"]
    second.reset(2)
    first.close()
    assert set(sessions) == {"1", "2"}  # the one that is held, and the one that an environment is in
    assert held["goal"] is first.server.goals[1]


def test_the_browser_shows_the_page() -> None:
    env = make(session="me")
    assert env.base_url == env.server.base_url == "http://127.0.0.1:3000"
    for action in (SEARCH, "click[b0shoe0001]"):
        env.step(action)
        assert env.browser.current_url == env.state["url"]
        assert env.browser.page_source == env.state["html"]
    assert env.browser.session_id == "me"


def test_html_is_converted_as_the_observations_are() -> None:
    env = make()
    env.reset(0)
    value = env.server.data.catalog["B0SHOE0001"].options["color"][0]
    actions = (SEARCH, "click[b0shoe0001]", f"click[{value}]", "click[features]", "click[< prev]", "click[< prev]")
    for action in actions:
        rich, *_ = env.step(action)
        assert env.convert_html_to_text(env.state["html"]) == rich
        env.observation_mode = "text"
        assert env.convert_html_to_text(env.browser.page_source, simple=True) == env.observation
        env.observation_mode = "text_rich"


def test_weights_are_the_goals() -> None:
    assert make().server.weights == [goal.weight for goal in toy_data().goals]


def test_a_server_goes_to_another_process() -> None:
    server = make(limit_goals=3).server
    server.user_sessions["a"] = UserSession(server.goals[0])
    other = pickle.loads(pickle.dumps(server))
    assert (other.indices, len(other.user_sessions)) == (server.indices, 0)


def test_the_file_of_attributes_is_the_data_folders(toy_folder: Path, tmp_path: Path) -> None:
    (beside,) = toy_folder.glob("items_ins_v2*.json")
    for where in ({"file_path": toy_folder}, {"file_path": toy_folder / "items_shuffle_12.json"}):
        WebAgentTextEnv("text", attr_path=str(beside), **where)
    (tmp_path / beside.name).write_bytes(beside.read_bytes())
    for elsewhere in (tmp_path / beside.name, toy_folder / "missing.json"):
        with pytest.raises(ConfigError, match=r"attr_path .*\.json: must be a file in the data folder"):
            WebAgentTextEnv("text", file_path=toy_folder, attr_path=elsewhere)


def test_of_two_sets_in_a_folder_the_named_one_is_read(toy_folder: Path) -> None:
    items, wordings = toy_folder / "items_shuffle.json", toy_folder / "items_ins_v2.json"
    rows = json.loads((toy_folder / "items_shuffle_12.json").read_text())
    items.write_text(json.dumps(rows[:6]))
    wordings.write_bytes((toy_folder / "items_ins_v2_12.json").read_bytes())
    (toy_folder / "goals.jsonl").unlink(missing_ok=True)
    for count, name in ((6, ""), (12, "_12")):
        own = {"file_path": toy_folder / f"items_shuffle{name}.json"}
        attributes = toy_folder / f"items_ins_v2{name}.json"
        env = WebAgentTextEnv("text", attr_path=attributes, num_products=count, **own)
        assert len(env.server.data.catalog) == count
        env.reset(0)
    with pytest.raises(ConfigError, match=r"items_ins_v2_12.json is read with these products"):
        WebAgentTextEnv("text", file_path=toy_folder / "items_shuffle_12.json", attr_path=wordings)


def test_a_server_and_the_folder_that_it_has(toy_folder: Path, tmp_path: Path) -> None:
    env = WebAgentTextEnv("text", file_path=toy_folder)
    assert WebAgentTextEnv("text", file_path=toy_folder, server=env.server).server is env.server
    for other in (tmp_path / "other", toy_data()):
        with pytest.raises(ConfigError, match="a server has its own data"):
            WebAgentTextEnv("text", file_path=other, server=env.server)


def test_pictures_are_those_of_the_item_page(toy_folder: Path) -> None:
    torch = pytest.importorskip("torch")
    data = read_data(toy_folder)
    shoe = data.catalog["B0SHOE0001"]
    torch.save(torch.arange(1024.0).reshape(2, 512), toy_folder / "feat_conv.pt")
    torch.save(["https://elsewhere/x.jpg", shoe.image], toy_folder / "feat_ids.pt")
    env = WebAgentTextEnv(file_path=toy_folder, get_image=True)
    env.reset(0)
    env.step(SEARCH)
    assert env.get_image().tolist() == [0.0] * 512
    env.step("click[b0shoe0001]")
    assert env.get_image().tolist() == [*range(512, 1024)]
    other = WebAgentTextEnv(server=env.server, get_image=True)
    other.reset(0)
    assert other.get_image().tolist() == [0.0] * 512
    with pytest.raises(ConfigError, match="get_image: no pictures are loaded"):
        make().get_image()


# Recordings of the original


def test_every_step_of_every_recorded_episode_is_equal() -> None:
    folder, steps = real_data(), 0
    data = read_data(folder, strict=True)
    envs = [WebAgentTextEnv(mode, data, num_products=1_000, human_goals=False) for mode in ("text_rich", "text", "url")]
    for _, episode in read_json_lines(folder / "golden" / "episodes.jsonl.gz", TrajectoryError):
        index, name = episode["goal_index"], episode["steps"][0]["url"].rsplit("/", 1)[-1]
        for env in envs:
            env.session_prefix = name.removesuffix(str(index))
            for step in episode["steps"]:
                first = step["action"] is None
                shown, reward, done, _ = (*env.reset(index), False, None) if first else env.step(step["action"])
                assert (shown, reward or 0.0, done) == (step[env.observation_mode], step["reward"], step["done"])
                assert env.get_available_actions() == step["available"]
                steps += 1
            assert env.session == name
            assert env.prev_obs == [step[env.observation_mode] for step in episode["steps"]]
    assert steps == 3 * 2_351
