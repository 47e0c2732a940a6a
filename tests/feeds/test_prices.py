import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.feeds.prices import Price, PriceError, PriceEvidence, PriceRules, decimal_of, parse_price

POINT, COMMA = PriceRules("."), PriceRules(",")


def rules_of(*values: object, currencies: tuple[str, ...] = ()) -> PriceRules:
    evidence = PriceEvidence()
    for value in values:
        evidence.add(value)
    return evidence.rules(currencies)


@pytest.mark.parametrize(
    ("written", "amounts", "currency"),
    [
        ("19.99 USD", (19.99,), "USD"),
        ("USD 19.99", (19.99,), "USD"),
        ("19.99usd", (19.99,), "USD"),
        ("US $19.99", (19.99,), "USD"),
        ("CA$5", (5.0,), "CAD"),
        ("C $5.00", (5.0,), "CAD"),
        ("$10 - $20", (10.0, 20.0), "USD"),
        ("20.00–10.00 EUR", (10.0, 20.0), "EUR"),
        ("10 to 20", (10.0, 20.0), ""),
        ("from $10", (10.0,), "USD"),
        ("19.99 incl. VAT", (19.99,), ""),
        ("Rs. 1,49,999.50", (149999.5,), "INR"),
        ("Rs 499/-", (499.0,), "INR"),
        ("MRP ₹1,299.00", (1299.0,), "INR"),
        ("CHF 1’299.–", (1299.0,), "CHF"),
        ("1'299.00", (1299.0,), ""),
        ("1\u00a0299.00 zł", (1299.0,), "PLN"),
        ("$.99", (0.99,), "USD"),
        ("1,234,567.89", (1234567.89,), ""),
        ("19.99\u200b", (19.99,), ""),
        ("free", (0.0,), ""),
        ("0", (0.0,), ""),
        ("n/a", (), ""),
        ("", (), ""),
        (None, (), ""),
        (False, (), ""),
        (math.nan, (), ""),
        (14.98, (14.98,), ""),
        (15, (15.0,), ""),
    ],
)
def test_prices_as_shops_write_them(written: object, amounts: tuple[float, ...], currency: str) -> None:
    assert parse_price(written, POINT) == Price(amounts, currency)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("-5", "price is negative"),
        ("$-5", "price is negative"),
        ("(5.00)", "price is negative"),
        (-1, "price is negative"),
        (-(10**4000), "price is negative"),
        (math.inf, "price is too large"),
        (10**4000, "price is too large"),
        ("9" * 40, "price is too large"),
        ("1e400", "price is not a price"),
        ("1e3", "price is not a price"),
        ("Save 20%", "price is not a price"),
        ("2 for 5", "price is not a price"),
        ("5/lb", "price is not a price"),
        ("1.2.3", "price is not a price"),
        ("1,23,45", "price is not a price"),
        ("inf", "price is not a price"),
        (True, "price is not a price"),
        ([5], "price is not a price"),
        ({"amount": 5}, "price is not a price"),
        ("5.00 EUR 6.00 USD", "price is not a price"),
        ("x" * 10_000, "price is not a price"),
        ("100 XYZ", "currency is unknown"),
        ("kr 100", "currency is in doubt"),
        ("41,75", "price is in doubt"),
        ("1.299", "price is in doubt"),
    ],
)
def test_what_is_no_price_is_named(written: object, reason: str) -> None:
    with pytest.raises(PriceError) as raised:
        parse_price(written, POINT)
    assert raised.value.reason == reason
    assert len(str(raised.value)) < 400


def test_a_decimal_comma_counts_where_the_files_other_prices_have_one() -> None:
    assert parse_price("41,75", rules_of("19,99", "5,00", "41,75")) == Price((41.75,))
    assert parse_price("1.299,00 €", COMMA) == Price((1299.0,), "EUR")
    assert parse_price("1.299", rules_of("19,99", "1.299")) == Price((1299.0,))
    with pytest.raises(PriceError, match="decimal comma where"):
        parse_price("41,75", rules_of("19.99", "5.00", "41,75"))


