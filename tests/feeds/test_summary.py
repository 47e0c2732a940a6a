import json

from shoprl.feeds.summary import Summary
from tests.support.feed_rows import read
from tests.support.products import product


def test_a_summary_says_what_became_of_the_rows() -> None:
    rows = [{"id": f"{n}", "title": "Mug", "price": "5.00 USD", "brand": "Acme", "note": f"{n}"} for n in range(9)]
    feed, _ = read([*rows, rows[0], rows[1] | {"price": "soon"}, {"id": "x", "title": "Cup", "price": "4.00 EUR"}])
    lines = feed.summary.text().split("\n")
    assert lines[:4] == [
        "rows       12", "products   10", "merged     1 equal to another row", "rejected   1: id occurs twice"
    ]  # fmt: skip
    assert "ignored    note" in lines
    assert "warning    100% of the products have no description" in lines
    assert "warning    10% of the products have no brand" in lines
    assert "warning    prices are in several currencies, which nothing converts: USD 9, EUR 1" in lines


def test_what_hardly_any_product_lacks_is_not_said() -> None:
    summary = Summary()
    for number in range(100):
        summary.add(
            product(f"{number}", "T", description="d", product_category="c", brand="b", image="i", price=1.0 * number)
        )
    summary.conclude()
    assert summary.warnings == []


def test_free_products_are_said() -> None:
    summary = Summary()
    summary.add(product("1", "T", price=0.0))
    summary.conclude()
    assert "100% of the products cost 0" in summary.warnings


def test_a_summary_is_json() -> None:
    summary = read([{"title": "Mug"}])[0].summary
    row = json.loads(json.dumps(summary.to_json()))
    assert (row["rows"], row["products"], row["rejected"], row["sources"]) == (1, 1, {}, {"feed": "0" * 64})
    assert not {"missing", "free"} & row.keys()
