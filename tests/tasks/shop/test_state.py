from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.phrasing import _PRICE_FORMS, phrase_price
from shoprl.policies.learned import encode_state
from shoprl.shop.data import ShopData
from shoprl.shop.page import Page
from shoprl.shop.session import Session, Shop
from shoprl.tasks.instruction import overlap, parse_instruction, phrase_in, queries_for, terms_of
from shoprl.tasks.shop.state import UNSEEN, Memory, State, Tracker, price_range
from tests.support.toyshop import EVERYTHING, hidden_changed

WISH = "a red mug with a wooden handle"


@pytest.mark.parametrize(
    ("text", "ceiling"),
    [
        (f"{WISH}, and price lower than 30.00 dollars", 30.0),
        (f"{WISH} under $25", 25.0),
        (f"{WISH} under 25 bucks", 25.0),
        (f"{WISH} for less than $19.99", 19.99),
        (f"{WISH}, at most 1,250.50 usd", 1250.5),
        (f"{WISH}, no more than 40 dollars", 40.0),
        (f"{WISH}, not more than $40.", 40.0),
        (f"{WISH} Cheaper Than $7", 7.0),
        (f"{WISH}, max 30 bucks", 30.0),
        (f"{WISH}, maximum of $30", 30.0),
        (f"{WISH} up to 60$", 60.0),
        (f"{WISH}, with a price lower than 15 dollars", 15.0),
        (f"{WISH}, price is under 15 dollars", 15.0),
        (f"{WISH} costing less than 15 dollars", 15.0),
        (f"{WISH} priced below $15.50", 15.5),
        (f"{WISH}, budget of at most $100", 100.0),
        (f"{WISH} within $20", 20.0),
    ],
)
def test_a_price_clause_is_taken_off_the_wish(text: str, ceiling: float) -> None:
    instruction = parse_instruction(text)
    assert instruction.ceiling == ceiling
    assert instruction.wish == WISH
    assert instruction.text == text


@pytest.mark.parametrize("form", _PRICE_FORMS)
@pytest.mark.parametrize("price", [10.0, 30.0, 129.5, 990.0])
def test_every_phrasing_of_a_price_is_read(form: str, price: float) -> None:
    cents = f"{price:.2f}"
    instruction = parse_instruction(WISH + form.format(cents=cents, short=cents.removesuffix(".00")))
    assert instruction.ceiling == price
    assert instruction.wish.startswith(WISH)


@given(st.integers(0, 2**32), st.integers(1, 99))
def test_drawn_phrasings_give_the_ceiling_back(seed: int, tens: int) -> None:
    text = WISH + phrase_price(np.random.default_rng(seed), 10.0 * tens)
    assert parse_instruction(text).ceiling == 10.0 * tens


def test_generated_goals_are_read_as_they_were_meant(toy: ShopData) -> None:
    for goal in toy.goals:
        ceiling = parse_instruction(goal.instruction).ceiling
        assert ceiling == (goal.price_upper if goal.price_upper < 1e6 else None)


@pytest.mark.parametrize("text", ["", "a mug", "shoes size 9", "under the sink shelf", "a pack of 12", "100% cotton"])
def test_no_price_no_ceiling(text: str) -> None:
    instruction = parse_instruction(text)
    assert instruction.ceiling is None
    assert instruction.wish == text


def test_an_amount_of_money_without_a_clause_is_a_ceiling() -> None:
    assert parse_instruction("i want a mug, i have 20 dollars").ceiling == 20.0
    assert parse_instruction("i want a mug for $1,020.50").ceiling == 1020.5


@pytest.mark.parametrize("text", ["under $20", "price lower than 20 dollars"])
def test_a_wish_is_never_empty(text: str) -> None:
    instruction = parse_instruction(text)
    assert (instruction.wish, instruction.ceiling) == (text, 20.0)


def test_words_after_the_price_stay_words() -> None:
    assert parse_instruction("a mug under $5 please").wish == "a mug please"


@pytest.mark.parametrize("size", ["under 10 inches tall", "within 3 feet", "up to 100 bags"])
def test_a_size_is_not_a_price_where_a_price_is_named(size: str) -> None:
    assert parse_instruction(f"a shelf {size}, and price lower than 30.00 dollars").ceiling == 30.0


@pytest.mark.parametrize(
    ("tag", "low", "high"), [("$12.0", 12.0, 12.0), ("$9.5 to $20.0", 9.5, 20.0), ("$20.0 to $9.5", 9.5, 20.0)]
)
def test_price_range(tag: str, low: float, high: float) -> None:
    assert price_range(tag) == (low, high)


def test_phrases_are_found_at_word_borders_only() -> None:
    assert phrase_in("navy blue", "shoes in Navy Blue, size 9")
    assert phrase_in("9.5", "size 9.5")
    assert not phrase_in("red", "a hundred mugs")
    assert not phrase_in("blue navy", "navy blue")
    assert not phrase_in("", "anything")
    assert not phrase_in("!!", "anything")


def test_overlap_is_a_share_of_the_wish() -> None:
    instruction = parse_instruction("red mugs")
    assert overlap(instruction, terms_of("a mug")) == 0.5
    assert overlap(instruction, terms_of("mug, red, large")) == 1.0
    assert overlap(parse_instruction(""), terms_of("mug")) == 0.0


def start(data: ShopData, index: int = 0, query: str = EVERYTHING) -> tuple[Session, Tracker]:
    return data.session(index), Tracker((query,), 15)


def step(session: Session, tracker: Tracker, action: str) -> State:
    tracker.state(session.page)
    tracker.took(session.page, action)
    session.step(action)
    return tracker.state(session.page)


def kinds(state: State) -> list[str]:
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
    assert [encode_state(state).asin for state in found] == [state.asin for state in found]


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
    assert state.index_of("click[next >]") == 1
    assert state.index_of("click[buy now]") is None


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
            assert states[0] == states[1]
        assert states[0].looked_at == 1  # the walk went where it was meant to go


@pytest.mark.parametrize(
    ("text", "wish", "ceiling"),
    [
        ("a bag under 10.5 oz", "a bag under 10.5 oz", None),
        ("a lamp that burns up to 12 hours", "a lamp that burns up to 12 hours", None),
        ("a lamp that burns up to 12 hours, for less than 40 dollars", "a lamp that burns up to 12 hours", 40.0),
        ("a rug within 50", "a rug", 50.0),
        ("a rug under 50 please", "a rug please", 50.0),
    ],
)
def test_a_bare_number_is_money_only_where_nothing_follows(text: str, wish: str, ceiling: float | None) -> None:
    parsed = parse_instruction(text)
    assert (parsed.wish, parsed.ceiling) == (wish, ceiling)


def test_a_query_is_one_line() -> None:
    assert queries_for("instruction", parse_instruction("green\ntea [loose]")) == ("green tea (loose)",)
