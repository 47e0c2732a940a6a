import pickle
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoprl.catalog.catalog import Catalog
from shoprl.search.index import SearchIndex
from shoprl.shop.data import ShopData
from shoprl.shop.page import Page
from shoprl.shop.render import text, text_rich
from shoprl.shop.reward import reward
from shoprl.shop.searching import IndexSearch
from shoprl.shop.session import BASE_URL, PER_PAGE, Session, Shop, parse_action
from tests.support.toyshop import EVERYTHING, PRODUCTS, toy_data

SEARCH = f"search[{EVERYTHING}]"


def at(*actions: str, goal: int = 0) -> Session:
    session = toy_data().session(goal, "s1")
    for action in actions:
        before = session.page
        session.step(action)
        assert session.page is not before, action
    return session


def on(kind: str) -> Session:
    item = (SEARCH, "click[next >]", "click[b0shoe0001]")
    last = {"item": (), "sub": ("click[features]",), "done": ("click[red]", "click[buy now]")}
    if kind in last:
        session = at("search[nimbus mesh trainer]", "click[b0shoe0001]", *last[kind])
    else:
        session = at(*item[: ["search", "results"].index(kind)])
    assert session.page.kind == kind
    return session


KINDS = ("search", "results", "item", "sub", "done")


# Grammar


@pytest.mark.parametrize(
    ("action", "parsed"),
    [
        ("search[red shoes]", ("search", "red shoes")),
        ("search[Red SHOES]", ("search", "red shoes")),
        ("click[Buy Now] please", ("click", "buy now")),
        ("click[a]b]", ("click", "a]b")),
        ("click[a[b]", ("click[a", "b")),
        ("click[a][b]", ("click[a]", "b")),
        ("CLICK[x]", ("CLICK", "x")),
        (" click[x]", (" click", "x")),
        ("click[ x ]", ("click", " x ")),
        ("click[]", ("click[]", None)),
        ("[x]", ("[x]", None)),
        ("click", ("click", None)),
        ("click[x", ("click[x", None)),
        ("", ("", None)),
        ("click[a\nb]", ("click[a\nb]", None)),
        ("click[a]\nclick[b]", ("click", "a")),
    ],
)
def test_actions_are_parsed_as_in_webshop(action: str, parsed: tuple[str, str | None]) -> None:
    assert parse_action(action) == parsed


@given(st.text(st.sampled_from("ab[]\n ") | st.characters()))
def test_parsing_agrees_with_webshops_expression(action: str) -> None:
    match = re.compile(r"(.+)\[(.+)\]").match(action)  # WebShop's parse_action
    expected = (match.group(1), match.group(2).lower()) if match else (action, None)
    assert parse_action(action) == expected


# Transitions


def test_a_session_starts_on_the_search_page() -> None:
    session = at(goal=4)
    assert session.page == Page("search", f"{BASE_URL}/s1", toy_data().goals[4].instruction)
    assert not session.done
    assert session.purchase is None


def test_a_search_leads_to_results() -> None:
    page = at("search[Mint Meadow]").page
    assert page.url == f"{BASE_URL}/search_results/s1/mint+meadow/1"
    assert (page.number, page.total) == (1, len(page.products))
    assert page.products[0].asin == "B0TEA00002"


def test_a_search_without_hits_leads_to_an_empty_page() -> None:
    page = at("search[zzz]").page
    assert (page.kind, page.total, page.products) == ("results", 0, ())
    assert page.clickables == ("back to search", "next >")


def test_results_come_in_pages_of_ten() -> None:
    session = at(SEARCH)
    first = session.page
    session.step("click[next >]")
    second = session.page
    assert (len(first.products), len(second.products)) == (PER_PAGE, 2)
    assert {product.asin for product in first.products + second.products} == {product.asin for product in PRODUCTS}
    assert second.url.endswith("/2")
    session.step("click[< prev]")
    assert session.page == first


def test_pages_go_on_past_the_last_hit_as_in_webshop() -> None:
    session = at(SEARCH, "click[next >]", "click[next >]")
    assert (session.page.number, session.page.products) == (3, ())
    session.step("click[< prev]")
    assert len(session.page.products) == 2


def test_an_item_page() -> None:
    page = on("item").page
    assert page.url == f"{BASE_URL}/item_page/s1/B0SHOE0001/nimbus+mesh+trainer/1/{{}}"
    assert page.product == PRODUCTS[0]
    assert page.options == {}


