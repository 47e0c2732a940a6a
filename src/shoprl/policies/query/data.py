"""Instructions with the search queries that people typed for them, normalised as for WebShop's search model."""

from dataclasses import dataclass

_PRICE = ", and price lower than"
_PAGE = ("webshop\ninstruction:", "\n[button] search [button_]")  # around the instruction in WebShop's observations


@dataclass(frozen=True, slots=True)
class Typed:
    """An instruction and the queries that people typed for it.

    Attributes:
        instruction: after :func:`plain_instruction`.
        queries: at least one, after :func:`plain_query`, in the file's order; each has at least one search term.
    """

    instruction: str
    queries: tuple[str, ...]


def plain_query(text: str) -> str:
    """A query as WebShop's search model is trained on it: lower case, without quotation marks."""
    return text.lower().replace('"', "").replace("'", "").strip()


def plain_instruction(text: str) -> str:
    """An instruction as WebShop's search model reads it: lower case, without quotation marks, page text and price."""
    text = text.lower().replace('"', "").replace("'", "")
    for around in _PAGE:
        text = text.replace(around, "")
    return text.strip().split(_PRICE)[0]
