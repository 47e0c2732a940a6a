"""Turns text into the terms of the index, as Lucene's English analysis does.

Tokens lose a possessive ``'s``, are put in lower case, dropped where they are one of 33 stop words, and stemmed
(:mod:`shoprl.search.stemmer`).
"""

from collections.abc import Iterator
from functools import lru_cache

from shoprl.search.stemmer import stem
from shoprl.search.tokenizer import tokens

__all__ = ["STOP_WORDS", "analyze", "iter_terms", "tokens"]

_LUCENE_STOP_WORDS = """
    a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to
    was will with
"""
STOP_WORDS = frozenset(_LUCENE_STOP_WORDS.split())
_POSSESSIVES = ("'s", "’s", "＇s", "'S", "’S", "＇S")


def analyze(text: str) -> list[str]:
    """The terms of a text, in order, with repeats.

    Args:
        text: any text.

    Returns:
        One term for each token that is not a stop word.
    """
    return list(iter_terms(text))


def iter_terms(text: str) -> Iterator[str]:
    """Yield what `analyze` lists, one at a time."""
    return filter(None, map(_term, tokens(text)))


@lru_cache(maxsize=65536)
def _term(token: str) -> str:
    """The term of a token, empty for a stop word."""
    word = token[:-2] if token.endswith(_POSSESSIVES) else token
    # Java lowers character by character: no final sigma, and one letter for İ.
    letters = ("i" if letter == "İ" else letter.lower() for letter in word)
    word = word.lower() if word.isascii() else "".join(letters)
    return "" if word in STOP_WORDS else stem(word)
