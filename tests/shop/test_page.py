from dataclasses import replace

import pytest

from shoprl.shop.page import BACK, ITEM_BUTTONS, NEXT, PREVIOUS, SECTIONS, Page, item_clickables
from tests.support.toyshop import PRODUCTS

SHOE = PRODUCTS[0]
SEARCH_PAGE = Page("search", "u", "i")
RESULTS = Page("results", "u", "i", 1, 12, PRODUCTS[:10])
ITEM = Page("item", "u", "i", product=SHOE)


def test_only_the_search_page_has_a_search_bar() -> None:
    assert SEARCH_PAGE.has_search_bar
    assert SEARCH_PAGE.clickables == ("search",)
    for page in (RESULTS, ITEM, ITEM._replace(kind="sub"), ITEM._replace(kind="done")):
        assert not page.has_search_bar


def test_results_offer_buttons_then_products_in_lower_case() -> None:
    asins = tuple(product.asin.lower() for product in PRODUCTS[:10])
    assert RESULTS.clickables == ("back to search", "next >", *asins)
    assert RESULTS.buttons == (BACK, NEXT)


def test_only_later_results_pages_lead_back() -> None:
    later = RESULTS._replace(number=2)
    assert later.buttons == (BACK, PREVIOUS, NEXT)
    assert later.clickables[:3] == ("back to search", "< prev", "next >")


def test_an_item_offers_buttons_then_options() -> None:
    assert ITEM.buttons == ITEM_BUTTONS == (BACK, PREVIOUS, *SECTIONS, "Buy Now")
    assert ITEM.clickables == (
        *("back to search", "< prev", "description", "features", "reviews", "buy now"),
        *("black", "red", "9 wide", "10 | 10.5"),
    )


def test_a_sub_page_leads_back_and_a_done_page_nowhere() -> None:
    assert ITEM._replace(kind="sub").clickables == ("back to search", "< prev")
    assert ITEM._replace(kind="done").clickables == ()


def test_clickables_name_their_option() -> None:
    clickables = item_clickables(SHOE)
    assert clickables["red"] == "color"
    assert clickables["9 wide"] == "size"
    assert clickables["buy now"] is None


def test_a_value_of_two_options_sets_the_later_one() -> None:
    both = replace(SHOE, options={"top": ("red", "blue"), "sole": ("red",)})
    assert item_clickables(both)["red"] == "sole"
    assert list(item_clickables(both))[-2:] == ["red", "blue"]


def test_an_option_may_be_called_like_a_button() -> None:
    odd = replace(SHOE, options={"style": ("features", "plain")})
    assert list(item_clickables(odd)) == [button.lower() for button in ITEM_BUTTONS] + ["plain"]


def test_clickables_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        item_clickables(SHOE)["red"] = "size"  # type: ignore[index]
