from dataclasses import replace

from shoprl.policies.simple import RuleOptionsPolicy
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.data import ShopData
from shoprl.tasks.instruction import parse_instruction
from shoprl.tasks.shop.options import named_options
from shoprl.tasks.shop.task import ShopTask
from tests.support.toyshop import PRODUCTS


def test_the_longest_named_value_of_each_option_is_taken() -> None:
    lamp = replace(PRODUCTS[4], options={"color": ("brass", "antique brass", "white"), "style": ("short", "tall")})
    assert named_options(lamp, "a tall lamp in Antique Brass or white") == {"color": "antique brass", "style": "tall"}
    assert named_options(lamp, "a lamp, antiquebrass") == {}


def test_they_are_those_that_the_rule_buys_with(toy: ShopData) -> None:
    goals = list(enumerate(toy.goals))
    for (_, goal), episode in zip(
        goals, run_episodes(RuleOptionsPolicy(), ShopTask(toy.shop), goals, 0, label=""), strict=True
    ):
        assert episode.asin is not None
        product = toy.catalog[episode.asin]
        assert dict(episode.options) == named_options(product, parse_instruction(goal.instruction).wish)
