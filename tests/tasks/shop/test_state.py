from collections import Counter

import pytest

from shoprl.shop.data import ShopData
from shoprl.shop.generated import generated_data
from shoprl.shop.page import PageKind
from shoprl.tasks.base import index_of
from shoprl.tasks.instruction import parse_instruction
from shoprl.tasks.shop.state import ShopState, allowed, can_still_buy
from shoprl.tasks.shop.view import UNSEEN, CandidateKind, ShopCandidate
from tests.support.fakes import random_walk
from tests.support.toyshop import EVERYTHING


def state_of(page: PageKind, steps_left: int, *candidates: ShopCandidate) -> ShopState:
    return ShopState(page, parse_instruction("a mug"), candidates, 1, "", (), steps_left, 0, UNSEEN)


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
    candidate = ShopCandidate("a", kind)
    assert can_still_buy(state_of(page, needed), candidate)
    if kind != "buy":
        assert not can_still_buy(state_of(page, needed - 1), candidate)


def test_the_rule_leaves_out_repeats_and_chosen_values() -> None:
    state = state_of(
        "item",
        10,
        ShopCandidate("a", "section", done=True),
        ShopCandidate("b", "option", group="color", chosen=True),
        ShopCandidate("c", "option", group="color"),
        ShopCandidate("d", "product", done=True),  # a product may be opened again
        ShopCandidate("e", "buy"),
    )
    assert state.allowed().tolist() == [False, False, True, True, True]


def test_something_is_always_allowed() -> None:
    used = state_of("search", 10, ShopCandidate("a", "search", done=True))
    assert allowed(used).tolist() == [True]
    late = state_of("results", 1, ShopCandidate("a", "back"), ShopCandidate("b", "product"))
    assert allowed(late).tolist() == [True, True]
    late_and_used = state_of("results", 2, ShopCandidate("a", "back"), ShopCandidate("b", "next", done=True))
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
            if state.candidates[index_of(state, action) or 0].kind not in ("product", "option")
        )
        # a lone search bar, or nothing timely but a repeat, is the rule's way out of a dead end
        repeats = {key for key, count in taken.items() if count > 1}
        for page, state, action in zip(walk.pages, walk.states, walk.actions, strict=True):
            if (page.url, action) in repeats:
                index = index_of(state, action)
                assert index is not None
                if state.candidates[index].done:
                    fresh = [c for c in state.candidates if not c.chosen and not (c.done and c.kind != "product")]
                    assert not any(can_still_buy(state, candidate) for candidate in fresh)


def test_the_toy_walks_reach_a_second_page(toy: ShopData) -> None:
    assert len(toy.shop.find([EVERYTHING])) > 10
