"""How a data folder's prices are read."""

from pathlib import Path

import pytest

from shoprl.catalog.rules import Rules, read_rules, write_rules
from shoprl.errors import CatalogError


def test_webshops_rules_hold_where_there_is_no_file(tmp_path: Path) -> None:
    assert read_rules(tmp_path) == Rules("webshop", "webshop")


def test_written_rules_are_read(tmp_path: Path) -> None:
    rules = Rules(missing_price="unknown", prices="strict")
    write_rules(tmp_path, rules)
    assert read_rules(tmp_path) == rules


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "expected an object"),
        ("{", "not valid JSON"),
        ('{"price": "strict"}', "field 'price' is unknown. Use missing_price and prices"),
        ('{"prices": 7}', "field 'prices' must be 'webshop' or 'strict', found 7"),
        ('{"prices": []}', "field 'prices' must be"),
    ],
)
def test_a_fault_is_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "shop.json").write_text(text)
    with pytest.raises(CatalogError, match=f"shop.json: .*{said}"):
        read_rules(tmp_path)


@pytest.mark.parametrize(
    ("pricing", "allowed"),
    [
        *[(each, True) for each in ("", "19.99", "$1,299.00", "$5 - $7.50", " 7 ", "1234", "$12.99 - $24.99 ")],
        *[(each, False) for each in ("41,75", "1.299,00", "12,34,567", "$5,5 - $7", "call us", "5 EUR", "$1.2.3")],
    ],
)
def test_strict_prices(pricing: str, allowed: bool) -> None:
    assert Rules(prices="strict").allow(pricing) == allowed
    assert Rules().allow(pricing)
