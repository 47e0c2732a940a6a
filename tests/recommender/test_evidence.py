from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from shoprl.catalog.catalog import Catalog
from shoprl.policies.simple import RandomPolicy, RuleOptionsPolicy, RulePolicy
from shoprl.recommender.evidence import PAGES, Asked, judged_runs, repeated_runs, walk
from shoprl.shop.data import ShopData, shop_data
from shoprl.tasks.base import State
from shoprl.tasks.instruction import WISH
from shoprl.tasks.shop.task import ShopTask
from tests.support.judging import JudgingRule
from tests.support.toyshop import EVERYTHING, PRODUCTS, toy_goals


def test_a_walk_turns_all_pages_without_a_step_limit(toy: ShopData) -> None:
    states = walk(ShopTask(toy.shop, max_steps=1), EVERYTHING, WISH)
    assert [(state.page, state.number) for state in states] == [("results", 1), ("results", 2)]
    shown = [c.action[6:-1].upper() for state in states for c in state.candidates if c.kind == "product"]
    assert shown == [product.asin for product in toy.shop.find([EVERYTHING])]
    assert len(walk(ShopTask(toy.shop), EVERYTHING, WISH, pages=1)) == 1
    (empty,) = walk(ShopTask(toy.shop), "xyzzy", WISH)
    assert not [c for c in empty.candidates if c.kind == "product"]
    assert PAGES == 5


def test_the_best_of_a_search_are_opened_and_read_about(toy: ShopData) -> None:
    policy = JudgingRule()
    found = judged_runs(policy, [Asked(ShopTask(toy.shop), EVERYTHING)], 3)[0]
    assert policy.asked == [2, 2]  # both pages: by their titles, and with the best opened, which are the best then too
    order = [product.asin for product in toy.shop.find([EVERYTHING])]
    assert [(each.asin, each.rank) for each in found] == list(zip(order, range(12), strict=True))
    assert [each.bought for each in found] == [3] + [0] * 11
    assert {each.runs for each in found} == {3}


def test_a_product_is_judged_by_its_page(toy: ShopData) -> None:
    request = "nimbus trainer brass sailor"
    first = toy.shop.find(request.split())[0]
    (opened,) = (each for each in judged_runs(JudgingRule(), [Asked(ShopTask(toy.shop), request)], 2)[0] if each.bought)
    assert (opened.asin, opened.fit) == (first.asin, 0.5)  # 0.25 where it is only seen


def test_what_was_never_bought_has_the_options_named(toy: ShopData) -> None:
    request = f"{EVERYTHING}: a nimbus mesh trainer in white"
    found = {each.asin: each for each in judged_runs(JudgingRule(), [Asked(ShopTask(toy.shop), request)], 1)[0]}
    assert (found["B0LAMP0002"].options, found["B0LAMP0002"].bought) == ({"color": "white"}, 0)
    assert found["B0SHOE0001"].bought == 1


def test_a_walk_reads_what_it_opens(toy: ShopData) -> None:
    first, second = (product.asin for product in toy.shop.find([EVERYTHING])[9:11])  # on two pages
    states = walk(ShopTask(toy.shop, max_steps=1), EVERYTHING, WISH, opened={first, second})
    read = [{each.asin: each for each in state.seen if each.opened} for state in states]
    assert [set(each) for each in read] == [{first}, {first, second}]
    assert all(each.read == {"Features"} for each in read[1].values())


def test_a_judge_that_forgets_what_it_bought_does_no_harm(toy: ShopData) -> None:
    class Silent(JudgingRule):
        def fits(self, states: Sequence[State]) -> list[Mapping[str, float]]:
            return [{} for _ in states]

    (only,) = judged_runs(Silent(), [Asked(ShopTask(toy.shop), "mint meadow")], 2)[0]
    assert (only.asin, only.fit, only.bought) == ("B0TEA00002", 0.0, 2)


def test_rounds_take_what_was_bought_out_of_reach(toy: ShopData) -> None:
    found = repeated_runs(RulePolicy(), Asked(ShopTask(toy.shop), EVERYTHING), 2, enough=5)
    order = [product.asin for product in toy.shop.find([EVERYTHING])]
    assert [(each.asin, each.round, each.bought, each.fit) for each in found] == [
        (asin, number, 2, None) for number, asin in enumerate(order[:5])
    ]
    assert len(repeated_runs(RulePolicy(), Asked(ShopTask(toy.shop), EVERYTHING), 1, enough=99)) == 12
    some = repeated_runs(
        RulePolicy(), Asked(ShopTask(toy.shop), EVERYTHING), 1, 2, lambda seen: seen.asin not in order[:3]
    )
    assert [each.asin for each in some] == order[:5]
    assert repeated_runs(RulePolicy(), Asked(ShopTask(toy.shop), "xyzzy"), 2, enough=5) == []


@pytest.mark.parametrize("seed", [0, 1])
def test_rounds_draw_from_their_seed_alone(toy: ShopData, seed: int) -> None:
    lists = [repeated_runs(RandomPolicy(), Asked(ShopTask(toy.shop), EVERYTHING, seed), 4, enough=6) for _ in range(2)]
    assert lists[0] == lists[1]
    assert len({each.asin for each in lists[0]}) == len(lists[0])


def test_asins_in_any_case_are_the_same_product() -> None:
    lower = replace(PRODUCTS[0], asin="shop%2fMug-7")
    data = shop_data(Catalog([lower, *PRODUCTS[1:]]), toy_goals())
    found = judged_runs(JudgingRule(), [Asked(ShopTask(data.shop), "nimbus mesh trainer")], 1)[0]
    assert (found[0].asin, found[0].rank, found[0].fit) == ("shop%2fMug-7", 0, 1.0)


def test_the_rule_with_options_buys_with_them(toy: ShopData) -> None:
    (lamp,) = repeated_runs(RuleOptionsPolicy(), Asked(ShopTask(toy.shop), "harbor reading lamp in white"), 2, enough=1)
    assert lamp.options == {"color": "white"}
