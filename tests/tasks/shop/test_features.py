from dataclasses import replace

import numpy as np
import pytest

from shoprl.shop.data import ShopData
from shoprl.tasks.instruction import parse_instruction
from shoprl.tasks.shop.features import COUNT, KINDS, PAGES, features
from shoprl.tasks.shop.state import ShopState
from shoprl.tasks.shop.view import Memory, ShopCandidate
from tests.support.fakes import random_walk

KIND = {kind: column for column, kind in enumerate(KINDS)}
SHARED = len(KINDS)  # first column of what all candidates share
PAGE = {page: SHARED + column for column, page in enumerate(PAGES)}
REST = SHARED + len(PAGES)
OWN = REST + 10  # first column of what is a candidate's own


def test_shape_and_range_on_real_states(toy: ShopData) -> None:
    for seed, goal in enumerate(toy.goals):
        for state in random_walk(toy.shop, goal, seed).states:
            found = features(state)
            assert found.shape == (len(state.candidates), COUNT)
            assert found.dtype == np.float32
            assert np.isfinite(found).all()
            assert np.abs(found).max() <= 5
            assert (found[:, : len(KINDS)].sum(axis=1) == 1).all()
            assert (found[:, SHARED : SHARED + len(PAGES)].sum(axis=1) == 1).all()
            assert (found[:, SHARED:OWN] == found[0, SHARED:OWN]).all()


def results_state(ceiling: str = " under $20") -> ShopState:
    candidates = (
        ShopCandidate("click[back to search]", "back", done=True),
        ShopCandidate("click[x]", "product", text="red mug", rank=0, price=(10.0, 15.0)),
        ShopCandidate("click[y]", "product", text="blue mug set", rank=4, price=(15.0, 25.0), memory=Memory(0.5, 0.25)),
        ShopCandidate("click[z]", "product", text="plate", rank=9, price=(20.01, 30.0)),
    )
    return ShopState("results", parse_instruction(f"red mug{ceiling}"), candidates, 3, "", (), 12, 2, Memory(0.5, 0.25))


def test_products_by_hand() -> None:
    found = features(results_state())
    assert found[:, KIND["product"]].tolist() == [0, 1, 1, 1]
    assert found[:, PAGE["results"]].tolist() == [1, 1, 1, 1]
    number, steps, title, values, chosen, options, fit, overlap, named, looked = found[0, REST:OWN].tolist()
    assert number == pytest.approx((3 - 1) / 5)
    assert steps == pytest.approx(12 / 15)
    assert (title, values, chosen) == (0, 0, 0)
    assert (options, named) == (1, 1)  # there are no options
    assert (fit, overlap) == (0.5, 0.25)
    assert looked == pytest.approx(2 / 5)
    assert found[:, OWN].tolist() == pytest.approx([0, 0, 0.4, 0.9])
    assert found[:, OWN + 1].tolist() == [0, 1, 1, 1]  # a price is shown
    assert found[:, OWN + 2].tolist() == [0, 1, 0, -1]  # under, astride, over the ceiling
    assert found[:, OWN + 3].tolist() == pytest.approx([0, 1, 1 / 3, 0])  # share of the title that is asked for
    assert found[:, OWN + 4].tolist() == pytest.approx([0, 1, 0.5, 0])  # share of the wish in the title
    assert found[:, OWN + 8].tolist() == [1, 0, 0, 0]  # done
    assert found[2, OWN + 9 : OWN + 11].tolist() == [0.5, 0.25]


def test_prices_leave_no_trace_but_their_side_of_the_ceiling() -> None:
    state = results_state("")
    assert features(state)[:, OWN + 2].tolist() == [0, 0, 0, 0]
    dear = replace(
        state, candidates=tuple(replace(c, price=(900.0, 990.0) if c.price else None) for c in state.candidates)
    )
    assert (features(dear) == features(state)).all()


def test_options_by_hand() -> None:
    candidates = (
        ShopCandidate("click[buy now]", "buy", text="mug", price=(5.0, 5.0)),
        ShopCandidate("click[red]", "option", text="red", group="color", chosen=True),
        ShopCandidate("click[dark red]", "option", text="dark red", group="color"),
        ShopCandidate("click[blue]", "option", text="blue", group="color"),
        ShopCandidate("click[9]", "option", text="9", group="size"),
    )
    state = ShopState(
        "item", parse_instruction("a dark red mug, any color"), candidates, 1, "mug", ("red",), 10, 1, Memory(0.5, 0.5)
    )
    found = features(state)
    _, _, title, values, chosen, options, _, _, named, _ = found[0, REST:OWN].tolist()
    # "a" and "any" aside, the wish has dark, red, mug, color (and "any", if the analysis keeps it)
    wished = len(state.instruction.terms)
    assert title == pytest.approx(1 / wished)
    assert values == pytest.approx(3 / wished)
    assert chosen == pytest.approx(2 / wished)
    assert options == 0.5  # one of two options has a value
    assert named == 0.5  # color has a value named word for word, size has none
    assert found[:, OWN + 5].tolist() == [0, 1, 1, 0, 0]  # named word for word
    assert found[1:, OWN + 6].tolist() == [0, 1, 0, 0]  # the longest such value is the best of its option
    assert found[:, OWN + 7].tolist() == [0, 1, 0, 0, 0]  # chosen
    assert found[:, OWN + 11].tolist() == [0, 1, 1, 1, 0]  # its option has a value
    assert found[:, OWN + 12].tolist() == [0, 1, 1, 1, 0]  # the option's name is in the wish
    assert OWN + 13 == COUNT


def test_a_state_without_words_is_finite() -> None:
    state = ShopState(
        "search", parse_instruction(""), (ShopCandidate("search[x]", "search"),), 1, "", (), 1, 0, Memory(0, 0)
    )
    assert np.isfinite(features(state)).all()


def test_a_ceiling_in_another_currency_says_nothing_about_a_price() -> None:
    state = results_state(" under 20 euros")
    in_dollars = features(state)[:, OWN + 1 : OWN + 3].tolist()
    assert in_dollars == features(results_state(""))[:, OWN + 1 : OWN + 3].tolist()
    in_euros = replace(state, candidates=tuple(replace(each, currency="EUR") for each in state.candidates))
    assert features(in_euros)[:, OWN + 2].tolist() == [0, 1, 0, -1]
