"""Prices in requests; test_instruction.py has those that WebShop's goals name."""

import time

import pytest

from shoprl.tasks.instruction import ceiling_in, parse_instruction
from shoprl.tasks.prices import asked_price, share_a_sign

WISH = "a red mug"


@pytest.mark.parametrize(
    ("clause", "ceiling", "currency"),
    [
        ("under 30 euros", 30, "EUR"),
        ("under 30 EUR", 30, "EUR"),
        ("under EUR 30", 30, "EUR"),
        ("less than £20", 20, "GBP"),
        ("bis 30 €", 30, "EUR"),
        ("weniger als 30 Euro", 30, "EUR"),
        ("max 2,500 yen", 2500, "JPY"),
        ("under ¥2500", 2500, "JPY"),
        ("under US$ 40", 40, "USD"),
        ("under US $40", 40, "USD"),
        ("under C$40", 40, "CAD"),
        ("for less than 40 CAD", 40, "CAD"),
        ("under 300 canadian dollars", 300, "CAD"),
        ("under CHF 40", 40, "CHF"),
        ("under 500 kr", 500, "SEK"),
        ("under R$ 50", 50, "BRL"),
        ("under ₹500", 500, "INR"),
        ("under Rs. 500", 500, "INR"),
        ("between 20 and 40 dollars", 40, "USD"),
        ("$20-$40", 40, "USD"),
        ("20-40 dollars", 40, "USD"),
        ("from $20 to $40", 40, "USD"),
        ("around 30 to 40 dollars", 40, "USD"),
        (", price between 20 and 40", 40, ""),
        ("under twenty dollars", 20, "USD"),
        ("under a hundred bucks", 100, "USD"),
        ("for no more than twenty-five euros", 25, "EUR"),
        ("under two hundred and fifty dollars", 250, "USD"),
        ("20 or less", 20, ""),
        ("for 15 or under", 15, ""),
        ("$20 or less", 20, "USD"),
        ("30 dollars max", 30, "USD"),
        ("up to $30 maximum", 30, "USD"),
        ("under 1.5k", 1500, ""),
        ("under $1.5k", 1500, "USD"),
        ("under 1.250,50 €", 1250.5, "EUR"),
        ("under 30,50 euros", 30.5, "EUR"),
        ("under 1.250 €", 1250, "EUR"),
        ("under CHF 1’250", 1250, "CHF"),
        ("not more than about $50", 50, "USD"),
        (", nothing over $40", 40, "USD"),
        ("< $20", 20, "USD"),
        (", price lower than 30.00 pounds", 30, "GBP"),
        (", my budget is 40 euros", 40, "EUR"),
    ],
)
def test_a_ceiling_in_many_words_is_taken_off_the_wish(clause: str, ceiling: float, currency: str) -> None:
    instruction = parse_instruction(f"{WISH} {clause}")
    assert (instruction.ceiling, instruction.currency, instruction.wish) == (ceiling, currency, WISH)


@pytest.mark.parametrize(
    "clause",
    ["around $50", "about 50 euros", "~$20", "at least $20", "over $20", "$20+", "no less than $20", "$50 or so",
     "20 dollars or more", "starting at $20"],
)  # fmt: skip
def test_a_floor_or_a_rough_price_is_no_ceiling(clause: str) -> None:
    instruction = parse_instruction(f"{WISH} {clause}")
    assert (instruction.ceiling, instruction.currency, instruction.wish) == (None, "", WISH)


@pytest.mark.parametrize(
    ("text", "ceiling"),
    [
        ("a mug at least $20 but under $50", 50),
        ("a mug, i don't want to spend more than $40", 40),
        ("a mug 30€", 30),
        ("a mug under 30 pounds", 30),
        ("2 mugs for $10", 10),
        ("shoes size 8 - $30", 30),
    ],
)
def test_of_several_amounts_the_ceiling_counts(text: str, ceiling: float) -> None:
    assert parse_instruction(text).ceiling == ceiling


@pytest.mark.parametrize(
    "text",
    ["dumbbells under 30 pounds", "15 pounds of beans", "raisins 3-4 pound bag", "iphone 13 max case",
     "a toy, size 12 or under", "kids 5 or under", "a lamp under 100 watts", "rs422/rs485 port",
     "2000ft cable 14AWG gel", "a mug under one", "TOP 10 TOP",
     "a hub, usb 2.0 or less", "a hub 2.0 or less", "a mug that says i <3 you", "a pack of 20 or less", "a mug i <3"],
)  # fmt: skip
def test_other_numbers_are_no_prices(text: str) -> None:
    instruction = parse_instruction(text)
    assert (instruction.ceiling, instruction.wish) == (None, text)


@pytest.mark.parametrize(
    ("clause", "currency", "ceiling"),
    [
        ("under 30", "JPY", 30),  # the shop's
        ("under 30 euros", "EUR", 30),
        ("under 30 euros", "USD", None),
        ("under $30", "USD", 30),
        ("under $30", "CAD", 30),
        ("under US$30", "CAD", None),
        ("under 30 usd", "CAD", None),
        ("under $30", "EUR", None),
        ("under 500 kr", "NOK", 500),
        ("under 30 pounds", "USD", None),
    ],
)
def test_a_ceiling_holds_in_its_own_currency_alone(clause: str, currency: str, ceiling: float | None) -> None:
    assert ceiling_in(parse_instruction(f"{WISH} {clause}"), currency) == ceiling


def test_currencies_of_one_sign() -> None:
    assert share_a_sign("USD", "AUD")
    assert not share_a_sign("USD", "EUR")


HOSTILE = (
    *(
        "1 ",
        "under ",
        "and ",
        "1",
        "a ",
        "one hundred and ",
        " ",
        "$",
        "under 5 ",
        "5 pounds ",
        "5-",
        "$5-",
        "or less ",
    ),
    *(
        "between 5 and ",
        "not more than $",
        "1,",
        "1.",
        "rs ",
        "US$",
        "under $5, ",
        "1'234",
        "no not more than 5$ ",
        "-",
    ),
)


@pytest.mark.parametrize("part", HOSTILE)
def test_time_is_linear_in_the_text(part: str) -> None:
    text = part * (20_000 // len(part)) + " under 5 dollars"
    start = time.perf_counter()
    asked_price(text)
    assert time.perf_counter() - start < 2


def test_a_number_without_end_is_no_price() -> None:
    assert parse_instruction(f"a mug under ${'9' * 400}").ceiling is None
