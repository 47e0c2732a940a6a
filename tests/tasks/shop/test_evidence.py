from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from shoprl.catalog.catalog import Catalog
from shoprl.shop.data import ShopData
from shoprl.shop.session import Shop
from shoprl.tasks.base import Evidence
from shoprl.tasks.instruction import parse_instruction, terms_of
from shoprl.tasks.shop.evidence import (
    COUNT,
    KINDS,
    LACKING,
    NAMES,
    SOURCES,
    VAGUE,
    evidence,
    genders,
    said,
    stated,
)
from shoprl.tasks.shop.state import ShopState
from shoprl.tasks.shop.task import ShopEpisode, ShopTask
from shoprl.tasks.shop.view import UNSEEN, Seen, ShopCandidate
from tests.support.fakes import random_walk
from tests.support.toyshop import EVERYTHING, hidden_changed

REQUEST = "red trainer for men with arch support"


def column(found: Evidence, name: str) -> list[float]:
    return [round(float(value), 5) for value in found.features[:, NAMES.index(name)]]


def walked(shop: Shop, actions: Sequence[str], request: str = REQUEST, steps: int = 15) -> ShopEpisode:
    live = ShopTask(shop, steps).start(request, lambda _: (EVERYTHING,))  # type: ignore[arg-type]
    for action in (f"search[{EVERYTHING}]", *actions):
        live.step(action)
    return live


def test_rows_are_candidates_then_products_seen(toy: ShopData) -> None:
    for seed, goal in enumerate(toy.goals):
        for state in random_walk(toy.shop, goal, seed).states:
            found = evidence(state)
            count = len(state.candidates)
            assert found.texts[:count] == tuple(candidate.text for candidate in state.candidates)
            assert found.names[:count] == tuple(candidate.asin for candidate in state.candidates)
            named = [name for name in found.names if name]
            assert len(named) == len(set(named))
            assert set(named) == {each.asin for each in state.seen}
            assert found.features.shape == (len(found.names), COUNT) == (len(found.texts), len(NAMES))
            assert found.features.dtype == np.float32
            assert np.isfinite(found.features).all()
            assert np.abs(found.features).max() <= 10
            assert (found.features[:, : len(KINDS)].sum(axis=1) == 1).all()
            assert all(len(sources) == len(SOURCES) for sources in found.terms)
            assert state.observe().evidence is not None


def test_a_product_has_one_name_in_a_state(toy: ShopData) -> None:
    state = walked(toy.shop, ["click[b0shoe0001]"]).state
    found = evidence(state)
    assert column(found, "does buy").index(1) == found.names.index("B0SHOE0001")
    assert found.names.count("B0SHOE0001") == 1
    assert sum(column(found, "does seen")) == len(state.seen) - 1


def test_what_was_read_stays_when_the_page_is_left(toy: ShopData) -> None:
    actions = ["click[b0shoe0001]", "click[features]", "click[< prev]", "click[< prev]"]
    product = toy.catalog["B0SHOE0001"]
    bullets = terms_of(" ".join(product.bullets))
    for end in range(len(actions) + 1):
        found = evidence(walked(toy.shop, actions[:end]).state)
        row = found.names.index("B0SHOE0001")
        options, selected, read = found.terms[row]
        assert options == (terms_of("black red 9 wide 10 10.5") if end >= 1 else frozenset())
        assert read == (bullets if end >= 2 else frozenset())
        assert not selected
        assert column(found, "opened")[row] == (end >= 1)
        assert column(found, "features read")[row] == (end >= 2)
        assert column(found, "description read")[row] == 0
        assert column(found, "on the current page")[row] == (1 <= end < 4)
        others = [sources for name, sources in zip(found.names, found.terms, strict=True) if name != "B0SHOE0001"]
        assert not any(any(sources) for sources in others)


def test_options_selected_are_those_of_the_product_on_the_page(toy: ShopData) -> None:
    opened = walked(toy.shop, ["click[b0shoe0001]", "click[red]"])
    found = evidence(opened.state)
    assert [(name, own[1]) for name, own in zip(found.names, found.terms, strict=True) if own[1]] == [
        ("B0SHOE0001", {"red"})
    ]
    opened.step("click[< prev]")
    found = evidence(opened.state)
    assert not any(sources[1] for sources in found.terms)


def test_reading_raises_what_is_covered(toy: ShopData) -> None:
    shares = []
    for actions in ([], ["click[b0shoe0001]"], ["click[b0shoe0001]", "click[features]"]):
        found = evidence(walked(toy.shop, actions).state)
        shares.append(column(found, "request covered")[found.names.index("B0SHOE0001")])
    assert shares == sorted(shares)
    assert shares[0] < shares[1] < shares[2]  # "red" among the options, "arch support" among the features
    assert column(found, "covered less than the best")[found.names.index("B0SHOE0001")] == 0


def test_hidden_text_of_unopened_products_changes_nothing(toy: ShopData) -> None:
    actions = ["click[b0shoe0001]", "click[features]", "click[< prev]", "click[< prev]"]
    products = [p if p.asin == "B0SHOE0001" else hidden_changed(p) for p in toy.catalog]
    other = Shop(Catalog(products), toy.shop.search, toy.shop.tagger)
    for end in range(len(actions) + 1):
        first, second = (evidence(walked(shop, actions[:end]).state) for shop in (toy.shop, other))
        assert (first.texts, first.names, first.terms) == (second.texts, second.names, second.terms)
        assert np.array_equal(first.features, second.features)


def item(request: str, *candidates: ShopCandidate, seen: tuple[Seen, ...] = ()) -> Evidence:
    wish = parse_instruction(request)
    return evidence(ShopState("item", wish, candidates, 1, "", (), 9, 1, UNSEEN, seen=seen, current="A"))