def test_options_are_chosen_and_replaced_in_order() -> None:
    session = on("item")
    for value in ("9 wide", "red", "10 | 10.5"):
        session.step(f"click[{value}]")
    assert dict(session.page.options) == {"size": "10 | 10.5", "color": "red"}
    assert session.page.url.endswith('/1/{"size": "10 | 10.5", "color": "red"}')


def test_a_chosen_option_does_nothing_more() -> None:
    session = on("item")
    session.step("click[red]")
    before = session.page
    session.step("click[red]")
    assert session.page == before


@pytest.mark.parametrize("section", ["Description", "Features", "Reviews"])
def test_sub_pages_lead_back_to_the_item_with_its_options(section: str) -> None:
    session = on("item")
    session.step("click[red]")
    item = session.page
    session.step(f"click[{section}]")
    assert (session.page.kind, session.page.section) == ("sub", section)
    assert session.page.url.endswith(f"/1/{section}/{{'color': 'red'}}")
    session.step("click[< prev]")
    assert session.page == item


def test_leaving_an_item_forgets_its_options_and_marks_it_visited() -> None:
    session = at(SEARCH, "click[next >]")
    product = next(product for product in session.page.products if product.options)
    asin, values = product.asin, next(iter(product.options.values()))
    session.step(f"click[{asin}]")
    session.step(f"click[{values[0]}]")
    assert session.page.options
    session.step("click[< prev]")
    assert (session.page.kind, session.page.number) == ("results", 2)
    assert session.page.visited == {asin}
    session.step(f"click[{asin.lower()}]")
    assert session.page.options == {}


@pytest.mark.parametrize("kind", ["results", "item", "sub"])
def test_back_to_search_starts_anew(kind: str) -> None:
    session = on(kind)
    session.step("click[back to search]")
    assert session.page == at().page
    session.step(SEARCH)
    assert session.page.visited == frozenset()


def test_a_new_search_keeps_what_was_visited() -> None:
    session = on("item")
    session.step(SEARCH)
    assert session.page.visited == {"B0SHOE0001"}
    assert session.page.options == {}


def test_buying_ends_the_session_with_the_reward() -> None:
    data = toy_data()
    index = next(i for i, goal in enumerate(data.goals) if goal.asin == "B0SHOE0001")
    goal = data.goals[index]
    session = at("search[nimbus]", "click[b0shoe0001]", *(f"click[{v}]" for v in goal.option_values), goal=index)
    assert session.step("click[buy now]") == 1.0
    assert session.done
    assert (session.page.kind, session.page.reward) == ("done", 1.0)
    assert session.page.url == f"{BASE_URL}/done/s1/B0SHOE0001/{session.page.options}"
    assert session.purchase == reward(data.catalog["B0SHOE0001"], session.page.options, goal, data.tagger)


def test_buying_something_else_gives_its_reward() -> None:
    session = at("search[paper moon]", "click[b0lamp0003]", goal=2)
    paid = session.step("click[buy now]")
    assert paid == session.page.reward == session.purchase.total < 1  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", KINDS)
def test_a_search_is_accepted_on_any_page(kind: str) -> None:
    session = on(kind)
    session.step("search[mint meadow]")
    assert session.page.kind == "results"
    assert session.page.products[0].asin == "B0TEA00002"
    assert not session.done


@pytest.mark.parametrize("action", ["click[BUY NOW]", "click[Buy Now] thanks", "click[buy now]\nclick[< prev]"])
def test_case_and_what_follows_the_bracket_do_not_matter(action: str) -> None:
    session = on("item")
    session.step(action)
    assert session.done


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "action",
    [
        *("", "click", "search", "search[]", "click[]", "click[search]", "click[nothing]", "CLICK[buy now]"),
        *("SEARCH[x]", "jump[over]", "think[hmm]", "click[buy now", "click [buy now]", " click[< prev]"),
        *("click[< prev ]", "click[B0NOWHERE1]", "click[a[b]", "search[a[b]", "search[\n]", "[x]"),
    ],
)
def test_a_rejected_action_changes_nothing(kind: str, action: str) -> None:
    session = on(kind)
    before, purchase = session.page, session.purchase
    assert session.step(action) == 0.0
    assert session.page is before
    assert session.purchase is purchase


@pytest.mark.parametrize(
    ("kind", "button"),
    [
        *(("search", button) for button in ("back to search", "next >", "< prev", "buy now", "b0shoe0001")),
        *(("results", button) for button in ("< prev", "buy now", "description", "red")),
        *(("item", button) for button in ("next >", "b0shoe0001", "olive")),
        *(("sub", button) for button in ("next >", "buy now", "reviews", "red", "b0shoe0001")),
        *(("done", button) for button in ("back to search", "< prev", "buy now", "red")),
    ],
)
def test_a_button_of_another_page_does_nothing(kind: str, button: str) -> None:
    session = on(kind)
    before = session.page
    assert session.step(f"click[{button}]") == 0.0
    assert session.page is before


