"""A state as a prompt, as text and as messages."""

from shoprl.policies.prompts import answered, asked, prompt_of
from shoprl.tasks.shop.task import ShopTask
from tests.support.toyshop import EVERYTHING, toy_data


def test_a_prompt_holds_the_request_the_page_and_the_actions() -> None:
    live = ShopTask(toy_data().shop).start(f"a red mug from {EVERYTHING}")
    live.step(f"search[{EVERYTHING}]")
    state = live.state
    prompt = prompt_of(state)
    assert prompt.startswith(f"Instruction: {state.request}\n\nPage:\n")
    assert state.text.strip() in prompt
    assert all(f"\n- {candidate.action}\n" in prompt for candidate in state.candidates)
    assert prompt.endswith("\nAction:\n")


def test_messages_hold_the_same_texts() -> None:
    assert asked("a\nb") == [{"role": "user", "content": "a\nb"}]
    assert answered("click[buy now]") == [{"role": "assistant", "content": "click[buy now]"}]
