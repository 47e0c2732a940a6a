import re

import pytest

from shoprl.tasks.numerals import NUMERAL, numeral


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("seven", 7),
        ("Twenty", 20),
        ("twenty-five", 25),
        ("twenty five", 25),
        ("hundred", None),
        ("a hundred", 100),
        ("one hundred and fifty", 150),
        ("two hundred fifty three", 253),
        ("fifteen hundred", 1500),
        ("a thousand", 1000),
        ("nine hundred and ninety nine thousand", 999_000),
        ("two thousand three hundred", 2300),
        ("a", None),
        ("five twenty", None),
        ("twenty eleven", None),
        ("ten five", None),
        ("thousand thousand", None),
        ("one thousand two thousand", None),
    ],
)
def test_words_mean_numbers(text: str, value: int | None) -> None:
    assert numeral(text) == value


def test_numerals_are_whole_words() -> None:
    found = [match[0] for match in re.finditer(NUMERAL, "someone often weighs a ton: forty-two tents and ninety cats")]
    assert found == ["a", "forty-two", "ninety"]
