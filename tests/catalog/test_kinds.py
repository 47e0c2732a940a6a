"""What kind of thing a product is."""

import pytest

from shoprl.catalog.kinds import LONGEST, head_noun, kind_of
from tests.support.products import product


@pytest.mark.parametrize(
    ("title", "brand", "noun"),
    [
        ("HP Pavilion dv7-1211ea Laptop, 17 inch", "HP", "laptop"),
        ("Solid Oak Table for the Kitchen", "", "table"),
        ("Mug - red", "", "mug"),
        ("HP LC51C Toner Original Cyan", "HP", "toner"),
        ("Black", "", "black"),
        ("Größenverstellbarer Tisch mit Rollen", "", "tisch"),
        ("Desk Acme", "acme", "desk"),
        ("(2 pack) socks", "", "socks"),
        ("12345 678", "", ""),
        ("", "", ""),
    ],
)
def test_the_noun_of_a_title(title: str, brand: str, noun: str) -> None:
    assert head_noun(title, brand) == noun


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"query": "floor lamps", "product_category": "Home › Lamps"}, "floor lamps"),
        ({"product_category": "Home › Table  Lamps "}, "table lamps"),
        ({"product_category": "Home › 17", "title": "Oak Stool"}, "stool"),
        ({"product_category": f"Home › {'x' * (LONGEST + 1)}", "title": "Oak Stool"}, "stool"),
        ({"title": "123", "category": "Garden"}, "garden"),
        ({"title": "123"}, "product"),
    ],
)
def test_the_kind_of_a_product(fields: dict[str, str], kind: str) -> None:
    texts = {"title": ""} | fields
    title = texts.pop("title")
    assert kind_of(product("B1", title, **texts)) == kind
