"""Small numbers written in words: ``twenty``, ``a hundred and fifty``, ``two thousand``."""

import re
from collections.abc import Mapping

_ONES = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_VALUES: Mapping[str, int] = {
    "a": 1,
    **{word: value for value, word in enumerate(f"{_ONES} eighteen nineteen".split(), start=1)},
    **{word: 10 * value for value, word in enumerate(_TENS.split(), start=2)},
}
_SCALES: Mapping[str, int] = {"hundred": 100, "thousand": 1_000}
_PART = f"(?:{'|'.join((*sorted((*_VALUES, *_SCALES), key=len, reverse=True),))})"
# At most as many words as "nine hundred and ninety nine thousand" has, so that a search stays linear.
NUMERAL = rf"(?<![\w-]){_PART}(?:(?:\s|-|\sand\s){_PART}){{0,6}}(?![\w-])"
_SPLIT = re.compile(r"\s+and\s+|\s+|-")


def numeral(text: str) -> int | None:
    """The number that a text matching :data:`NUMERAL` means; None for none, such as ``a`` or ``five twenty``."""
    words = _SPLIT.split(text.lower())
    if words == ["a"]:
        return None
    total, current, last = 0, 0, 1_000_000  # ``last``: what a further part must be smaller than
    for word in words:
        if word in _SCALES:
            if current == 0 or _SCALES[word] <= current:
                return None
            current *= _SCALES[word]
            if word == "thousand":
                if total:
                    return None
                total, current = current, 0
            last = _SCALES[word]
            continue
        value = _VALUES[word]
        if value >= last or (last == 10 and value >= 10):
            return None
        current += value
        last = 10 if value >= 20 else 1
    return total + current or None
