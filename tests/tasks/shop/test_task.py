"""The shop as a task: goals, requests, the step limit."""

import pytest

from shoprl.errors import ConfigError
from shoprl.shop.data import ShopData
from shoprl.tasks.base import index_of
from shoprl.tasks.instruction import Instruction, queries_for
from shoprl.tasks.shop.task import ShopTask
from tests.support.toyshop import EVERYTHING


def buy_the_first(task: ShopTask, goal: object) -> object:
    live = task.start(goal, lambda instruction: (EVERYTHING,))  # type: ignore[arg-type]
    live.step(f"search[{EVERYTHING}]")
    live.step(next(c.action for c in live.state.candidates if c.kind == "product"))
    live.step("click[buy now]")
    return live


def test_an_episode_ends_with_a_purchase(toy: ShopData) -> None:
    live = buy_the_first(ShopTask(toy.shop), toy.goals[0])
    assert live.over  # type: ignore[attr-defined]
    outcome = live.outcome()  # type: ignore[attr-defined]
    assert outcome.done
    assert outcome.reward == live.session.purchase.total  # type: ignore[attr-defined]
    assert set(outcome.components) >= {"r_type", "r_att", "r_price"}
    assert outcome.asin == toy.shop.find([EVERYTHING])[0].asin


def test_a_request_has_no_reward(toy: ShopData) -> None:
    live = buy_the_first(ShopTask(toy.shop), "  red \n shoes ")
    outcome = live.outcome()  # type: ignore[attr-defined]
    assert (outcome.done, outcome.reward, outcome.components) == (True, None, {})
    assert outcome.asin == toy.shop.find([EVERYTHING])[0].asin
    assert live.page.instruction == "red shoes"  # type: ignore[attr-defined]
    assert live.session.goal is None  # type: ignore[attr-defined]
    unfinished = ShopTask(toy.shop).start("red shoes")
    assert (unfinished.outcome().done, unfinished.outcome().reward) == (False, None)


@pytest.mark.parametrize("request_", ["", " \n ", "x" * 2_001])
def test_a_request_that_is_none_is_named(toy: ShopData, request_: str) -> None:
    with pytest.raises(ConfigError, match="The request is"):
        ShopTask(toy.shop).start(request_)


@pytest.mark.parametrize("max_steps", [1, 2])
def test_an_episode_is_over_at_the_step_limit(toy: ShopData, max_steps: int) -> None:
    live = ShopTask(toy.shop, max_steps).start(toy.goals[0])
    while not live.over:
        assert live.state.steps_left == max_steps - live.steps
        live.step(live.state.candidates[0].action)
    assert live.steps == max_steps
    assert (live.outcome().done, live.outcome().reward) == (False, 0.0)


@pytest.mark.parametrize("max_steps", [0, -1])
def test_no_steps_is_an_error(toy: ShopData, max_steps: int) -> None:
    with pytest.raises(ConfigError, match=f"max_steps {max_steps}"):
        ShopTask(toy.shop, max_steps)


def test_the_state_stays_until_the_next_step(toy: ShopData) -> None:
    live = ShopTask(toy.shop).start(toy.goals[0])
    first = live.state
    assert live.state is first
    live.step(first.candidates[0].action)
    assert live.state is not first
    assert live.state.key != first.key
    live.step("click[back to search]")
    assert live.state.key == first.key


def test_queries_come_from_the_instruction_alone(toy: ShopData) -> None:
    asked: list[str] = []

    def queries(instruction: Instruction) -> tuple[str, ...]:
        asked.append(instruction.text)
        return queries_for("wish", instruction)

    live = ShopTask(toy.shop).start(toy.goals[3], queries)
    assert asked == [toy.goals[3].instruction]
    assert [c.text for c in live.state.candidates] == list(live.queries)


def test_an_observation_is_the_state_in_texts_and_numbers(toy: ShopData) -> None:
    live = ShopTask(toy.shop).start(toy.goals[0], lambda _: (EVERYTHING,))
    live.step(f"search[{EVERYTHING}]")
    state, observation = live.state, live.state.observe()
    assert observation.request == state.instruction.wish
    assert observation.actions == tuple(c.action for c in state.candidates)
    assert observation.kinds == tuple(c.kind for c in state.candidates)
    assert observation.page == state.text
    assert observation.features.shape[0] == len(observation.texts) == len(state.allowed())
    assert index_of(state, observation.actions[-1]) == len(observation.actions) - 1
    assert index_of(state, "click[nonsense]") is None


def test_a_goal_is_described_with_the_step_limit(toy: ShopData) -> None:
    goal = toy.goals[0]
    assert ShopTask(toy.shop, 9).describe(goal) == {"goal": goal.to_json(), "max_steps": 9}
    assert ShopTask(toy.shop).describe("a mug") == {"goal": "a mug", "max_steps": 15}