# WebShop's listings


def find(*words: str) -> list[str]:
    return [product.asin for product in toy_data().shop.find(words)]


def test_a_product_type_and_a_department_can_be_listed() -> None:
    assert find("<q>", "herbal", "tea") == find("<c>", "grocery") == ["B0TEA00001", "B0TEA00002", "B0TEA00003"]
    assert find("<c>", "fashion") == [product.asin for product in PRODUCTS if product.category == "fashion"]
    assert find("<c>", "fashion", "shoes") == find("<c>", "fashion")
    assert find("<q>", "herbal") == find("<c>") == find("<q>") == []
    assert find("q", "nimbus")[0] == "B0SHOE0001"


def test_a_listing_is_a_search_like_any_other() -> None:
    session = at("search[<Q> Herbal Tea]")
    assert session.page.url == f"{BASE_URL}/search_results/s1/<q>+herbal+tea/1"
    assert [product.asin for product in session.page.products] == ["B0TEA00001", "B0TEA00002", "B0TEA00003"]
    session.step("click[b0tea00003]")
    assert session.page.kind == "item"


class FixedSearch:
    def __init__(self, asins: Sequence[str]) -> None:
        self.asins, self.asked = asins, ""

    def find(self, query: str) -> Sequence[str]:
        self.asked = query
        return self.asins


def test_any_search_can_be_plugged_in(toy: ShopData) -> None:
    search = FixedSearch(["B0TEA00003", "B0SHOE0001"])
    session = Session(Shop(toy.catalog, search, toy.tagger), toy.goals[0])
    session.step("search[Two  Spaces ]")
    assert search.asked == "two  spaces "
    assert [product.asin for product in session.page.products] == search.asins


# Products out of reach


def test_hidden_products_are_found_nowhere_and_later_ones_move_up(toy: ShopData) -> None:
    every = [product.asin for product in toy.shop.find([EVERYTHING])]
    hidden = frozenset({every[0], every[1], "B0TEA00002"})
    shop = toy.shop.without(hidden)
    assert [product.asin for product in shop.find([EVERYTHING])] == [asin for asin in every if asin not in hidden]
    assert [product.asin for product in shop.find(["<q>", "herbal", "tea"])] == ["B0TEA00001", "B0TEA00003"]
    assert "B0TEA00002" not in {product.asin for product in shop.find(["<c>", "grocery"])}
    session = Session(shop, "anything")
    session.step(SEARCH)
    before = session.page
    session.step(f"click[{every[0].lower()}]")
    assert session.page is before
    assert every[0] in shop.catalog  # a list that names it can still show it


def test_hiding_adds_up_and_costs_nothing_where_nothing_is_hidden(toy: ShopData) -> None:
    assert toy.shop.without(frozenset()) is toy.shop
    first, second = frozenset({"B0TEA00001"}), frozenset({"B0TEA00002"})
    shop = toy.shop.without(first).without(second)
    assert shop.hidden == first | second
    assert shop.search.search is toy.shop.search  # type: ignore[attr-defined]
    assert [product.asin for product in shop.find(["<q>", "herbal", "tea"])] == ["B0TEA00003"]
    assert pickle.loads(pickle.dumps(shop)).find(["<q>", "herbal", "tea"])[0].asin == "B0TEA00003"
    assert len(toy.shop.find(["<q>", "herbal", "tea"])) == 3


def test_a_search_fills_its_fifty_where_it_can() -> None:
    products = [replace(PRODUCTS[0], asin=f"B{number:09}") for number in range(80)]
    index = IndexSearch(SearchIndex.build(products))
    shop = Shop(Catalog(products), index, toy_data().tagger)
    best = index.find_more("nimbus", 80)
    hidden = frozenset(best[:40:2])
    assert list(shop.without(hidden).search.find("nimbus")) == [asin for asin in best if asin not in hidden][:50]
    fixed = Shop(shop.catalog, FixedSearch(best[:50]), shop.tagger)  # has no more to give
    assert list(fixed.without(hidden).search.find("nimbus")) == [asin for asin in best[:50] if asin not in hidden]
    assert len(shop.without(frozenset(best[:50])).search.find("nimbus")) == 30
    assert shop.without(frozenset(best)).search.find("nimbus") == ()


# Any actions at all

