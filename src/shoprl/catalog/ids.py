"""Identifiers of products: any text in a catalogue, and the form of it that WebShop's actions can name.

Actions are read in lower case and end at brackets and line ends, and some words are buttons. So letters, digits and a
few signs stay, everything else becomes ``%`` and two hexadecimal digits a byte (RFC 3986): reversible without a table.
"""

from collections.abc import Set
from urllib.parse import quote, unquote

MAX_ID = 1_000  # characters
_SIGNS = "-._~:@+"
BUTTONS = frozenset(
    ("search", "back to search", "next >", "< prev", "description", "features", "reviews", "buy now", "item")
)


def asin_of(identifier: str, taken: Set[str] = frozenset()) -> str:
    """The form of an identifier that actions can name.

    Args:
        identifier: at least one character.
        taken: such forms in lower case; where this one is among them, its capitals are escaped too.
    """
    asin = "".join(char if _stays(char) else quote(char, safe="", errors="replace") for char in identifier)
    if asin.lower() in BUTTONS:
        asin = f"%{ord(asin[0]):02X}{asin[1:]}"
    if asin.lower() in taken:
        asin = "".join(quote_all(char) if char.lower() != char and char.isalpha() else char for char in asin)
    return asin


def _stays(char: str) -> bool:
    return char in _SIGNS or (char.isalnum() and len(char.lower()) == 1)


def quote_all(char: str) -> str:
    """A character as escapes, also where it is a plain letter."""
    return "".join(f"%{byte:02X}" for byte in char.encode())


def id_of(asin: str) -> str:
    """The identifier that :func:`asin_of` was given; WebShop's own ASINs are theirs already."""
    return unquote(asin)
