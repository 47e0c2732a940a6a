"""An instruction with the search queries that people typed for it, as WebShop's search model reads both."""

from dataclasses import dataclass

_PRICE = ", and price lower than"
_PAGE = ("webshop\ninstruction:", "\n[button] search [button_]")  # around the instruction in WebShop's observations


@dataclass(frozen=True, slots=True)
class Typed:
    """An instruction and what people typed for it.

    Attributes:
        instruction: after :func:`plain_instruction`.
        queries: at least one, after :func:`plain_query`, in the file's order, each of at least one search term.
    """

    instruction: str
    queries: tuple[str, ...]


def plain_query(text: str) -> str:
    """A query as WebShop's search model learns it: lower case, without quotation marks."""
    return text.lower().replace('"', "").replace("'", "").strip()


def plain_instruction(text: str) -> str:
    """An instruction as WebShop's search model reads it: as a query, without the page around it and the price."""
    text = text.lower().replace('"', "").replace("'", "")
    for around in _PAGE:
        text = text.replace(around, "")
    return text.strip().split(_PRICE)[0]
