from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from shoprl.errors import ShopRLError
from shoprl.shop.data import ShopData

pytest.importorskip("sqlalchemy", reason="needs the extra service")
from shoprl.bench.population import Habits, Population
from shoprl.bench.visits import Visit, blocks_of, visit, visits


class Fake:
    """A service that lists the products of a shop, and keeps what it is told."""

    def __init__(self, data: ShopData, status: str = "accepted") -> None:
        self.data, self.status = data, status
        self.asked, self.told = list[tuple[str, int, str | None]](), list[Mapping[str, Any]]()

    def recommend(self, request: str, seed: int, policy: str | None = None) -> dict[str, Any]:
        self.asked.append((request, seed, policy))
        items = [{"id": each.asin, "price": each.price} for each in self.data.catalog]
        return {"decision_id": f"d_{seed}", "policy": policy or "drawn", "items": items}

    def tell(self, events: Sequence[Mapping[str, Any]]) -> list[str]:
        self.told += events
        return [self.status for _ in events]


def people_of(data: ShopData) -> Population:
    return Population(data.shop, data.goals, "price", np.random.default_rng(0), Habits(patience=1))


def test_a_session_asks_and_sends_what_happened(toy: ShopData) -> None:
    fake, people, goal = Fake(toy), people_of(toy), toy.goals[0]
    made = visit(fake, people, goal, 7)
    assert fake.asked == [(goal.instruction, 7, None)]
    assert made == Visit("drawn", any(each["type"] == "purchase" for each in fake.told))
    reactions = people.visit(goal, fake.recommend("", 7)["items"], np.random.default_rng(7))
    assert [(each["item_id"], each["type"]) for each in fake.told] == [(r.item_id, r.type) for r in reactions]
    assert {each["decision_id"] for each in fake.told} == {"d_7"}
    assert len({each["event_id"] for each in fake.told}) == len(fake.told) > 1


def test_nothing_is_sent_of_what_is_measured(toy: ShopData) -> None:
    fake = Fake(toy)
    assert visit(fake, people_of(toy), toy.goals[0], 7, "one").policy == "one"
    assert fake.told == []


def test_events_that_are_lost_are_an_error_and_late_ones_are_counted(toy: ShopData) -> None:
    with pytest.raises(ShopRLError, match=r"were not kept: \{'orphan'"):
        visit(Fake(toy, "orphan"), people_of(toy), toy.goals[0], 7)
    late = Fake(toy, "late")
    assert visit(late, people_of(toy), toy.goals[0], 7).late == len(late.told)


def test_sessions_come_in_the_order_of_their_goals(toy: ShopData) -> None:
    goals, seeds = list(toy.goals[:12]), list(range(12))
    one, several = Fake(toy), Fake(toy)
    assert visits(one, people_of(toy), goals, seeds, 1) == visits(several, people_of(toy), goals, seeds, 4)
    assert sorted(several.asked, key=lambda each: each[1]) == one.asked


def test_blocks_count_sessions_and_purchases_of_each_policy() -> None:
    made = [Visit("a", True), Visit("b", False), Visit("a", False), Visit("b", True)]
    assert blocks_of(made, 3) == [
        {"sessions": {"a": 2, "b": 1}, "bought": {"a": 1, "b": 0}},
        {"sessions": {"b": 1}, "bought": {"b": 1}},
    ]
