import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoprl.catalog.product import Product
from shoprl.feeds.assembling import MAX_VARIANTS, assemble, attribute_of, shown
from shoprl.feeds.drafts import Draft, Form
from shoprl.feeds.prices import Price
from shoprl.feeds.values import RowError
from shoprl.shop.page import ITEM_BUTTONS
from tests.support.feed_rows import opened


def variants(*rows: dict[str, str], price: bool = True) -> Product:
    """A product of rows that differ in their options."""
    drafts = [
        Draft(id=f"v{number}", group="G", title="Shirt", options={name: (value,) for name, value in row.items()},
              price=Price((float(number),)) if price else Price(()))
        for number, row in enumerate(rows, 1)
    ]  # fmt: skip
    return assemble(drafts, "G")


def check_choosable(product: Product) -> None:
    """Every value can be clicked, and a variant's values choose it alone."""
    session = opened([product], product)
    buttons = {text.lower() for text in ITEM_BUTTONS}
    values = [value for values in product.options.values() for value in values]
    assert len({*values} | buttons) == len(values) + len(buttons)
    for variant in product.variants[:20]:
        for name, value in variant.options.items():
            session.step(f"click[{value}]")
            assert session.page.options[name] == value
        chosen = {name: session.page.options[name] for name in variant.options}
        assert chosen == variant.options
    for variant in product.variants:
        assert product.fitting(variant.options) == [variant]


def test_prices_that_differ_are_a_range_until_one_is_chosen() -> None:
    product = variants({"Size": "S"}, {"Size": "M"})
    assert (product.price, product.price_tag) == (1.0, "$1.00 to $2.00")
    session = opened([product], product)
    session.step("click[m]")
    assert product.price_tag_with(session.page.options) == "$2.00"


def test_values_that_are_buttons_or_shared_or_hold_brackets_can_be_chosen() -> None:
    product = variants(
        {"Size": "Description", "Color": "S"},
        {"Size": "S", "Color": "< Prev"},
        {"Size": "[x] / 'y'\n\"z\"", "Color": "Buy Now"},
        {"Size": "s (color)", "Color": "Search"},
    )
    check_choosable(product)
    assert product.options["size"] == ("description (size)", "s", "(x) | 'y' \"z\"", "s (color)")
    assert product.options["color"][0] == "s (color 2)"


def test_a_thousand_values() -> None:
    product = variants(*({"Size": f"{n}/{n}"} for n in range(1_000)))
    check_choosable(product)
    with pytest.raises(RowError, match="more than 1000 option values"):
        variants(*({"Size": f"{n}"} for n in range(1_001)))
    with pytest.raises(RowError, match="variants; 10000 are read"):
        variants(*({"Size": "x"} for _ in range(MAX_VARIANTS + 1)))


@pytest.mark.parametrize(
    "rows",
    [
        [{"Size": "S"}, {"Size": "s"}],  # equal once actions are in lower case
        [{"Size": "S"}, {"Size": "S"}, {}],
        [{"Color": "Red"}, {"Color": "Red", "Size": "M"}],  # one's options are among the other's
        [{}, {}],
        [{"Size": "S", "Color": "Red"}, {"Size": "S", "Color": "Red"}, {"Size": "M", "Color": "Red"}],
    ],
)
def test_variants_that_options_do_not_tell_apart_get_one_more(rows: list[dict[str, str]]) -> None:
    product = variants(*rows)
    assert product.options["variant"] == tuple(f"v{number}" for number in range(1, len(rows) + 1))
    check_choosable(product)


def test_what_all_variants_have_in_common_is_a_feature() -> None:
    product = variants({"Size": "S", "Material": "Wool"}, {"Size": "M", "Material": "Wool"})
    assert list(product.options) == ["size"]
    assert "wool" in product.attributes
    assert "material: Wool" in product.bullets


def test_one_row_is_no_variant_unless_its_group_has_another_name() -> None:
    own = Draft(id="A", group="A", title="T", options={"color": ("Red", "Blue"), "size": ("S",)}, price=Price((5.0,)))
    product = assemble([own], "A")
    assert product.variants == ()
    assert product.options == {"color": ("red", "blue")}
    product = assemble([own._replace(group="G")], "G")
    assert [(variant.id, variant.price) for variant in product.variants] == [("A", 5.0)]


def test_the_row_that_lists_all_values_is_the_product_and_no_variant() -> None:
    parent = Draft(id="P", group="P", title="Shirt", options={"Size": ("S", "M")})
    rows = [
        Draft(id=size, group="P", title=f"Shirt {size}", options={"Size": (size,)}, price=Price((5.0,)))
        for size in "SM"
    ]
    product = assemble([rows[0], parent, rows[1]], "P")
    assert (product.title, [variant.id for variant in product.variants]) == ("Shirt", ["S", "M"])
    product = assemble([parent, rows[0]], "P")
    assert product.price == 5.0
    assert [variant.id for variant in product.variants] == ["S"]


def test_variants_that_a_row_lists_itself() -> None:
    forms = tuple(Form(f"{n}", f"T {n}", {"Size": size}, Price((n,), "EUR"), "", "") for n, size in enumerate("SM", 1))
    product = assemble([Draft(id="A", title="T", price=Price((9.0,)), forms=forms)], "A")
    assert (product.price_tag, product.currency) == ("€1.00 to €2.00", "EUR")
    assert product.options == {"size": ("s", "m")}


def test_a_product_needs_a_title() -> None:
    with pytest.raises(RowError, match="has a title"):
        assemble([Draft(id="A"), Draft(id="B")], "A")


def test_attributes_are_what_a_shopper_would_say() -> None:
    assert attribute_of("material", "Wool") == "wool"
    assert attribute_of("machine washable", "Yes") == "machine washable"
    assert [attribute_of("width", value) for value in ("no", "12", "12 cm", "4 x 5", "x" * 50, "-")] == [""] * 6


def test_texts_of_options_are_lower_case_on_one_line() -> None:
    assert shown(" A/B [c]\n İ") == "a | b (c) i̇"


VALUE = st.sampled_from(["S", "s", "M", "Search", "buy now", "[", "s (size)", "a/b", "a | b"]) | st.text(
    min_size=1, max_size=6
)


@settings(max_examples=60)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["Size", "size", "Color", "variant"]), VALUE, max_size=3),
        min_size=2,
        max_size=6,
    )
)
def test_every_variant_can_be_chosen(rows: list[dict[str, str]]) -> None:
    product = variants(*rows)
    assert len(product.variants) == len(rows)
    check_choosable(product)


def test_what_a_product_has_not_is_no_bullet_point() -> None:
    product = assemble(
        [Draft(title="Anvil", features=(("touchscreen", "no"), ("forged", "yes"), ("horn", "N/A")))], "1"
    )
    assert product.bullets == ("forged",)
    assert product.attributes == ("forged",)