def option(value: str, group: str, chosen: bool = False) -> ShopCandidate:
    return ShopCandidate(f"click[{value}]", "option", text=value, group=group, chosen=chosen)


def test_options_by_hand() -> None:
    request = "i need a mug, with color: dark blue, and size: x-large, and price lower than 20.00 dollars"
    colours = option("dark blue", "color", True), option("blue", "color")
    found = item(request, *colours, option("x-large", "size"), option("s", "size"))
    assert column(found, "stated as option") == [1, 0, 1, 0]
    assert column(found, "best of its group") == [1, 0, 1, 0]
    assert column(found, "named word for word") == [1, 1, 1, 0]
    assert column(found, "group decided") == [1, 1, 0, 0]
    assert column(found, "group named") == [1, 1, 1, 1]
    assert column(found, "selected") == [1, 0, 0, 0]
    assert column(found, "options named")[0] == 1
    assert column(found, "options stated")[0] == pytest.approx(2 / 3, abs=1e-5)


def test_products_by_hand() -> None:
    seen = (
        Seen("A", "Mug for Women, 2 count", (10.0, 15.0), "USD", 0, opened=True, options={"size": ("xl",)}),
        Seen("B", "Mug for Men, 3 count", (30.0, 30.0), "USD", 4),
        Seen("C", "Mug", None, "USD", 9),
        Seen("D", "Mug", (1.0, 1.0), "EUR", 10),
    )
    buy = ShopCandidate("click[buy now]", "buy", text=seen[0].title, asin="A", price=(21.0, 21.0))
    found = item("women's mug, 2 count, extra large, under $20", buy, seen=seen)
    assert found.names == ("A", "B", "C", "D")
    assert column(found, "reciprocal place") == pytest.approx([1, 1 / 5, 1 / 10, 1 / 11], abs=1e-5)
    assert column(found, "gender matches") == [1, 0, 0, 0]
    assert column(found, "gender differs") == [0, 1, 0, 0]
    assert column(found, "numbers shared") == [1, 0, 0, 0]
    assert column(found, "numbers extra") == [0, 1, 0, 0]
    assert column(found, "options fit") == [1, 0, 0, 0]  # "xl" is said as "extra large"
    assert column(found, "price shown") == [1, 1, 0, 1]
    assert column(found, "price under ceiling") == [-1, -1, 0, 0]  # of what is bought: with the options selected
    assert column(found, "ceiling stated")[:3] == [1, 1, 1]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("shoes with color: navy | red, and size: 9 wide", {"color": "navy | red", "size": "9 wide"}),
        ("tea with machine wash with Flavor Name: Crème, and size: 1 lb", {"flavor name": "crème", "size": "1 lb"}),
        ("red shoes in size 9", {}),
        ("", {}),
    ],
)
def test_stated_options(wish: str, expected: dict[str, str]) -> None:
    assert stated(wish) == expected


@pytest.mark.parametrize(
    ("value", "wish", "expected"),
    [
        ("x-large", "an extra large shirt", True),
        ("a7-navy", "a navy shirt", True),
        ("small", "men's shirt", False),
        ("red", "coloured shirt", False),
    ],
)
def test_values_in_other_words(value: str, wish: str, expected: bool) -> None:
    assert said(value, wish) is expected


def test_genders() -> None:
    assert genders("Women's and Girls' Shirt") == {"women"}
    assert genders("gift for my dad") == {"men"}
    assert genders("Unisex mug, mentioned often") == frozenset()
    assert genders("one for the husband and one for her") == {"men", "women"}


def test_a_request_of_nothing_has_rows(toy: ShopData) -> None:
    state = replace(walked(toy.shop, []).state, instruction=parse_instruction(""))
    assert np.isfinite(evidence(state).features).all()


def looking(live: ShopEpisode) -> dict[str, float] | None:
    found = evidence(live.state).looking
    return None if found is None else dict(zip((each.action for each in live.state.candidates), found, strict=True))


@pytest.mark.parametrize(
    ("request_", "times"),
    [
        ("red trainer for men with arch support", VAGUE),
        ("Find me trainers with color: red, and size: 9 wide", 1.0),
        ("Find me trainers with color: red, and size: 12", LACKING),
    ],
)
def test_going_back_and_reading_look_on(toy: ShopData, request_: str, times: float) -> None:
    weights = looking(walked(toy.shop, ["click[b0shoe0001]"], request_))
    assert weights is not None
    assert weights["click[back to search]"] == weights["click[< prev]"] == times
    assert weights["click[features]"] == times / 2
    assert {weights[action] for action in ("click[buy now]", "click[red]", "click[9 wide]")} == {0.0}


def test_opening_a_product_again_and_turning_the_page_do_not(toy: ShopData) -> None:
    weights = looking(walked(toy.shop, ["click[b0shoe0001]", "click[< prev]"], "Find me trainers with color: red"))
    assert weights is not None
    assert weights["click[b0shoe0001]"] == 2 * weights["click[next >]"] == -2 * LACKING
    others = {each for action, each in weights.items() if action not in ("click[b0shoe0001]", "click[next >]")}
    assert others == {0.0}


def test_where_time_is_short_nothing_looks_on(toy: ShopData) -> None:
    assert looking(walked(toy.shop, ["click[b0shoe0001]"], steps=9)) is not None
    assert looking(walked(toy.shop, ["click[b0shoe0001]"], steps=8)) is None
    assert looking(walked(toy.shop, ["click[b0shoe0001]", "click[features]"])) is None
