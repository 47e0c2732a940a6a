"""What is known of a session after each action, as WebShop's server keeps it."""

from typing import Any

from shoprl.compat.legacy import WebAgentTextEnv
from tests.support.toyshop import EVERYTHING, toy_data

SEARCH = f"search[{EVERYTHING}]"
SHOE = "B0SHOE0001"


def opened(goal: int = 0) -> tuple[WebAgentTextEnv, dict[str, Any]]:
    env = WebAgentTextEnv("text", toy_data())
    env.reset(goal)
    return env, env.server.user_sessions[env.session]


def picked(known: dict[str, Any], *names: str) -> list[Any]:
    return [known[name] for name in names]


def test_a_session_begins_empty() -> None:
    _, known = opened(3)
    assert known == {
        "goal": toy_data().goals[3].to_json(),
        "done": False,
        "keywords": None,
        "page": None,
        "asin": None,
        "asins": set(),
        "options": {},
        "actions": {},
    }
    assert known["actions"]["search"] == 0


def test_a_session_follows_an_episode_to_its_purchase() -> None:
    goal = next(i for i, goal in enumerate(toy_data().goals) if goal.asin == SHOE)
    env, known = opened(goal)
    env.step(SEARCH.upper().replace("SEARCH", "search"))
    assert picked(known, "keywords", "page", "asin") == [EVERYTHING.lower().split(" "), 1, None]
    env.step("click[next >]")
    assert picked(known, "page", "keywords") == [2, EVERYTHING.lower().split(" ")]
    env.step("click[< prev]")
    env.step(f"click[{SHOE}]")
    assert picked(known, "page", "asin", "asins", "options") == [1, SHOE, {SHOE}, {}]
    chosen = toy_data().goals[goal].options
    assert isinstance(chosen, dict)
    for value in chosen.values():
        env.step(f"click[{value}]")
    env.step("click[description]")
    env.step("click[< prev]")
    assert known["options"] == chosen
    env.step("click[buy now]")
    assert picked(known, "done", "reward", "options", "asin") == [True, 1.0, chosen, SHOE]
    assert known["verbose_info"]["r_type"] == 1.0
    assert known["verbose_info"].keys() >= {"r_att", "r_option", "r_price", "w_att", "w_option", "w_price"}
    assert known["actions"] == {"search": 3, "asin": 1, "options": len(chosen), "Description": 1, "purchase": 1}


def test_going_back_forgets_the_product_and_a_new_search_everything() -> None:
    env, known = opened()
    for action in (SEARCH, f"click[{SHOE}]", "click[< prev]"):
        env.step(action)
    assert picked(known, "asin", "asins", "options") == [None, {SHOE}, {}]
    assert known["actions"] == {"search": 2, "asin": 1}
    env.step("click[back to search]")
    assert picked(known, "keywords", "page", "asins", "actions") == [None, None, set(), {}]


def test_an_action_that_is_not_valid_changes_nothing() -> None:
    env, known = opened()
    env.step(SEARCH)
    before = {name: (value.copy() if hasattr(value, "copy") else value) for name, value in known.items()}
    for action in ("nonsense", "search[]", "click[buy now]", "click[no such]"):
        env.step(action)
    assert known == before
