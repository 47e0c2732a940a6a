from dataclasses import replace

import pytest

from shoprl.catalog.catalog import Catalog
from shoprl.shop.data import ShopData
from shoprl.shop.page import Page
from shoprl.shop.session import Session, Shop
from shoprl.tasks.base import index_of
from shoprl.tasks.instruction import terms_of
from shoprl.tasks.shop.state import ShopState
from shoprl.tasks.shop.tracker import Tracker, price_range
from shoprl.tasks.shop.view import UNSEEN, Memory
from tests.support.toyshop import EVERYTHING, hidden_changed


@pytest.mark.parametrize(
    ("tag", "low", "high"), [("$12.0", 12.0, 12.0), ("$9.5 to $20.0", 9.5, 20.0), ("$20.0 to $9.5", 9.5, 20.0)]
)
def test_price_range(tag: str, low: float, high: float) -> None:
    assert price_range(tag) == (low, high)


def start(data: ShopData, index: int = 0, query: str = EVERYTHING) -> tuple[Session, Tracker]:
    return data.session(index), Tracker((query,), 15)


def step(session: Session, tracker: Tracker, action: str) -> ShopState:
    tracker.state(session.page)
    tracker.took(session.page, action)
    session.step(action)
    return tracker.state(session.page)


def kinds(state: ShopState) -> list[str]:
    return [candidate.kind for candidate in state.candidates]


def test_states_follow_the_pages(toy: ShopData) -> None:
    session, tracker = start(toy)
    state = tracker.state(session.page)
    assert [c.action for c in state.candidates] == [f"search[{EVERYTHING}]"]
    assert (state.page, state.steps_left, state.looked_at, state.best_memory) == ("search", 15, 0, UNSEEN)

    state = step(session, tracker, f"search[{EVERYTHING}]")
    assert (state.page, state.number, state.steps_left) == ("results", 1, 14)
    assert kinds(state) == ["back", "next"] + ["product"] * 10
    products = [c for c in state.candidates if c.kind == "product"]
    assert [c.rank for c in products] == list(range(10))
    for candidate, product in zip(products, session.page.products, strict=True):
        assert candidate.action == f"click[{product.asin.lower()}]"
        assert candidate.text == product.title
        assert candidate.price == price_range(product.price_tag)
        assert not candidate.done
        assert candidate.memory == UNSEEN

    state = step(session, tracker, "click[next >]")
    assert kinds(state) == ["back", "prev", "next", "product", "product"]
    assert state.number == 2
    assert state.candidates[2].done  # there is no third page


def test_an_item_page_offers_each_option_value_once(toy: ShopData) -> None:
    session, tracker = start(toy)
    step(session, tracker, f"search[{EVERYTHING}]")
    product = next(p for p in session.page.products if len(p.options) == 2)
    state = step(session, tracker, f"click[{product.asin.lower()}]")
    assert kinds(state)[:6] == ["back", "prev", "section", "section", "section", "buy"]
    options = [c for c in state.candidates if c.kind == "option"]
    assert [(c.group, c.text) for c in options] == [(n, v) for n, values in product.options.items() for v in values]
    assert state.title == product.title
    buy = next(c for c in state.candidates if c.kind == "buy")
    assert (buy.text, buy.price) == (product.title, price_range(product.price_tag))
    assert buy.memory == state.best_memory

    name, value = options[0].group, options[0].text
    state = step(session, tracker, f"click[{value}]")
    assert state.options_chosen == (value,)
    assert [c.text for c in state.candidates if c.chosen] == [value]
    assert session.page.options == {name: value}


def test_item_pages_alone_name_their_product(toy: ShopData) -> None:
    session, tracker = start(toy)
    product = toy.shop.find([EVERYTHING])[0]
    found = [step(session, tracker, f"search[{EVERYTHING}]")]
    found += [step(session, tracker, f"click[{text}]") for text in (product.asin.lower(), "features", "< prev")]
    assert [(state.page, state.asin) for state in found] == [
        *(("results", ""), ("item", product.asin), ("sub", ""), ("item", product.asin))
    ]
    assert [state.observe().picture for state in found] == [state.asin for state in found]


def test_what_was_looked_at_is_remembered(toy: ShopData) -> None:
    session, tracker = start(toy)
    step(session, tracker, f"search[{EVERYTHING}]")
    product = session.page.products[3]
    state = step(session, tracker, f"click[{product.asin.lower()}]")
    seen = state.best_memory
    state = step(session, tracker, "click[< prev]")
    assert state.looked_at == 1
    again = state.candidates[2 + 3]
    assert again.done
    assert again.memory == seen
    assert sum(c.done for c in state.candidates if c.kind == "product") == 1


def test_memory_by_hand(toy: ShopData) -> None:
    product = replace(toy.catalog.products[0], title="mesh shoe", options={"color": ("red", "blue"), "size": ("9",)})
    page = Page("item", "u", "a red shoe", product=product)
    state = Tracker((), 15).state(page)
    # one of two options offers a value named; "red" and "shoe" of {red, shoe} are shown
    assert state.best_memory == Memory(fit=0.5, overlap=1.0)
    bare = Page("item", "u", "a red shoe", product=replace(product, options={}))
    assert Tracker((), 15).state(bare).best_memory == Memory(fit=1.0, overlap=0.5)


