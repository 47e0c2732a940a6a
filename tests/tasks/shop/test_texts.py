from shoprl.shop.data import ShopData
from shoprl.tasks.instruction import parse_instruction
from shoprl.tasks.shop.task import ShopTask
from shoprl.tasks.shop.texts import product_texts, wishes, wishes_of
from tests.support.toyshop import EVERYTHING


def test_every_text_that_can_be_met_is_there(toy: ShopData) -> None:
    known = {*product_texts(toy.catalog), *wishes_of(toy.goals), EVERYTHING, ""}
    for goal in toy.goals[:5]:
        live = ShopTask(toy.shop).start(goal, lambda _: (EVERYTHING,))
        live.step(f"search[{EVERYTHING}]")
        for candidate in [c for c in live.state.candidates if c.kind == "product"][:3]:
            assert {*live.state.observe().texts, live.state.observe().request} <= known
            live.step(candidate.action)
            assert set(live.state.observe().texts) <= known
            live.step("click[< prev]")


def test_wishes_are_those_of_the_goals_named(toy: ShopData) -> None:
    asked = parse_instruction(toy.goals[4].instruction)
    assert set(wishes(toy.goals, [4])) == {asked.wish}
