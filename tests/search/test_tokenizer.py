import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.search.analysis import tokens
from shoprl.search.tokenizer import _TOKEN, MAX_TOKEN_LENGTH


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Solid, reclaimed wood!", ["Solid", "reclaimed", "wood"]),
        ("3.14 1,000 5;6 a.b can't Material:SOLID", ["3.14", "1,000", "5;6", "a.b", "can't", "Material:SOLID"]),
        ("a,b a;b 5:6 a.5 5.a", ["a", "b", "a", "b", "5", "6", "a", "5", "5", "a"]),
        ("machine-washable t-shirt black|white", ["machine", "washable", "t", "shirt", "black", "white"]),
        ("'is 'em' l'is", ["is", "em", "l'is"]),
        ("snake_case _x_ __ _", ["snake_case", "_x_"]),
        ("10x20 2xl 12oz.", ["10x20", "2xl", "12oz"]),
        ("crème brûlée e\u0301 naïve’s", ["crème", "brûlée", "e\u0301", "naïve’s"]),
        ("1⁄2 ½ ¼ ❶ x² °F ±5", ["1⁄2", "x", "F", "5"]),
        ("日本語 カタカナ ひら 한국어", ["日", "本", "語", "カタカナ", "ひ", "ら", "한국어"]),
        ("ไทยคำ", ["ไทยคำ"]),
        ("(ﾟ∀ﾟ)", []),
        ("", []),
        (" \t\r\n -- ?! ", []),
    ],
)
def test_tokens_follow_the_word_breaks_of_unicode(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("★★ ♬ ☛Soft ❤️", ["★", "★", "♬", "☛", "Soft", "❤️"]),
        ("❤\ufe0e", ["❤"]),
        ("™®©", ["™", "®", "©"]),
        ("👍🏽👍", ["👍🏽", "👍"]),
        ("👨\u200d👩\u200d👧x", ["👨\u200d👩\u200d👧", "x"]),
        ("❤️\u200d🔥", ["❤️\u200d🔥"]),
        ("🇺🇸🇬🇧🇫", ["🇺🇸", "🇬🇧"]),
        ("1️⃣ #️⃣ # *", ["1️⃣", "#️⃣"]),
        ("◆●→✿", []),
    ],
)
def test_emoji_and_pictographs_are_tokens_and_other_symbols_are_not(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@given(
    st.text(st.sampled_from("aZ09_.,:;'’- \n\té日カー\u0301\u200d\ufe0f★❤👍🏽🇺#\u20e3ก") | st.characters(codec="utf-8"))
)
def test_the_fast_path_changes_nothing(text: str) -> None:
    assert tokens(text) == _TOKEN.findall(text)


def test_overlong_tokens_are_cut_as_lucene_cuts_them() -> None:
    assert [len(token) for token in tokens("a" * 600)] == [255, 255, 90]
    assert [len(token) for token in tokens("é" * 600)] == [255, 255, 90]
    dot_at_the_cut = "a" * 254 + "." + "b" * 10
    assert tokens(dot_at_the_cut) == ["a" * 254, "b" * 10]
    assert MAX_TOKEN_LENGTH == 255


@pytest.mark.parametrize(
    "unit", ["_", "a", "a.", "\u200d", "\u0301", "é_", "é\u200d", "❤\u200d", "👍\ufe0f\u200d", "🇺", "#", "é _"]
)
def test_time_grows_with_length_only(unit: str) -> None:
    start = time.process_time()
    tokens("é" + unit * 100_000)
    assert time.process_time() - start < 3