def test_repeats_are_marked(toy: ShopData) -> None:
    session, tracker = start(toy)
    step(session, tracker, f"search[{EVERYTHING}]")
    state = step(session, tracker, "click[back to search]")
    assert [c.done for c in state.candidates] == [True]
    step(session, tracker, f"search[{EVERYTHING}]")
    asin = session.page.products[0].asin.lower()
    step(session, tracker, f"click[{asin}]")
    step(session, tracker, "click[description]")
    state = step(session, tracker, "click[< prev]")
    assert [c.action for c in state.candidates if c.done] == ["click[description]"]


def test_index_of(toy: ShopData) -> None:
    session, tracker = start(toy)
    state = step(session, tracker, f"search[{EVERYTHING}]")
    assert index_of(state, "click[next >]") == 1
    assert index_of(state, "click[buy now]") is None


def unread(state: ShopState) -> ShopState:
    return replace(state, seen=tuple(replace(each, terms=frozenset()) for each in state.seen))


def test_what_was_read_stays_in_the_state(toy: ShopData) -> None:
    product = next(p for p in toy.catalog if p.bullets and p.description)
    session, tracker = start(toy)
    step(session, tracker, f"search[{EVERYTHING}]")
    if product.asin not in {p.asin for p in session.page.products}:
        step(session, tracker, "click[next >]")
    opened = step(session, tracker, f"click[{product.asin.lower()}]")
    own = {each.asin: each for each in opened.seen}[product.asin]
    assert own.opened
    assert own.options == product.options
    assert not own.terms
    step(session, tracker, "click[features]")
    step(session, tracker, "click[< prev]")
    state = step(session, tracker, "click[< prev]")
    own = {each.asin: each for each in state.seen}[product.asin]
    assert own.read == {"Features"}
    assert own.terms == frozenset(terms_of(" ".join(product.bullets)))
    assert not any(each.terms or each.options for each in state.seen if each.asin != product.asin)


def test_hidden_fields_do_not_reach_a_state(toy: ShopData) -> None:
    other = Shop(Catalog([hidden_changed(p) for p in toy.catalog]), toy.shop.search, toy.tagger)
    goal = toy.goals[0]
    blank = replace(goal, asin="", attributes=("x",), options={}, price_upper=1.0, query="", name="", category="")
    for product in toy.catalog:
        pairs = [
            (Session(toy.shop, goal), Tracker((EVERYTHING,), 15)),
            (Session(other, blank), Tracker((EVERYTHING,), 15)),
        ]
        on_first = product.asin in {p.asin for p in toy.shop.find([EVERYTHING])[:10]}
        values = [f"click[{values[-1]}]" for values in product.options.values()]
        actions = [f"search[{EVERYTHING}]", *([] if on_first else ["click[next >]"]), f"click[{product.asin.lower()}]"]
        actions += [*values, "click[description]", "click[< prev]", "click[features]", "click[< prev]", "click[< prev]"]
        for action in actions:
            states = [step(session, tracker, action) for session, tracker in pairs]
            if states[0].page == "sub":  # what the page itself shows is not hidden
                states = [replace(state, text="") for state in states]
            if "click[description]" in actions[: actions.index(action) + 1]:  # nor is what was read before
                states = [unread(state) for state in states]
            assert states[0] == states[1]
        assert states[0].looked_at == 1  # the walk went where it was meant to go


def test_prices_are_in_the_products_currency(toy: ShopData) -> None:
    session, tracker = start(toy)
    step(session, tracker, f"search[{EVERYTHING}]")
    abroad = tuple(replace(each, currency="EUR") for each in session.page.products)
    listed = tracker.state(session.page._replace(products=abroad))
    assert {c.currency for c in listed.candidates if c.kind == "product"} == {"EUR"}
    item = session.page._replace(kind="item", products=(), product=abroad[0])
    assert [c.currency for c in tracker.state(item).candidates if c.kind == "buy"] == ["EUR"]


def test_a_state_remembers_the_last_results_and_what_was_opened(toy: ShopData) -> None:
    session, tracker = start(toy)
    first = step(session, tracker, f"search[{EVERYTHING}]")
    assert [each.asin for each in first.seen] == [product.asin for product in session.page.products]
    assert [each.place for each in first.seen] == list(range(10))
    asin = first.seen[3].asin
    opened = step(session, tracker, f"click[{asin.lower()}]")
    assert {each.asin for each in opened.seen} == {each.asin for each in first.seen}
    assert opened.current == asin
    step(session, tracker, "click[< prev]")
    second = step(session, tracker, "click[next >]")
    assert [each.asin for each in second.seen] == [*(product.asin for product in session.page.products), asin]
    assert [each.place for each in second.seen] == [10, 11, 3]
    assert (second.current, second.total) == ("", len(toy.catalog))


def test_no_more_is_remembered_than_so_many(toy: ShopData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoprl.tasks.shop.tracker.REMEMBERED", 2)
    session, tracker = start(toy)
    state = step(session, tracker, f"search[{EVERYTHING}]")
    for each in state.seen[:4]:
        step(session, tracker, f"click[{each.asin.lower()}]")
        step(session, tracker, "click[< prev]")
    after = step(session, tracker, "click[next >]")
    assert len(after.seen) == len(session.page.products) + 2
    assert all(each.opened for each in after.seen[-2:])


def test_pages_of_results_that_come_again_are_remembered_as_the_last_ones(toy: ShopData) -> None:
    session, tracker = start(toy)
    first = step(session, tracker, f"search[{EVERYTHING}]")
    second = step(session, tracker, "click[next >]")
    assert first.seen != second.seen
    again = step(session, tracker, "click[< prev]")
    assert again.seen == first.seen
    step(session, tracker, f"click[{session.page.products[0].asin.lower()}]")
    assert [each.opened for each in step(session, tracker, "click[< prev]").seen] == [True] + [False] * 9
