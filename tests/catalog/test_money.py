import pytest

from shoprl.catalog.money import amount, currency_name, digits, price_tag


@pytest.mark.parametrize(
    ("value", "currency", "shown"),
    [
        (19.99, "USD", "$19.99"),
        (5, "EUR", "€5.00"),
        (1200, "JPY", "¥1200"),
        (5, "CHF", "CHF 5.00"),
        (1.5, "KWD", "KWD 1.500"),
    ],
)
def test_an_amount_is_shown_in_its_currency(value: float, currency: str, shown: str) -> None:
    assert amount(value, currency) == shown


def test_a_price_tag_is_a_price_a_range_or_nothing() -> None:
    assert price_tag([], "USD") == ""
    assert price_tag([3, 3], "USD") == "$3.00"
    assert price_tag({20.5, 10}, "GBP") == "£10.00 to £20.50"


@pytest.mark.parametrize(("currency", "name"), [("USD", "dollars"), ("EUR", "euros"), ("XYZ", "XYZ")])
def test_what_people_call_a_currency(currency: str, name: str) -> None:
    assert currency_name(currency) == name


def test_an_amount_has_the_decimals_of_its_currency() -> None:
    assert [digits(30, currency) for currency in ("USD", "JPY", "KWD")] == ["30.00", "30", "30.000"]