def test_thousands_without_any_decimals() -> None:
    assert parse_price("1,234", rules_of("1,234", "999", "20")) == Price((1234.0,))
    with pytest.raises(PriceError, match="thousands or decimals"):
        parse_price("1,234", rules_of("1,234", "5,678"))
    assert parse_price("1,234", PriceRules(), "JPY") == Price((1234.0,))  # which has no decimals
    assert parse_price("1.250 KWD", POINT) == Price((1.25,), "KWD")  # which has three


def test_another_fields_currency_decides_between_those_of_one_sign() -> None:
    assert parse_price("$5.00", POINT, "CAD") == Price((5.0,), "CAD")
    assert parse_price("100 kr", POINT, "SEK") == Price((100.0,), "SEK")
    assert parse_price("€5.00", POINT, "CAD") == Price((5.0,), "EUR")


CENTS = [4995, 10995, 595, 9495, 1195, 1795, 69195, 3995, 1444, 2094] * 3


def test_whole_numbers_in_cents_are_known_by_their_endings() -> None:
    for prices in (CENTS, [0, *CENTS], list(map(str, CENTS)), list(map(float, CENTS))):
        rules = rules_of(*prices)
        assert rules.minor_units
        assert parse_price(prices[-1], rules) == Price((20.94,))


@pytest.mark.parametrize(
    "prices",
    [
        [19, 25, 40, 120, 8, 99, 49, 35, 60, 15] * 3,
        [199, 299, 499, 999, 1299, 349, 89, 59, 149, 1499] * 3,  # whole dollars that end in nines
        [999, 379, 32157, 22646, 1200, 450, 2999, 699, 349, 525] * 3,  # whole rupees
        [*CENTS, 19.99],
        CENTS[:10],
    ],
)
def test_whole_amounts_are_no_cents(prices: list[float]) -> None:
    assert not rules_of(*prices).minor_units


def test_currencies_without_hundredths_have_no_cents() -> None:
    assert not rules_of(*CENTS, currencies=("JPY",)).minor_units
    assert not rules_of(*CENTS, currencies=("INR",)).minor_units


def test_doubt_about_cents_is_said() -> None:
    assert rules_of(*([199, 299, 499, 999, 1299] * 5)).maybe_minor


def test_decimal_signs() -> None:
    assert [decimal_of(digits) for digits in ("12", "1.5", "1,50", "1,234", "1,234.5", "1,2,3")] == [
        "none", ".", ",", "doubt", ".", "wrong"
    ]  # fmt: skip


def _indian(whole: int) -> str:
    digits = str(whole)
    head, tail = digits[:-3], digits[-3:]
    parts = []
    while head:
        parts.insert(0, head[-2:])
        head = head[:-2]
    return ",".join([*parts, tail])


STYLES: dict[str, Callable[[int], str]] = {
    "19.99 USD": lambda cents: f"{cents // 100}.{cents % 100:02} USD",
    "$1,234.50": lambda cents: f"${cents // 100:,}.{cents % 100:02}",
    "1.234,50 €": lambda cents: f"{cents // 100:,}".replace(",", ".") + f",{cents % 100:02} €",
    "1 234,50 EUR": lambda cents: f"{cents // 100:,}".replace(",", "\u00a0") + f",{cents % 100:02} EUR",
    "CHF 1'234.50": lambda cents: "CHF " + f"{cents // 100:,}".replace(",", "'") + f".{cents % 100:02}",
    "₹1,23,456.50": lambda cents: f"₹{_indian(cents // 100)}.{cents % 100:02}",
    "1234,50": lambda cents: f"{cents // 100},{cents % 100:02}",
    "from £12.00": lambda cents: f"from £{cents // 100}.{cents % 100:02}",
}


@given(st.sampled_from(list(STYLES)), st.lists(st.integers(0, 10**11), min_size=1, max_size=30))
def test_amounts_written_in_one_style_are_read_back(style: str, cents: list[int]) -> None:
    written = [STYLES[style](each) for each in cents]
    rules = rules_of(*written)
    for text, each in zip(written, cents, strict=True):
        assert parse_price(text, rules).amounts == (float(f"{each // 100}.{each % 100:02}"),)


@given(st.text(max_size=30) | st.integers() | st.floats() | st.booleans() | st.none())
def test_anything_is_a_price_or_a_named_fault(value: object) -> None:
    rules = rules_of(value)
    try:
        price = parse_price(value, rules)
    except PriceError:
        return
    assert all(math.isfinite(amount) and amount >= 0 for amount in price.amounts)
