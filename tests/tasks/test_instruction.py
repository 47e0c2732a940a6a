import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.catalog.phrasing import _PRICE_FORMS, phrase_price
from shoprl.shop.data import ShopData
from shoprl.tasks.instruction import overlap, parse_instruction, phrase_in, queries_for, terms_of

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
