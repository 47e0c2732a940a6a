"""Actions recorded elsewhere, taken in the toy shop."""

import json
from dataclasses import replace

import pytest

from shoprl.errors import TrajectoryError
from shoprl.shop.data import ShopData
from shoprl.shop.session import Session
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.imported import Imported, ImportOutcome, held_out, plain_wish, replayed, take_recorded

SEARCH, SHOE, BUY = "search[nimbus mesh]", "click[b0shoe0001]", "click[buy now]"


def test_recorded_actions_are_taken(toy: ShopData) -> None:
    index = next(i for i, goal in enumerate(toy.goals) if goal.asin == "B0SHOE0001")
    task = ShopTask(toy.shop, max_steps=2)  # more steps than the task's limit are taken all the same
    episode = take_recorded(task, toy.goals[index], index, [SEARCH, SHOE, BUY])
    assert [decision.action for decision in episode.decisions] == [SEARCH, SHOE, BUY]
    assert [decision.page for decision in episode.decisions] == ["search", "results", "item"]
    assert (episode.goal_index, episode.done, episode.asin) == (index, True, "B0SHOE0001")
    session = Session(toy.shop, toy.goals[index])
    for action in (SEARCH, SHOE, BUY):
        session.step(action)
    assert episode.reward == session.page.reward
    assert session.page.reward


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        ([SEARCH, BUY], r"step 2 of 2: 'click\[buy now\]' is not available on the results page"),
        ([SHOE], "step 1 of 1: .* is not available on the search page"),
        (["click[search]"], "step 1 of 1: .* is not available"),
        (["search"], "step 1 of 1: .* is not available"),
        (["search[]"], "step 1 of 1: .* is not available"),
        (["<script>" * 1000], "step 1 of 1: .{1,220} is not available"),
        ([SEARCH, SHOE, BUY, SEARCH], "step 4 of 4: .* comes after the purchase"),
    ],
)
def test_what_a_page_does_not_offer_is_refused(toy: ShopData, actions: list[str], said: str) -> None:
    with pytest.raises(TrajectoryError, match=said):
        take_recorded(ShopTask(toy.shop), toy.goals[0], 0, actions)
    episode, status, reason = replayed(ShopTask(toy.shop), toy.goals[0], 0, actions, [])
    assert (episode, status) == (None, "not replayable")
    assert reason.startswith("step ")


def test_what_becomes_of_a_source(toy: ShopData) -> None:
    task, goal = ShopTask(toy.shop), toy.goals[0]
    episode, status, reason = replayed(task, goal, 0, [SEARCH, SHOE, BUY], ["B0SHOE0001"])
    assert episode is not None
    assert (episode.asin, status, reason) == ("B0SHOE0001", "used", "")
    assert replayed(task, goal, 0, [SEARCH], [])[1:] == ("not bought", "it ends without a purchase")
    gone = [f"GONE{number}" for number in range(6)]
    episode, status, reason = replayed(task, goal, 0, [SEARCH, SHOE, BUY], [*gone, "B0SHOE0001", gone[0]])
    assert (episode, status) == (None, "not in the catalogue")
    assert reason == f"6 of the 7 products that it needs are not in the catalogue: {', '.join(gone[:5])}, ..."


def test_counts_and_rows() -> None:
    outcomes = (
        ImportOutcome("a", "used", reward=0.5),
        ImportOutcome("b", "no goal", "why"),
        ImportOutcome("c", "used"),
    )
    assert Imported((), (), outcomes).counts() == {"used": 2, "no goal": 1}
    assert ImportOutcome(**json.loads(json.dumps(outcomes[1].to_json()))) == outcomes[1]


def test_nothing_is_learned_from_eval_and_test_goals(toy: ShopData) -> None:
    data = replace(toy, split=replace(toy.split, train=(0, 1), eval=(2,), test=(3, 4)))
    assert held_out(data) == {2, 3, 4}


@pytest.mark.parametrize(
    ("instruction", "plain"),
    [
        ('I\'d like a "Red"  mug, and price lower than 30.00 dollars', "id like a red mug"),
        ("a mug, and price lower than 10, and price lower than 20", "a mug"),
        (" . A mug. ", "a mug"),
        ("", ""),
    ],
)
def test_wishes_are_compared_without_price_and_marks(instruction: str, plain: str) -> None:
    assert plain_wish(instruction) == plain
