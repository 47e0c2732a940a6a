from dataclasses import fields

from shoprl.shop.data import ShopData
from shoprl.tasks.shop.task import ShopTask
from shoprl.tasks.shop.view import UNSEEN, Seen, ShopCandidate, ShopView
from tests.support.toyshop import EVERYTHING


def test_a_candidate_is_new_and_unseen_unless_said() -> None:
    candidate = ShopCandidate("click[x]", "product")
    assert (candidate.chosen, candidate.done, candidate.memory) == (False, False, UNSEEN)


def test_no_hidden_field_has_a_place(toy: ShopData) -> None:
    names = {field.name for field in fields(ShopView)} | {field.name for field in fields(ShopCandidate)}
    assert not names & {"attributes", "category", "query", "price_upper", "goal", "reward"}
    live = ShopTask(toy.shop).start(toy.goals[0], lambda _: (EVERYTHING,))
    live.step(f"search[{EVERYTHING}]")
    assert {c.asin for c in [live.state]} == {""}  # a results page names products by their titles


def test_what_is_kept_of_a_product_seen_is_what_was_shown() -> None:
    seen = Seen("A", "Mug", (1.0, 2.0), "USD", 3)
    assert (seen.opened, seen.options, seen.read, seen.terms) == (False, {}, frozenset(), frozenset())
    assert not {field.name for field in fields(Seen)} & {"attributes", "category", "query", "description", "bullets"}
