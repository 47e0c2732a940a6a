import random
from pathlib import Path

import pytest

from shoprl.catalog.product import Product
from shoprl.search import SearchIndex, fields
from shoprl.search.fields import WEIGHTS, B, build_field_index, counted, field_texts, mean_lengths
from tests.support.products import product, random_products


def built(products: list[Product], folder: Path) -> SearchIndex:
    build_field_index(products, mean_lengths(products), folder / "index", folder / "shards")
    return SearchIndex.load(folder / "index")


def test_every_field_is_found(tmp_path: Path) -> None:
    full = product(
        "FULL", "tintitle", description="indescription", bullets=("one", "inbullet"), brand="Inbrand Ltd",
        product_category="Inpath › Incategory", category="Incategory", query="inquery",
        attributes=("inattribute", "InBullet"), options={"size": ("inoption",)},
    )  # fmt: skip
    index = built([full, *random_products(5)], tmp_path)
    words = "tintitle indescription inbullet inbrand inpath incategory inquery inattribute inoption"
    for word in words.split():
        assert [hit.asin for hit in index.search(word)] == ["FULL"], word
    assert field_texts(full)["category"] == "Inpath   Incategory\ninquery"
    assert field_texts(full)["features"].count("inbullet") == 1


def test_a_word_counts_by_its_field_and_the_fields_length() -> None:
    products = [product("A", "red hat"), product("B", "hat", bullets=("red one two three",))]
    means = mean_lengths(products)
    assert means == {"title": 1.5, "description": 1.0, "brand": 1.0, "category": 1.0, "features": 4.0}
    # one occurrence in a title of 2 words where the mean is 1.5: 10 / (1 - B + B * 2 / 1.5), in parts of 1 / 32
    assert counted(products[0], means)["red"] == round(32 * WEIGHTS["title"] / (1 - B + B * 2 / 1.5))
    assert counted(products[1], means)["red"] == round(32 * WEIGHTS["features"])


def test_titles_come_before_bullet_points(tmp_path: Path) -> None:
    far = product("A", "plain thing", bullets=("goes with a lamp", "lamp", "any lamp"))
    near = product("B", "table lamp", bullets=("plain",))
    assert [hit.asin for hit in built([far, near, *random_products(20)], tmp_path).search("lamp")] == ["B", "A"]


def test_the_index_does_not_depend_on_order_or_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    products = random_products(60)
    whole = built(products, tmp_path / "whole")
    monkeypatch.setattr(fields, "SHARD", 7)
    random.Random(0).shuffle(products)
    parts = built(products, tmp_path / "parts")
    assert whole.asins_of() == parts.asins_of()
    for query in ("red wool", "10 ★ boot", "soft soft", "none"):
        assert whole.search(query) == parts.search(query)
        assert parts.asins_of(parts.best(query, 5)) == [hit.asin for hit in parts.search(query, 5)]
