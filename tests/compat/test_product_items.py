"""Products, prices and rewards in WebShop's fields."""

import pytest

from shoprl.compat.legacy import WebAgentTextEnv
from shoprl.compat.product_items import get_reward
from shoprl.errors import ConfigError
from tests.support.toyshop import EVERYTHING, toy_data

SHOE = "B0SHOE0001"


def test_products_have_webshops_fields() -> None:
    server = WebAgentTextEnv("text", toy_data()).server
    product = toy_data().catalog[SHOE]
    item = server.product_item_dict[SHOE]
    assert (item["Title"], item["name"], item["asin"]) == (product.title, product.title, SHOE)
    assert item["BulletPoints"] == list(product.bullets)
    assert item["Attributes"] == list(product.attributes)
    assert item["options"] == {name: list(values) for name, values in product.options.items()}
    assert item["customization_options"].keys() == product.options.keys()
    assert list(server.product_item_dict) == [each.asin for each in toy_data().catalog]
    assert {key.lower(): value["Title"] for key, value in server.product_item_dict.items()}[SHOE.lower()]
    assert len(server.product_item_dict) == len(server.product_prices) == 12
    assert server.product_prices[SHOE] == product.price
    for mapping in (server.product_item_dict, server.product_prices):
        assert (SHOE in mapping, "B0NOTHERE0" in mapping, mapping.get("B0NOTHERE0")) == (True, False, None)


def test_the_reward_is_that_of_the_purchase() -> None:
    """As the original's own agents work out what a purchase would earn."""
    env = WebAgentTextEnv("text", toy_data())
    for index, goal in enumerate(toy_data().goals):
        env.reset(index)
        env.step(f"search[{EVERYTHING}]")
        if goal.asin.lower() not in env.get_available_actions()["clickables"]:
            env.step("click[next >]")
        env.step(f"click[{goal.asin}]")
        known = env.server.user_sessions[env.session]
        item, price = env.server.product_item_dict[known["asin"]], env.server.product_prices.get(known["asin"])
        expected = get_reward(item, known["goal"], price, known["options"], verbose=True)
        _, earned, done, _ = env.step("click[buy now]")
        assert done
        assert expected == (earned, known["verbose_info"])


def test_another_price_counts() -> None:
    server = WebAgentTextEnv("text", toy_data()).server
    index = next(i for i, goal in enumerate(toy_data().goals) if goal.asin == SHOE)
    goal = server.goals[index]
    item, price = server.product_item_dict[SHOE], server.product_prices[SHOE]
    own, dear = (get_reward(item, goal, each, {}) for each in (price, goal["price_upper"] + 1))
    assert isinstance(own, float)
    assert isinstance(dear, float)
    assert own > dear


def test_a_product_from_elsewhere_is_refused() -> None:
    with pytest.raises(ConfigError, match="purchased_product: must be one of"):
        get_reward({"Title": "a shoe"}, toy_data().goals[0].to_json(), 1.0, {})
