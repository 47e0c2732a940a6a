import pytest

from shoprl.recommender.scored import FIRST, ListScores, Place, scored
from shoprl.shop.data import ShopData
from shoprl.shop.reward import reward


def test_a_list_is_scored_by_the_goals_product_and_by_what_its_first_places_earn(toy: ShopData) -> None:
    goal = next(each for each in toy.goals if each.asin == "B0TEA00002")
    places = [Place("B0LAMP0001", {}), Place("B0TEA00002", {}), Place("B0TEA00001", {"size": "20 count"})]
    earned = sum(reward(toy.catalog[asin], options, goal, toy.tagger).total for asin, options in places)
    found = scored(places, toy.shop, goal)
    assert found._replace(reward5=0) == ListScores(0, 0.5, 1 / FIRST, 0, 3)
    assert found.reward5 == pytest.approx(earned / FIRST)
    assert scored(places[1:2], toy.shop, goal).hit1 == 1
    assert scored([], toy.shop, goal) == ListScores(0, 0, 0, 0, 0)
