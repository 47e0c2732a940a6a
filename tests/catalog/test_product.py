import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from shoprl.catalog.product import Product, Request
from shoprl.catalog.store import product_record
from tests.support.toyshop import toy_catalog

TEXT = st.text(max_size=8)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
PRODUCT = st.builds(
    Product,
    asin=TEXT,
    title=TEXT,
    description=TEXT,
    bullets=TEXTS,
    category=TEXT,
    query=TEXT,
    product_category=TEXT,
    price=st.floats(0, allow_infinity=False),
    price_tag=TEXT,
    options=st.dictionaries(TEXT, TEXTS, max_size=3),
    attributes=TEXTS,
    image=TEXT,
    requests=st.lists(st.builds(Request, TEXT, TEXTS, st.none() | TEXTS), max_size=2).map(tuple),
)


@settings(max_examples=60)
@given(PRODUCT)
def test_a_product_survives_its_record(product: Product) -> None:
    read = Product.from_json(json.loads(product_record(product)))
    assert read == product
    assert repr(read) == repr(product)  # 1.0 is no 1, and a tuple no list
    assert Product.from_json(product.to_json()) == product


def test_products_are_found_by_their_asin() -> None:
    first, second = toy_catalog().products[:2]
    assert len({first, replace(first), second}) == 2
    assert hash(first) == hash(replace(first, options={}))
    assert first != replace(first, options={})
