"""Identifiers of products: any text in a catalogue, and the form of it that WebShop's actions can name.

Actions are read in lower case and end at brackets and line ends, and some words are buttons. So letters, digits, a few
signs and most of what is not ASCII stay, everything else becomes ``%`` and two hexadecimal digits a byte (RFC 3986):
reversible without a table.
"""

from collections.abc import Set
from functools import lru_cache
from unicodedata import category
from urllib.parse import unquote

MAX_ID = 1_000  # characters
MAX_ASIN = 9_900  # characters of the form that actions can name, which are bounded themselves
_SIGNS = "-._~:@+"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" + _SIGNS)
_INVISIBLE = ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp")
_LARGE = "\U00010000"  # from here on an escape takes twelve characters
BUTTONS = frozenset(
    ("search", "back to search", "next >", "< prev", "description", "features", "reviews", "buy now", "item")
)


def asin_of(identifier: str, taken: Set[str] = frozenset()) -> str:
    """The form of an identifier that actions can name.

    Args:
        identifier: at least one character.
        taken: such forms in lower case; where this one is among them, all its letters that have a case are escaped.
    """
    asin = identifier if _PLAIN.issuperset(identifier) else "".join(map(_named, identifier))
    if asin.lower() in BUTTONS:
        asin = f"{_escaped(asin[0])}{asin[1:]}"
    if asin.lower() in taken:
        return "".join(_escaped(char) if char.lower() != char or char.upper() != char else _named(char)
                       for char in identifier)  # fmt: skip
    return asin


@lru_cache(maxsize=10_000)
def _named(char: str) -> str:
    if char.isascii():
        return char if char in _PLAIN else _escaped(char)
    stays = len(char.lower()) == 1 and (char >= _LARGE or category(char) not in _INVISIBLE)
    return char if stays else _escaped(char)


def _escaped(char: str) -> str:
    """A character as escapes, also where it is a plain letter; half a pair of surrogates too, which JSON can hold."""
    return "".join(f"%{byte:02X}" for byte in char.encode(errors="surrogatepass"))


def id_of(asin: str) -> str:
    """The identifier that :func:`asin_of` was given; WebShop's own ASINs are theirs already."""
    return unquote(asin, errors="surrogatepass") if "%" in asin else asin
