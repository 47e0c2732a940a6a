from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.policies.base import allowed, can_still_buy, pick
from shoprl.shop.data import ShopData
from shoprl.shop.generated import generated_data
from shoprl.shop.page import PageKind
from shoprl.tasks.instruction import parse_instruction
from shoprl.tasks.shop.state import UNSEEN, Candidate, CandidateKind, State
from tests.support.fakes import random_walk
from tests.support.toyshop import EVERYTHING


def state_of(page: PageKind, steps_left: int, *candidates: Candidate) -> State:
    return State(page, parse_instruction("a mug"), candidates, 1, "", (), steps_left, 0, UNSEEN)


@pytest.mark.parametrize(
    ("page", "kind", "needed"),
    [
        ("search", "search", 3),  # search, open, buy
        ("results", "back", 4),
        ("results", "next", 3),
        ("results", "prev", 3),
        ("results", "product", 2),
        ("item", "option", 2),
        ("item", "section", 3),  # read, return, buy
        ("item", "prev", 3),
        ("item", "back", 4),
        ("item", "buy", 1),
        ("sub", "prev", 2),
        ("sub", "back", 4),
    ],
)
def test_steps_needed_to_buy_after_an_action(page: PageKind, kind: CandidateKind, needed: int) -> None:
    candidate = Candidate("a", kind)
    assert can_still_buy(state_of(page, needed), candidate)
    if kind != "buy":
        assert not can_still_buy(state_of(page, needed - 1), candidate)


def test_the_rule_leaves_out_repeats_and_chosen_values() -> None:
    state = state_of(
        "item",
        10,
        Candidate("a", "section", done=True),
        Candidate("b", "option", group="color", chosen=True),
        Candidate("c", "option", group="color"),
        Candidate("d", "product", done=True),  # a product may be opened again
        Candidate("e", "buy"),
    )
    assert allowed(state).tolist() == [False, False, True, True, True]


def test_something_is_always_allowed() -> None:
    used = state_of("search", 10, Candidate("a", "search", done=True))
    assert allowed(used).tolist() == [True]
    late = state_of("results", 1, Candidate("a", "back"), Candidate("b", "product"))
    assert allowed(late).tolist() == [True, True]
    late_and_used = state_of("results", 2, Candidate("a", "back"), Candidate("b", "next", done=True))
    assert allowed(late_and_used).tolist() == [True, True]


@pytest.mark.parametrize("max_steps", [3, 4, 5, 8, 15])
def test_random_picks_under_the_rule_always_buy(toy: ShopData, max_steps: int) -> None:
    generated = generated_data(120, 0)
    for data in (toy, generated):
        goals = [goal for goal in data.goals if data.shop.find(goal.instruction.lower().split(" "))][:20]
        for seed, goal in enumerate(goals):
            walk = random_walk(data.shop, goal, seed, max_steps)
            assert walk.bought, walk.actions
            assert len(walk.actions) <= max_steps


def test_under_the_rule_no_action_repeats_on_one_page(toy: ShopData) -> None:
    for seed, goal in enumerate(toy.goals * 3):
        walk = random_walk(toy.shop, goal, seed)
        taken = Counter(
            (page.url, action)
            for page, state, action in zip(walk.pages, walk.states, walk.actions, strict=True)
            if state.candidates[state.index_of(action) or 0].kind not in ("product", "option")
        )
        # a lone search bar, or nothing timely but a repeat, is the rule's way out of a dead end
        repeats = {key for key, count in taken.items() if count > 1}
        for page, state, action in zip(walk.pages, walk.states, walk.actions, strict=True):
            if (page.url, action) in repeats:
                index = state.index_of(action)
                assert index is not None
                if state.candidates[index].done:
                    fresh = [c for c in state.candidates if not c.chosen and not (c.done and c.kind != "product")]
                    assert not any(can_still_buy(state, candidate) for candidate in fresh)


def test_greedy_takes_the_most_likely() -> None:
    rng = np.random.default_rng(0)
    assert pick(np.array([0.2, 0.5, 0.3]), rng, "greedy") == (1, 1.0)
    assert rng.random() == np.random.default_rng(0).random()  # nothing was drawn


def test_samples_come_as_often_as_their_probability() -> None:
    rng = np.random.default_rng(0)
    probabilities = np.array([0.0, 0.1, 0.6, 0.0, 0.3])
    drawn = [pick(probabilities, rng, "sample") for _ in range(4_000)]
    counts = Counter(index for index, _ in drawn)
    assert counts[0] == counts[3] == 0
    for index in (1, 2, 4):
        assert counts[index] / 4_000 == pytest.approx(probabilities[index], abs=0.03)
    assert all(chance == probabilities[index] for index, chance in drawn)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30).filter(lambda p: sum(p) > 1e-6), st.integers(0, 2**32))
def test_a_draw_is_never_impossible(weights: list[float], seed: int) -> None:
    probabilities = np.array(weights) / sum(weights)
    index, chance = pick(probabilities, np.random.default_rng(seed), "sample")
    assert probabilities[index] > 0
    assert chance == probabilities[index]


def test_the_toy_walks_reach_a_second_page(toy: ShopData) -> None:
    assert len(toy.shop.find([EVERYTHING])) > 10
