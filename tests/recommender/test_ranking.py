from collections import Counter
from math import exp

import numpy as np
import pytest

from shoprl.recommender.evidence import Seen
from shoprl.recommender.ranking import BOUGHT_WEIGHT, FIT_WEIGHT, KIND_WEIGHT, drawn, ranked, scores


def seen(asin: str, fit: float | None = None, bought: int = 0, round_: int = 0, rank: int = 0) -> Seen:
    return Seen(asin, {}, bought, 10, fit, round_, rank)


def test_fit_and_purchases_add_up() -> None:
    assert scores([seen("a", fit=0.5, bought=4)]) == [pytest.approx(FIT_WEIGHT * 0.5 + BOUGHT_WEIGHT * 0.4)]
    found = [seen("a", 0.5), seen("b", 0.5, rank=1), seen("c", 0.5, 2, rank=2), seen("d", 0.9, rank=3)]
    assert [(each.asin, propensity) for each, propensity in ranked(found, scores(found), 3)] == [
        ("d", 1),
        ("c", 1),
        ("a", 1),
    ]


def test_what_was_bought_in_an_earlier_round_comes_first() -> None:
    found = [seen("a", bought=1), seen("b", bought=10, round_=1), seen("c", bought=9), seen("d", bought=2, round_=1)]
    assert [each.asin for each, _ in ranked(found, scores(found), 9)] == ["c", "a", "b", "d"]


def test_a_drawn_list_comes_as_often_as_its_propensities_say() -> None:
    found, temperature = [seen("a", 0.9), seen("b", 0.7), seen("c", 0.2)], 0.5
    rng = np.random.default_rng(0)
    points = scores(found)
    lists = [drawn(found, points, 2, temperature, rng) for _ in range(4_000)]
    weights = {each.asin: exp(point / temperature) for each, point in zip(found, points, strict=True)}
    counts = Counter(tuple(each.asin for each, _ in drawing) for drawing in lists)
    for drawing in lists[:50]:
        (first, chance), (second, then) = drawing
        assert chance == pytest.approx(weights[first.asin] / sum(weights.values()))
        assert then == pytest.approx(weights[second.asin] / (sum(weights.values()) - weights[first.asin]))
        assert counts[first.asin, second.asin] / 4_000 == pytest.approx(chance * then, abs=0.025)


def test_every_product_is_drawn_once_at_any_temperature() -> None:
    found = [seen(str(number), number / 20, rank=number) for number in range(20)]
    for temperature in (1e-9, 1.0, 1e9):
        order = drawn(found, scores(found), 30, temperature, np.random.default_rng(1))
        assert sorted(each.asin for each, _ in order) == sorted(each.asin for each in found)
        assert all(0 < propensity <= 1 for _, propensity in order)
        assert order[-1][1] == 1
    cold = [each for each, _ in drawn(found, scores(found), 20, 1e-9, np.random.default_rng(1))]
    assert cold == [each for each, _ in ranked(found, scores(found), 20)]


def same_letter(own: str, wanted: str) -> float:
    return float(own[0] == wanted[0])


def test_products_of_the_likely_kind_come_before_others_that_fit_as_well() -> None:
    found = [seen("m1", 0.9), seen("c1", 0.5, rank=1), seen("m2", 0.45, rank=2), seen("c2", 0.4, rank=3)]
    assert [each.asin for each, _ in ranked(found, scores(found, same_letter), 4)] == ["m1", "m2", "c1", "c2"]
    points = scores(found, same_letter)
    assert points[0] == pytest.approx(0.9 + KIND_WEIGHT, abs=0.02)
    assert points[2] - points[1] == pytest.approx(0.45 - 0.5 + KIND_WEIGHT, abs=0.04)


def test_the_best_product_is_first_whatever_its_kind() -> None:
    found = [seen("m1", 0.6), seen("c1", 0.59, rank=1), seen("c2", 0.58, rank=2), seen("c3", 0.57, rank=3)]
    order = [each.asin for each, _ in ranked(found, scores(found, same_letter), 4)]
    assert order == ["m1", "c1", "c2", "c3"]
    points = scores(found, same_letter)
    assert points[0] > max(points[1:])


def test_for_a_brief_request_the_search_decides() -> None:
    found = [seen("a", 0.3, rank=2), seen("b", 0.6, rank=1), seen("c", 0.5, rank=0)]
    assert [each.asin for each, _ in ranked(found, scores(found, brief=True), 3)] == ["c", "b", "a"]
    assert [each.asin for each, _ in ranked(found, scores(found), 3)] == ["b", "c", "a"]


def test_nothing_seen_has_no_scores() -> None:
    assert scores([], same_letter) == []
