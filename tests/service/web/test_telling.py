from typing import Any

import pytest

from shoprl.service.web.telling import moment_text, price_text, sentence

MUG = {"id": "m", "title": "Red  mug"}


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"kind": "results", "action": "search[a mug]", "page": 1, "found": 50}, "Searches for “a mug”: 50 found."),
        ({"kind": "results", "action": "click[next >]", "page": 2, "found": 50}, "Looks at page 2 of the results."),
        ({"kind": "results", "action": "click[< prev]", "page": 1, "found": 5}, "Goes back to page 1 of the results."),
        ({"kind": "item", "action": "click[m]", "product": MUG, "options": {}}, "Opens “Red mug”."),
        ({"kind": "item", "action": "click[xl]", "product": MUG, "options": {"size": "xl"}}, "Chooses size: xl."),
        ({"kind": "item", "action": "click[< prev]", "product": MUG, "options": {}}, "Goes back to “Red mug”."),
        (
            {"kind": "sub", "action": "click[features]", "product": MUG, "options": {}},
            "Reads the features of “Red mug”.",
        ),
        ({"kind": "done", "action": "click[buy now]", "product": MUG, "options": {}}, "Buys “Red mug”."),
        (
            {"kind": "done", "action": "click[buy now]", "product": MUG, "options": {"size": "xl", "color": "red"}},
            "Buys “Red mug” (size: xl, color: red).",
        ),
        ({"kind": "search", "action": "click[back to search]"}, "Goes back to the search."),
        (
            {"kind": "comparing", "products": [MUG] * 5},
            "Compares what was seen. Best so far: " + ", ".join(["“Red mug”"] * 3) + ".",
        ),
        ({"kind": "comparing", "products": []}, "Compares what was seen. Best so far: nothing yet."),
    ],
)
def test_a_step_is_told_in_a_sentence(step: dict[str, Any], told: str) -> None:
    assert sentence(step) == told


def test_long_titles_are_cut() -> None:
    assert len(sentence({"kind": "item", "action": "click[m]", "product": {"title": "x" * 500}, "options": {}})) < 100


def test_prices_and_times() -> None:
    assert price_text(None, "USD") == "Price unknown"
    assert price_text(4.5, "USD") == "$4.50"
    assert moment_text(None) == "–"
    assert moment_text(0) == "1970-01-01 00:00:00 UTC"
