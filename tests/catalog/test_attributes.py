"""Mined attributes: what sets a product apart in its department."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from shoprl.catalog.attributes import MAX_FEATURES, mine_attributes
from shoprl.catalog.ngrams import Limits
from shoprl.catalog.product import Product
from shoprl.catalog.stop_words import ENGLISH
from shoprl.catalog.webshop import read_catalog
from shoprl.errors import ConfigError
from shoprl.shop.generated import generated_data
from tests.support.realdata import real_data
from tests.support.toyshop import toy_catalog


def product(asin: str, title: str, *bullets: str, category: str = "garden") -> Product:
    return Product(asin, title, "", bullets, category, "lamps", "Home › Lamps", 9.0, "$9.00")


LAMPS = [
    product("A", "Arc Floor Lamp solid wood", "A lamp with solid wood, solid wood everywhere"),
    product("B", "Tripod Floor Lamp linen shade", "The linen shade is lovely", "Order 3 or 250"),
    product("C", "Desk Floor Lamp usb port", "With a usb port"),
]


STOPS = ENGLISH | {str(number) for number in range(1_000)}


def mined(products: Sequence[Product], top: int = 5, **settings: Any) -> dict[str, tuple[str, ...]]:
    return dict(zip((each.asin for each in products), mine_attributes(products, top, **settings), strict=True))


class TestMining:
    def test_what_sets_a_product_apart_comes_first(self) -> None:
        terms = mined(LAMPS, top=3)
        assert terms["A"][0] == "solid wood"
        assert terms["B"][0] == "linen shade"
        assert "usb port" in terms["C"]

    def test_bigrams_come_before_unigrams(self) -> None:
        terms = mined(LAMPS, top=50)["C"]
        lengths = [len(term.split()) for term in terms]
        assert lengths == sorted(lengths, reverse=True)
        assert set(lengths) == {1, 2}

    def test_no_more_than_top(self) -> None:
        assert all(len(terms) <= 2 for terms in mined(LAMPS, top=2).values())

    def test_numbers_and_stop_words_are_left_out(self) -> None:
        terms = mined(LAMPS, top=50)["B"]
        assert not {"3", "250", "the", "is"} & {word for term in terms for word in term.split()}

    def test_repeatable_and_equal_scores_in_alphabetical_order(self) -> None:
        twins = [product("A", "zebra yellow xylophone"), product("B", "zebra yellow xylophone")]
        terms = mined(twins)
        assert terms["A"] == terms["B"] == ("yellow xylophone", "zebra yellow", "xylophone", "yellow", "zebra")
        assert terms == mined(twins)

    def test_departments_are_apart(self) -> None:
        both = [*LAMPS, product("D", "solid wood bat", category="sports")]
        assert mined(both)["A"] == mined(LAMPS)["A"]

    @pytest.mark.parametrize("title", ["", "the 12 of", "sofa"])
    def test_a_department_with_little_text(self, title: str) -> None:
        terms = mined([product("X", title, category="tiny"), *LAMPS])
        assert terms["X"] == (("sofa",) if title == "sofa" else ())
        assert terms["A"]

    def test_no_products(self) -> None:
        assert mined([]) == {}


def test_top_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"top 0: .*at least one"):
        mine_attributes(LAMPS, top=0)


def test_products_are_gone_through_once() -> None:
    assert list(mine_attributes(iter(LAMPS))) == list(mine_attributes(LAMPS))


class TestReadable:
    TV = replace(
        product("T", "HP touchscreen laptop dv7 1211ea hp aurora bright display", "17 inch kg bright display x_1"),
        brand="HP Aurora",
    )

    def test_numbers_models_units_and_the_brand_are_left_out(self) -> None:
        assert "dv7 1211ea" in mined([self.TV], top=50)["T"]
        assert mined([self.TV], top=50, readable=True)["T"] == ("bright display", "touchscreen laptop")

    def test_a_pair_is_a_phrase_of_the_text(self) -> None:
        lamp = product("L", "oak and steel lamp, foldable stand 3 pole")
        assert mined([lamp], top=50, readable=True)["L"] == ("foldable stand", "steel lamp", "oak", "pole")

    def test_no_term_repeats_others(self) -> None:
        assert mined([product("L", "oak lamp oak oak")], top=50, readable=True)["L"] == ("lamp oak",)

    def test_another_product_may_name_the_brand(self) -> None:
        other = product("U", "sticker for aurora owners")
        assert "aurora owners" in mined([self.TV, other], top=50, readable=True)["U"]


def _texts(products: Sequence[Product]) -> list[str]:
    return [" ".join([each.title, *each.bullets]).lower() for each in products]


def _vocabulary(products: Sequence[Product], length: int) -> list[str]:
    """The n-grams kept of one department, by counting them in the plainest way."""
    counts: Counter[str] = Counter()
    for text in _texts(products):
        found = [word for word in re.findall(r"(?u)\b\w\w+\b", text) if word not in STOPS]
        counts.update(found if length == 1 else map(" ".join, pairwise(found)))
    return sorted(sorted(counts, key=lambda term: (-counts[term], term))[:MAX_FEATURES])


def by_sklearn(products: Sequence[Product], top: int, own_choice: bool) -> list[tuple[str, ...]]:
    """What scikit-learn gives for one department.

    Of n-grams that are equally frequent, scikit-learn keeps some that depend on the processor (its sort is not stable).

    Args:
        products: of the department.
        top: how many.
        own_choice: whether it chooses the n-grams that are kept.
    """
    text = pytest.importorskip("sklearn.feature_extraction.text", reason="compares with scikit-learn (the extra test)")
    best: list[list[str]] = [[] for _ in products]
    for length in (2, 1):
        chosen = {"max_features": MAX_FEATURES} if own_choice else {"vocabulary": _vocabulary(products, length)}
        vectorizer = text.TfidfVectorizer(ngram_range=(length, length), stop_words=sorted(STOPS), **chosen)
        scores = vectorizer.fit_transform(_texts(products))
        names = vectorizer.get_feature_names_out().tolist()
        for row, terms in enumerate(best):
            cells = slice(scores.indptr[row], scores.indptr[row + 1])
            scored = zip(scores.data[cells].tolist(), scores.indices[cells].tolist(), strict=True)
            terms += [name for _, name in sorted((-round(score, 9), names[place]) for score, place in scored)][:top]
    return [tuple(terms[:top]) for terms in best]


def _departments(products: Sequence[Product]) -> list[list[Product]]:
    return [[each for each in products if each.category == name] for name in {each.category for each in products}]


class TestAgainstScikitLearn:
    def test_the_toy_shop(self) -> None:
        products = toy_catalog().products
        for members in _departments(products):
            assert [mined(products)[each.asin] for each in members] == by_sklearn(members, 5, own_choice=True)

    def test_a_generated_shop(self) -> None:
        self._compare(generated_data(200, 0).catalog.products)

    def test_webshops_thousand_products(self) -> None:
        self._compare(read_catalog(real_data()).products)

    @staticmethod
    def _compare(products: Sequence[Product]) -> None:
        ours = mined(products)
        for members in _departments(products):
            assert [ours[each.asin] for each in members] == by_sklearn(members, 5, own_choice=False)
            if max(len(_vocabulary(members, length)) for length in (1, 2)) < MAX_FEATURES:
                assert [ours[each.asin] for each in members] == by_sklearn(members, 5, own_choice=True)


class TestBounds:
    @pytest.mark.parametrize("limits", [Limits(words=60), Limits(keys=100), Limits(words=60, keys=100)])
    def test_rare_terms_are_dropped_and_frequent_ones_stay(self, limits: Limits) -> None:
        rare = [product(f"P{n}", f"solid oak table word{n}abc other{n}abc") for n in range(400)]
        bounded = mined(rare, top=9, limits=replace(limits, block=50))
        assert {bounded[f"P{n}"][:2] for n in range(300)} == {("oak table", "solid oak")}  # the last ones are kept
        assert mined(rare, top=9) != bounded

    def test_blocks_change_nothing(self) -> None:
        products = generated_data(60, 0).catalog.products
        assert mined(products, limits=Limits(block=100)) == mined(products)
