"""Mined attributes: what sets a product apart in its department."""

import sys

import pytest

from shoprl.catalog.attributes import mine_attributes
from shoprl.catalog.product import Product
from shoprl.errors import ConfigError


def product(asin: str, title: str, *bullets: str, category: str = "garden") -> Product:
    return Product(asin, title, "", bullets, category, "lamps", "Home › Lamps", 9.0, "$9.00")


LAMPS = [
    product("A", "Arc Floor Lamp solid wood", "A lamp with solid wood, solid wood everywhere"),
    product("B", "Tripod Floor Lamp linen shade", "The linen shade is lovely", "Order 3 or 250"),
    product("C", "Desk Floor Lamp usb port", "With a usb port"),
]


@pytest.fixture
def sklearn() -> None:
    pytest.importorskip("sklearn", reason="mining attributes needs scikit-learn (the extra 'attributes')")


@pytest.mark.usefixtures("sklearn")
class TestMining:
    def test_what_sets_a_product_apart_comes_first(self) -> None:
        mined = mine_attributes(LAMPS, top=3)
        assert mined["A"][0] == "solid wood"
        assert mined["B"][0] == "linen shade"
        assert "usb port" in mined["C"]

    def test_bigrams_come_before_unigrams(self) -> None:
        terms = mine_attributes(LAMPS, top=50)["C"]
        lengths = [len(term.split()) for term in terms]
        assert lengths == sorted(lengths, reverse=True)
        assert set(lengths) == {1, 2}

    def test_no_more_than_top(self) -> None:
        assert all(len(terms) <= 2 for terms in mine_attributes(LAMPS, top=2).values())

    def test_numbers_and_stop_words_are_left_out(self) -> None:
        terms = mine_attributes(LAMPS, top=50)["B"]
        assert not {"3", "250", "the", "is"} & {word for term in terms for word in term.split()}

    def test_repeatable_and_equal_scores_in_alphabetical_order(self) -> None:
        twins = [product("A", "zebra yellow xylophone"), product("B", "zebra yellow xylophone")]
        mined = mine_attributes(twins)
        assert mined["A"] == mined["B"] == ("yellow xylophone", "zebra yellow", "xylophone", "yellow", "zebra")
        assert mined == mine_attributes(twins)

    def test_departments_are_apart(self) -> None:
        both = [*LAMPS, product("D", "solid wood bat", category="sports")]
        assert mine_attributes(both)["A"] == mine_attributes(LAMPS)["A"]

    @pytest.mark.parametrize("title", ["", "the 12 of", "sofa"])
    def test_a_department_with_little_text(self, title: str) -> None:
        mined = mine_attributes([product("X", title, category="tiny"), *LAMPS])
        assert mined["X"] == (("sofa",) if title == "sofa" else ())
        assert mined["A"]

    def test_no_products(self) -> None:
        assert mine_attributes([]) == {}


def test_top_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one"):
        mine_attributes(LAMPS, top=0)


def test_missing_sklearn_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    with pytest.raises(ConfigError, match=r'pip install "shoprl\[attributes\]"'):
        mine_attributes(LAMPS)
