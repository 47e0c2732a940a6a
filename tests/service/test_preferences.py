from collections import Counter

import pytest

from shoprl.service.decisions import Decision, Listed
from shoprl.service.feedback import EventType
from shoprl.service.preferences import AGAINST, RULES, Reaction, counted, heard, preferences_of
from tests.support.service import decision

PASSED = "seen and passed over above the chosen"


def listed(count: int = 4) -> Decision:
    return decision(items=tuple(Listed(n, f"B{n}", 0.5, {"title": f"mug {n}"}) for n in range(1, count + 1)))


def said(kind: EventType, *items: int, over: tuple[str, ...] = ()) -> list[Reaction]:
    return [Reaction(f"B{item}", kind, over) for item in items]


def pairs(*reactions: list[Reaction], count: int = 4) -> list[tuple[str, str, str, str]]:
    found, _ = preferences_of(listed(count), [each for own in reactions for each in own])
    return [(each.chosen.item_id, each.rejected.item_id, each.rule, each.against) for each in found]


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("purchase", "bought"),
        ("add_to_cart", "added to cart"),
        ("like", "liked"),
        ("click", "clicked after seeing others"),
    ],
)
def test_what_was_chosen_is_preferred_to_what_was_seen_above_it(kind: EventType, rule: str) -> None:
    seen = said("impression", 1, 2, 3, 4)
    assert pairs(seen, said(kind, 3)) == [("B3", "B1", rule, PASSED), ("B3", "B2", rule, PASSED)]
    assert pairs(seen, said(kind, 1)) == []  # nobody has looked further down


def test_only_what_was_seen_is_passed_over() -> None:
    assert pairs(said("impression", 2, 3), said("click", 3)) == [("B3", "B2", "clicked after seeing others", PASSED)]
    # without impressions, whatever stands above the lowest reaction
    assert pairs(said("purchase", 2), said("click", 4)) == [
        ("B2", "B1", "bought", PASSED),
        ("B2", "B4", "bought", "reacted to less"),
        ("B4", "B1", "clicked after seeing others", PASSED),
        ("B4", "B3", "clicked after seeing others", PASSED),
    ]
    assert heard(listed(), said("click", 3)).seen == {"B1", "B2", "B3"}


def test_refused_items_are_rejected_wherever_they_stand() -> None:
    assert pairs(said("impression", 1), said("like", 1), said("dislike", 3), said("declined", 4)) == [
        ("B1", "B3", "liked", "disliked"),
        ("B1", "B4", "liked", "declined"),
    ]
    assert pairs(said("impression", 1, 2), said("dislike", 1), said("declined", 2)) == []  # none is chosen


def test_the_order_of_strength() -> None:
    order: list[EventType] = ["click", "like", "add_to_cart", "purchase"]
    found = pairs(*(said(kind, place) for place, kind in enumerate(order, start=1)))
    assert [(one, other) for one, other, *_ in found] == [
        *(("B2", "B1"), ("B3", "B1"), ("B3", "B2")),
        *(("B4", "B1"), ("B4", "B2"), ("B4", "B3")),
    ]
    assert {each[3] for each in found} == {"reacted to less"}
    assert pairs(said("impression", 1, 2), said("like", 1), said("prefers", 2)) == []  # they are as strong
    assert [each[2] for each in pairs(said("click", 2), said("purchase", 2))] == ["bought"]


def test_an_item_is_preferred_over_those_named() -> None:
    assert pairs(said("prefers", 1, over=("B3", "B9", "B1"))) == [("B1", "B3", "preferred", "preferred less")]
    found = pairs(said("prefers", 2, over=("B1", "B4")))
    assert found == [
        ("B2", "B1", "preferred", "preferred less"),
        ("B2", "B4", "preferred", "preferred less"),
    ]


def test_pairs_that_go_both_ways_are_left_out() -> None:
    events = said("purchase", 1) + said("dislike", 1) + said("click", 2)
    found, left_out = preferences_of(listed(2), events)
    assert (found, left_out) == ([], Counter({"contradictory": 1}))
    both = said("prefers", 1, over=("B2",)) + said("prefers", 2, over=("B1",))
    assert preferences_of(listed(2), both) == ([], Counter({"contradictory": 1}))


def test_an_opinion_takes_back_the_opposite_one() -> None:
    seen = said("impression", 1, 2, 3)
    assert pairs(seen, said("like", 3), said("dislike", 3)) == []
    assert pairs(seen, said("prefers", 3, over=("B1",)), said("dislike", 3)) == []
    assert pairs(seen, said("click", 3), said("dislike", 3)) == []  # it was opened and turned down
    liked = [("B3", "B1", "liked", PASSED), ("B3", "B2", "liked", PASSED)]
    assert pairs(seen, said("dislike", 3), said("like", 3)) == liked
    assert pairs(seen, said("like", 1), said("like", 3), said("dislike", 3)) == [("B1", "B3", "liked", "disliked")]


def test_what_does_not_count_is_counted() -> None:
    events = [Reaction("B2", "purchase", status="late"), *said("click", 9), *said("impression", 1, 2)]
    found, left_out = preferences_of(listed(), events)
    assert (found, left_out) == ([], Counter({"late": 1, "not in the list": 1}))
    hidden = decision(expires_at=None)
    assert preferences_of(hidden, said("purchase", 2)) == ([], Counter({"not activated": 1}))
    assert preferences_of(hidden, []) == ([], Counter())


def test_every_rule_is_counted_by_its_name() -> None:
    found, left_out = preferences_of(listed(), said("impression", 1, 2) + said("purchase", 2))
    counts = counted(found, left_out)
    assert counts.to_json() == {
        "pairs": 1,
        "rules": {"bought": 1} | dict.fromkeys(RULES[1:], 0),
        "against": {PASSED: 1} | dict.fromkeys(AGAINST[1:], 0),
        "left_out": {},
    }


def test_the_form_that_trl_reads() -> None:
    items = (
        Listed(1, "B1", 0.5, {"title": "red mug", "price": 4.5, "currency": "USD", "options": {"size": "l"}}),
        Listed(2, "B2", 1.0, {}),
    )
    row = preferences_of(decision(items=items), said("click", 2))[0][0].to_json()
    assert (row["prompt"], row["chosen"]) == ("Request: a red mug\n\nRecommended product:\n", "B2")
    assert row["rejected"] == "red mug | size: l | 4.5 USD"
    assert row["about"] == {
        "decision_id": "d_1",
        "policy": "pretrained",
        "policy_version": "1",
        "policy_propensity": 1.0,
        "rule": "clicked after seeing others",
        "against": PASSED,
        "item_ids": ["B2", "B1"],
        "positions": [2, 1],
        "propensities": [1.0, 0.5],
    }
