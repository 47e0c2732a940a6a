from shoprl.experiments.plan import Plan, Recipe
from shoprl.training.imitation import ImitationConfig


def recipe(start: str | None = None) -> Recipe:
    return Recipe("imitation", ImitationConfig(updates=1), start)


def test_a_line_gives_starts_first() -> None:
    recipes = {"last": recipe("middle"), "other": recipe(), "middle": recipe("first"), "first": recipe()}
    plan = Plan(recipes, {}, {})
    assert list(plan.line("last")) == ["first", "middle", "last"]
    assert list(plan.line("first")) == ["first"]
    assert plan.line("last")["middle"] is recipes["middle"]


def test_the_pretrained_agent_comes_from_no_recipe() -> None:
    plan = Plan({"taught": recipe("pretrained")}, {}, {})
    assert list(plan.line("taught")) == ["taught"]
    assert plan.line("pretrained") == {}
