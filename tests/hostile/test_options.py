"""Every option of every command, made from the command line's definition: bad values are refused by name."""

import pytest

from tests.support.attacks import Attack, option_attacks, unbounded
from tests.support.forked import Withstand

ATTACKS = list(option_attacks())
QUICK = ("#0:", "#3:")  # in the default run: below the range, no number


def test_every_number_says_what_it_may_be() -> None:
    assert unbounded() == []


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(each, id=each.id, marks=() if any(sign in each.about for sign in QUICK) else pytest.mark.hostile)
        for each in ATTACKS
    ],
)
def test_a_bad_value(attack: Attack, withstand: Withstand) -> None:
    ended = withstand(attack)
    assert attack.flag in ended.err or attack.flag.strip("-").replace("-", " ") in ended.err
