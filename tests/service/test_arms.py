import numpy as np
import pytest

from shoprl.service.arms import Arm, allocate, replayed, shares


def test_the_better_arm_is_drawn_more_often():
    arms = [Arm("old", "1", 200, 20), Arm("new", "1", 200, 60)]
    drawn = [allocate(arms, seed).arm.name for seed in range(200)]
    assert drawn.count("new") > 150
    assert drawn.count("old") > 0  # the floor


def test_no_arm_gets_less_than_its_share_of_the_floor():
    chances = shares([Arm("old", "1", 1_000, 10), Arm("new", "1", 1_000, 500)], 0.2, np.random.default_rng(0))
    assert chances.min() == pytest.approx(0.1, abs=0.002)
    assert chances.sum() == pytest.approx(1)


def test_an_arm_alone_is_certain():
    made = allocate([Arm("only", "1")], 3)
    assert (made.arm.name, made.propensity) == ("only", 1.0)


def test_a_draw_is_made_again_from_its_log():
    for seed in range(20):
        made = allocate([Arm("a", "1", 10, 2), Arm("b", "2", 12, 5.5), Arm("c", "1")], seed)
        assert replayed(made.to_json()) == made


def test_propensities_are_those_of_the_draws():
    arms = [Arm("a", "1", 30, 10), Arm("b", "1", 30, 12)]
    made = [allocate(arms, seed) for seed in range(400)]
    expected = np.mean([each.propensities[1] for each in made])
    assert np.mean([each.chosen for each in made]) == pytest.approx(expected, abs=0.08)
