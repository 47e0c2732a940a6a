import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from shoprl.catalog.product import Product, Request, Variant
from shoprl.catalog.store import product_record
from tests.support.toyshop import toy_catalog

TEXT = st.text(max_size=8)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
PRICE = st.none() | st.floats(0, allow_infinity=False)
PRODUCT = st.builds(
    Product,
    asin=TEXT,
    title=TEXT,
    description=TEXT,
    bullets=TEXTS,
    category=TEXT,
    query=TEXT,
    product_category=TEXT,
    price=PRICE,
    price_tag=TEXT,
    options=st.dictionaries(TEXT, TEXTS, max_size=3),
    attributes=TEXTS,
    image=TEXT,
    requests=st.lists(st.builds(Request, TEXT, TEXTS, st.none() | TEXTS), max_size=2).map(tuple),
    brand=TEXT,
    currency=st.sampled_from(("USD", "EUR")),
    rating=st.none() | st.floats(0, 5),
    rating_count=st.none() | st.integers(0),
    images=TEXTS,
    variants=st.lists(st.builds(Variant, TEXT, st.dictionaries(TEXT, TEXT, max_size=2), PRICE, TEXT), max_size=2).map(
        tuple
    ),
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


def test_what_webshop_never_has_is_left_out_of_the_record() -> None:
    record = toy_catalog().products[0].to_json()
    assert not record.keys() & {"brand", "currency", "availability", "rating", "images", "variants", "url"}


def test_the_price_is_that_of_the_variants_which_the_options_leave() -> None:
    sizes = {"s": 10.0, "l": 12.5}
    variants = [Variant(f"{c}{s}", {"color": c, "size": s}, p) for s, p in sizes.items() for c in ("red", "blue")]
    product = replace(
        toy_catalog().products[0],
        options={"color": ("red", "blue"), "size": ("s", "l")},
        price=10.0,
        price_tag="$10.00 to $12.50",
        variants=tuple(variants),
    )
    assert (product.price_with({}), product.price_tag_with({})) == (10.0, "$10.00 to $12.50")
    assert (product.price_with({"color": "red"}), product.price_tag_with({"color": "red"})) == (
        10.0,
        "$10.00 to $12.50",
    )
    assert (product.price_with({"size": "l"}), product.price_tag_with({"size": "l"})) == (12.5, "$12.50")
    assert product.price_with({"size": "xl"}) == 10.0