ARBITRARY = st.text(max_size=30) | st.text(st.sampled_from("searchlick[]<q>c \n'\""), max_size=30)
QUERIES = st.text(max_size=20) | st.sampled_from(
    [EVERYTHING, "<q> herbal tea", "<c> fashion", "<c>", "<q>", "<q> ", "nimbus", " ", "red/blue", '"red"', "{}"]
)
MUTATIONS = ("{}", "{} and more", "\n{}", " {}", "{}]", "[{}")


@st.composite
def actions(draw: st.DrawFn, page: Page) -> str:
    kind = draw(st.sampled_from(["click", "click", "click", "search", "mutated", "arbitrary", "wrapped"]))
    if kind == "search" or not page.clickables:
        return f"search[{draw(QUERIES)}]"
    if kind == "arbitrary":
        return draw(ARBITRARY)
    if kind == "wrapped":
        return f"click[{draw(ARBITRARY)}]"
    clickable = f"click[{draw(st.sampled_from(page.clickables))}]"
    if kind == "click":
        return clickable
    form = draw(st.sampled_from(MUTATIONS))
    return draw(st.sampled_from([str.upper, str.title, str.swapcase, lambda text: text[:-1], str]))(
        form.format(clickable)
    )


def accepts(page: Page, action: str) -> bool:
    match = re.match(r"(search|click)\[(.+)\]", action)
    if not match or re.match(r".+\[.*\[.+\]", action):  # a second bracket makes another name
        return False
    argument = match[2].lower()
    return match[1] == "search" or (argument != "search" and argument in page.clickables)


def changes_something(page: Page, action: str) -> bool:
    argument = action[action.index("[") + 1 : action.rindex("]")].lower()
    return action.startswith("click") and argument not in page.options.values()


@settings(max_examples=150)
@given(data=st.data(), goal=st.integers(0, len(toy_data().goals) - 1))
def test_no_action_raises_and_only_accepted_ones_change_the_page(data: st.DataObject, goal: int) -> None:
    session = toy_data().session(goal)
    for _ in range(20):
        before = session.page
        action = data.draw(actions(before))
        gained = session.step(action)
        after = session.page
        if not accepts(before, action):
            assert after is before
            assert gained == 0.0
        elif changes_something(before, action):
            assert after.url != before.url
        assert gained == (after.reward if after.kind == "done" and before.kind == "item" else 0.0)
        assert 0.0 <= gained <= 1.0
        assert after.kind == "done" or session.goal.instruction in text_rich(after)
        assert text(after)


@settings(max_examples=50)
@given(data=st.data())
def test_every_clickable_but_search_and_a_chosen_option_changes_the_page(data: st.DataObject) -> None:
    path = [f"search[{data.draw(QUERIES.filter(lambda query: '[' not in query and query.isprintable() and query))}]"]
    for _ in range(6):
        page = at(*path).page
        fresh = [c for c in page.clickables if c != "search" and c not in page.options.values()]
        for clickable in fresh:
            other = at(*path)
            other.step(f"click[{clickable}]")
            assert other.page.url != page.url
        if not fresh:
            break
        path.append(f"click[{data.draw(st.sampled_from(fresh))}]")


@given(seed=st.integers(0, 100), data=st.data())
def test_equal_actions_lead_to_equal_pages(seed: int, data: st.DataObject) -> None:
    one, two = (toy_data().session(seed % len(toy_data().goals)) for _ in range(2))
    for _ in range(8):
        action = data.draw(actions(one.page))
        assert one.step(action) == two.step(action)
        assert one.page == two.page


def test_a_runaway_action_costs_no_time(toy: ShopData) -> None:
    session = toy.session(0)
    page = session.page
    session.step("[" * 1_000_000)  # minutes with a pattern that tries again at every bracket
    assert session.page is page


def test_an_option_without_a_name_can_be_chosen() -> None:
    product = replace(toy_data().catalog.products[0], options={"": ("a", "b")})
    shop = replace(toy_data().shop, catalog=Catalog([product, *toy_data().catalog.products[1:]]))
    session = Session(shop, toy_data().goals[0])
    for action in (f"search[{product.title}]", f"click[{product.asin.lower()}]", "click[b]"):
        session.step(action)
    assert session.page.options == {"": "b"}


def test_a_page_of_results_is_looked_up_once(toy: ShopData) -> None:
    found = toy.shop.find([EVERYTHING])
    for number in (1, 2, 99):
        first = (number - 1) * PER_PAGE
        assert found.page(number) == tuple(found)[first : first + PER_PAGE]
        assert found.page(number) is found.page(number)
