from dataclasses import replace

from shoprl.shop.data import ShopData
from shoprl.shop.goal import goal_from_json
from shoprl.shop.reward import reward
from shoprl.trajectories.purchases import goal_of_purchase


def test_what_was_bought_earns_everything_and_something_else_does_not(toy: ShopData) -> None:
    product = next(each for each in toy.catalog if each.attributes and each.options)
    options = {name: values[0] for name, values in product.options.items()}
    goal = goal_of_purchase(f"a {product.query} that is {product.attributes[0]}", product, options)
    assert goal.attributes == (product.attributes[0],)
    assert goal_from_json(goal.to_json()) == goal
    assert reward(product, options, goal, toy.tagger).total == 1.0
    other = next(each for each in toy.catalog if each.query != product.query)
    assert reward(other, {}, goal, toy.tagger).total < 1.0


def test_a_request_that_names_no_attribute_asks_for_what_the_product_is(toy: ShopData) -> None:
    product = next(iter(toy.catalog))
    goal = goal_of_purchase("qzx", product, {})
    assert goal.attributes == product.attributes[:1]
    assert reward(product, {}, goal, toy.tagger).total == 1.0
    assert goal_of_purchase("qzx", replace(product, attributes=()), {}).attributes == (product.query,)
