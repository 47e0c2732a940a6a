"""Cuts text into tokens as Lucene's StandardTokenizer does: the word breaks of Unicode's annex 29, plus emoji.

The patterns state the annex's rules WB4 to WB13b (https://www.unicode.org/reports/tr29/#Word_Boundary_Rules) and,
for emoji, technical standard 51 (https://www.unicode.org/reports/tr51/#EBNF_and_Regex). Tokens are words, numbers,
signs of scripts without spaces, and emoji; blanks, punctuation and other symbols are dropped.
"""

import re
from collections.abc import Iterator

import regex

# Lucene's default: a longer token is cut into pieces (it counts UTF-16 units, this module characters).
MAX_TOKEN_LENGTH = 255

# Extended_Pictographic of Unicode 15.0 (https://www.unicode.org/Public/15.0.0/ucd/emoji/emoji-data.txt), which is that
# of the 11.0 that Lucene was built with, save for signs of old computers. Later versions take out ★, ♬ and other
# signs that Lucene makes tokens of, so the `regex` module's own, ever newer table would change search results.
_PICTOGRAPHS = """
    a9 ae 203c 2049 2122 2139 2194-2199 21a9-21aa 231a-231b 2328 2388 23cf 23e9-23f3 23f8-23fa 24c2 25aa-25ab 25b6 25c0
    25fb-25fe 2600-2605 2607-2612 2614-2685 2690-2705 2708-2712 2714 2716 271d 2721 2728 2733-2734 2744 2747 274c 274e
    2753-2755 2757 2763-2767 2795-2797 27a1 27b0 27bf 2934-2935 2b05-2b07 2b1b-2b1c 2b50 2b55 3030 303d 3297 3299
    1f000-1f0ff 1f10d-1f10f 1f12f 1f16c-1f171 1f17e-1f17f 1f18e 1f191-1f19a 1f1ad-1f1e5 1f201-1f20f 1f21a 1f22f
    1f232-1f23a 1f23c-1f23f 1f249-1f3fa 1f400-1f53d 1f546-1f64f 1f680-1f6ff 1f774-1f77f 1f7d5-1f7ff 1f80c-1f80f
    1f848-1f84f 1f85a-1f85f 1f888-1f88f 1f8ae-1f8ff 1f90c-1f93a 1f93c-1f945 1f947-1faff 1fc00-1fffd
"""


def _word_pattern() -> str:
    """A word or a number: letters and digits, or katakana, joined by underscores and by signs between two of a kind."""
    ignored = r"[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}]*+"  # WB4: these belong to the character before
    letter = rf"[\p{{WB=ALetter}}\p{{WB=Hebrew_Letter}}]{ignored}"
    digit = rf"[\p{{WB=Numeric}}\uff10-\uff19]{ignored}"
    joiner = rf"\p{{WB=ExtendNumLet}}{ignored}"
    in_letters = rf"[\p{{WB=MidLetter}}\p{{WB=MidNumLet}}']{ignored}"
    in_digits = rf"[\p{{WB=MidNum}}\p{{WB=MidNumLet}}']{ignored}"
    letters = rf"(?:{letter})++(?:{in_letters}(?:{letter})++)*+"
    digits = rf"(?:{digit})++(?:{in_digits}(?:{digit})++)*+"
    run = rf"(?:(?:{letters}|{digits})++|(?:\p{{WB=Katakana}}{ignored})++)"
    return rf"(?<!\p{{WB=ExtendNumLet}})(?:{joiner})*+{run}(?:(?:{joiner})++{run})*(?:{joiner})*+"


def _script_pattern() -> str:
    """Scripts without spaces: one ideograph or hiragana a token, a whole run of Thai, Lao, Khmer or Burmese."""
    ignored = r"[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}]*+"
    return rf"(?:\p{{LB=SA}}{ignored})++|[\p{{Script=Han}}\p{{Script=Hiragana}}]{ignored}"


def _emoji_pattern() -> str:
    """An emoji, with its skin tone and presentation, or several glued by zero-width joiners; a flag; a keycap."""
    ignored = r"(?:(?![\ufe0e\ufe0f])[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}])*+"
    ranges = (item.split("-") for item in _PICTOGRAPHS.split())
    pictograph = "[" + "".join("-".join(rf"\U{int(end, 16):08x}" for end in ends) for ends in ranges) + "]"
    tone = rf"[\U0001f3fb-\U0001f3ff]{ignored}"
    one = rf"(?:(?:\p{{Emoji_Modifier_Base}}{ignored})?{tone}|{pictograph}{ignored}\ufe0f?)"
    glued = rf"(?<!\u200d)\u200d*+{one}(?:(?:\u200d|(?<=\u200d))\u200d*+{one})*"
    flag = r"(?:\p{WB=Regional_Indicator}[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}]*+){2}"
    return rf"{glued}|{flag}|[#*]\ufe0f?\u20e3"


# The look-behinds at the start of words and emoji change nothing that matches; without them a text of nothing but
# underscores or joiners takes time quadratic in its length.
_TOKEN = regex.compile("|".join((_word_pattern(), _emoji_pattern(), _script_pattern())))

# The same for ASCII alone, where the standard module is faster.
_ASCII_TOKEN = re.compile(
    r"(?<!_)_*+[A-Za-z0-9]\w*(?:(?:(?<=[A-Za-z])[:.'](?=[A-Za-z])|(?<=[0-9])[,;.'](?=[0-9]))\w+)*", re.ASCII
)
_CHUNK = re.compile(r"[^ \t\n\r]+")


def tokens(text: str) -> list[str]:
    """The tokens of a text, in order and as written.

    Args:
        text: any text.

    Returns:
        Its words, numbers and emoji, each at most `MAX_TOKEN_LENGTH` characters long.
    """
    if text.isascii():
        words: list[str] = _ASCII_TOKEN.findall(text)
    else:
        chunks = _CHUNK.findall(text)
        words = [token for chunk in chunks for token in (_ASCII_TOKEN if chunk.isascii() else _TOKEN).findall(chunk)]
    if max(map(len, words), default=0) > MAX_TOKEN_LENGTH:
        return [piece for token in words for piece in (_pieces(token) if len(token) > MAX_TOKEN_LENGTH else (token,))]
    return words


def _pieces(token: str) -> Iterator[str]:
    """Cut an overlong token where Lucene does: at the longest token that its buffer can hold, then on from there."""
    start = 0
    while start < len(token):
        match = _TOKEN.search(token[start : start + MAX_TOKEN_LENGTH])
        if match is None:
            start += MAX_TOKEN_LENGTH
        elif match.start():
            start += match.start()
        else:
            yield match.group()
            start += match.end()
