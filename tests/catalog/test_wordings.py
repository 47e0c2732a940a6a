"""Attributes and instructions in WebShop's form."""

import json
from pathlib import Path

import pytest

from shoprl.catalog.wordings import wording, write_wordings
from tests.support.products import product

LAMP = product("B1", "Oak Lamp", query="lamps")


def test_an_instruction_asks_for_the_first_attributes() -> None:
    assert wording(LAMP, ("solid oak", "usb port", "power: 5 w", "dimmable")) == {
        "attributes": ["solid oak", "usb port", "power: 5 w", "dimmable"],
        "instruction": "Find me solid oak lamps with usb port, power: 5 w",
        "instruction_attributes": ["solid oak", "usb port", "power: 5 w"],
    }


def test_a_product_without_attributes_has_no_instruction() -> None:
    assert wording(LAMP, ()) == {"attributes": []}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_file_of_them(count: int, tmp_path: Path) -> None:
    path = tmp_path / "items_ins_v2.json"
    lamps = [product(f"B{number}", "Oak Lämp ★") for number in range(count)]
    assert write_wordings(path, ((lamp, ("solid oak", "lämp")) for lamp in lamps)) == 2 * count
    rows = json.loads(path.read_text("utf-8"))
    assert list(rows) == [lamp.asin for lamp in lamps]
    assert all(row["attributes"] == ["solid oak", "lämp"] for row in rows.values())


def test_a_failure_leaves_no_file(tmp_path: Path) -> None:
    def mined() -> object:
        yield LAMP, ("a b",)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        write_wordings(tmp_path / "items_ins_v2.json", mined())  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
