from hypothesis import example, given
from hypothesis import strategies as st

from shoprl.catalog.ids import BUTTONS, MAX_ASIN, MAX_ID, asin_of, id_of
from shoprl.shop.session import MAX_ACTION, parse_action
from tests.support.feed_rows import opened
from tests.support.products import product

ANYTHING = st.text(st.characters(), min_size=1, max_size=40) | st.text("aAbB%4[]\n σΣςİı", min_size=1, max_size=6)


def test_plain_identifiers_stay_what_they_are() -> None:
    for identifier in ("B01CUPMQZE", "TS-R-S", "urn:sku:1.2", "Größe-42", "商品一", "👟42"):
        assert asin_of(identifier) == identifier == id_of(identifier)


def test_what_an_action_cannot_hold_is_escaped() -> None:
    assert asin_of("a[1]/b c%") == "a%5B1%5D%2Fb%20c%25"
    assert asin_of("two\nlines") == "two%0Alines"
    assert asin_of("İ") == "%C4%B0"  # its lower case has two characters


def test_half_a_pair_of_surrogates_is_kept() -> None:
    assert id_of(asin_of("x\ud83d")) == "x\ud83d"


def test_no_identifier_is_a_button() -> None:
    for button in BUTTONS:
        for identifier in (button, button.upper(), button.title()):
            assert asin_of(identifier).lower() not in BUTTONS
            assert id_of(asin_of(identifier)) == identifier


def test_identifiers_that_differ_in_case_alone_are_told_apart_in_any_order() -> None:
    for names in (("SKU-a", "sku-A", "sku-a"), ("sku-a", "SKU-a", "SKU-A"), ("ας", "ΑΣ", "ασ"), ("%41", "A", "%61")):
        taken = set[str]()
        for name in names:
            asin = asin_of(name, taken)
            assert asin.lower() not in taken
            assert id_of(asin) == name
            taken.add(asin.lower())


def test_the_longest_identifiers_fit_an_action() -> None:
    for char in ("x", "é", "商", "👟", "[", "\ud83d", "\u2028", "\U000e0041", "\U0010fffd"):
        asin = asin_of(char * MAX_ID)
        assert len(asin) <= MAX_ASIN < MAX_ACTION - len("click[]")
        assert id_of(asin) == char * MAX_ID


@given(st.lists(ANYTHING, min_size=1, max_size=12, unique=True))
@example(["search", "Search", "SEARCH", "%73earch"])
def test_identifiers_are_reversible_and_unique_in_lower_case(names: list[str]) -> None:
    taken = set[str]()
    for name in names:
        asin = asin_of(name, taken)
        assert id_of(asin) == name
        assert asin.lower() not in taken | BUTTONS
        assert parse_action(f"click[{asin.lower()}]") == ("click", asin.lower())
        taken.add(asin.lower())


@given(st.lists(ANYTHING, min_size=1, max_size=12, unique=True), st.data())
def test_a_click_opens_exactly_the_product_that_is_meant(names: list[str], data: st.DataObject) -> None:
    products, taken = [], set[str]()
    for name in names:
        asin = asin_of(name, taken)
        taken.add(asin.lower())
        products.append(product(asin, f"Product {len(taken)}"))
    opened(products, data.draw(st.sampled_from(products)))
