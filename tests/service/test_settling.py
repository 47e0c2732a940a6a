import numpy as np
import pytest

from shoprl.service.arms import Arm
from shoprl.service.settling import ENOUGH, MOST, verdicts


def ended(active: Arm, *candidates: Arm) -> dict[str, str]:
    return {each.name: each.role for each in verdicts(active, list(candidates), np.random.default_rng(0))}


@pytest.mark.parametrize(
    ("decisions", "reward", "role"),
    [(300, 90, "active"), (300, 10, "off"), (300, 48, None), (ENOUGH - 1, 49, None), (MOST, 300, "off")],
)
def test_a_comparison_ends_when_it_is_clear_or_long_enough(decisions: int, reward: float, role: str | None) -> None:
    found = ended(Arm("old", "1", 2_000, 300), Arm("new", "1", decisions, reward))
    assert found.get("new") == role


def test_one_takes_the_place_the_likeliest() -> None:
    found = ended(Arm("old", "1", 500, 25), Arm("good", "1", 500, 100), Arm("better", "1", 500, 200))
    assert found == {"better": "active"}  # the other is compared with that one next


def test_little_is_known_of_an_active_one_that_was_not_asked() -> None:
    assert ended(Arm("old", "1", 3, 0), Arm("new", "1", 500, 200)) == {}


def test_one_that_is_held_back_does_not_take_the_place_and_bars_nobody() -> None:
    arms = [Arm("good", "1", 500, 100), Arm("better", "1", 500, 200)]
    found = verdicts(Arm("old", "1", 500, 25), arms, np.random.default_rng(0), {"better"})
    assert {each.name: each.role for each in found} == {"better": "candidate", "good": "active"}
