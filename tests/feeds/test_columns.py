from shoprl.feeds.columns import MAX_COLUMNS, Column, Columns, flatten, plain_name


def test_names_are_blind_to_case_and_punctuation() -> None:
    assert {plain_name(name) for name in ("Variant SKU", "variant_sku", "g:variant-sku", "VARIANT.SKU")} == {
        "variantsku"
    }


def test_objects_become_names_with_points_and_empty_values_are_left_out() -> None:
    row = {"a": {"b": 1, "c": {"d": "x"}}, "e": None, "f": " ", "g": [], "h": {}, " i ": "y", "j": float("nan"), "k": 0}
    assert flatten(row) == {"a.b": 1, "a.c.d": "x", "i": "y", "k": 0}


def test_lists_of_objects_are_joined_and_structures_stay_whole() -> None:
    row = {"offers": [{"price": 1}, {"price": 2}, {"stock": 3}], "variants": [{"price": 1}], "details": {"x": 1}}
    assert flatten(row) == {"offers.price": [1, 2], "offers.stock": 3} | {
        "variants": [{"price": 1}],
        "details": {"x": 1},
    }


def test_the_ends_of_a_range_become_one_price() -> None:
    row = flatten({"offers": {"lowPrice": "1", "highPrice": "2"}})
    assert row == {"offers.price": ["1", "2"], "offers.lowPrice": "1", "offers.highPrice": "2"}


def test_columns_count_what_they_hold() -> None:
    columns = Columns()
    for value in ("5", 1.5, "https://x.example/a", "2024-01-05", "yes", True, ["a"], "[1]", "x" * 100):
        columns.add({"c": value})
    column = columns["c"]
    assert (column.numbers, column.urls, column.dates, column.flags, column.lists) == (3, 1, 1, 2, 2)
    assert column.samples == ["5", "1.5", "https://x.example/a"]
    assert (column.rows, column.looked, column.short) == (9, 9, 8)


def _column(values: list[str]) -> Column:
    column = Column("c")
    for value in values:
        column.look(value)
    return column


def test_facets_are_short_words_that_repeat() -> None:
    assert _column(["red", "blue"] * 20).is_facet
    assert _column(["red", "blue"]).is_facet  # too few to see whether they repeat
    assert not _column([f"word {n}" for n in range(100)]).is_facet
    assert not _column(["AB12", "CD34"]).is_facet  # numbers of articles
    for value in ("12", "true", "2024-01-05", "https://x.example", "long " * 20):
        assert not _column([value, f"{value}"] * 20).is_facet


def test_names_beyond_the_bound_are_counted() -> None:
    columns = Columns()
    columns.add({f"c{n}": "x" for n in range(MAX_COLUMNS + 7)})
    assert (len(columns), columns.left_out) == (MAX_COLUMNS, 7)
