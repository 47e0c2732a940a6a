"""Parsing of instructions, and the queries an agent may type into a search bar for one."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Literal

from shoprl.search.analysis import analyze
from shoprl.tasks.prices import asked_price, share_a_sign

QueryStrategy = Literal["instruction", "wish"]

_WORD = re.compile(r"[\w.]+")


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction and what its wording contains.

    Attributes:
        text: the full text.
        wish: the text without its price clause.
        ceiling: the price ceiling it names, or None; :func:`ceiling_in` says whether it is one for a product.
        terms: the distinct search terms of the wish.
        currency: the code of the ceiling's currency; empty where the text names none, and means the shop's.
        shared: whether the text names the currency by a sign or word that several have, such as $; ``currency`` is then
            the usual one.
    """

    text: str
    wish: str
    ceiling: float | None
    terms: frozenset[str]
    currency: str = ""
    shared: bool = False

    def __hash__(self) -> int:
        """Of the text, since caches are keyed by these."""
        return hash(self.text)


@lru_cache(maxsize=20_000)
def parse_instruction(text: str) -> Instruction:
    """Separate the price ceiling from the rest of an instruction."""
    asked = asked_price(text)
    cut = asked is not None and asked.start < asked.end
    wish = f"{text[: asked.start]} {text[asked.end :].lstrip()}" if asked is not None and cut else text
    wish = wish.strip(" ,.;") or text
    if asked is None:
        return Instruction(text, wish, None, terms_of(wish))
    return Instruction(text, wish, asked.ceiling, terms_of(wish), asked.currency, asked.shared)


def ceiling_in(instruction: Instruction, currency: str) -> float | None:
    """The instruction's price ceiling for products priced in a currency.

    Args:
        instruction: the request.
        currency: the code of the products' currency (ISO 4217).

    Returns:
        None where it names none, or names it in another currency: nothing is converted.
    """
    named = instruction.currency
    if named in ("", currency) or (instruction.shared and share_a_sign(named, currency)):
        return instruction.ceiling
    return None


@lru_cache(maxsize=20_000)
def terms_of(text: str) -> frozenset[str]:
    """The distinct search terms of a text."""
    return frozenset(analyze(text))


@lru_cache(maxsize=20_000)
def _plain(text: str) -> str:
    """Words of a text between single spaces, so that a phrase matches only at word boundaries."""
    return f" {' '.join(_WORD.findall(text.lower()))} "


def phrase_in(phrase: str, text: str) -> bool:
    """Whether the words of ``phrase`` occur in ``text`` contiguously and in that order."""
    words = _plain(phrase)
    return len(words) > 2 and words in _plain(text)


def named_values(values: Iterable[tuple[str, str]], wish: str) -> dict[str, str]:
    """The option values that a wish names verbatim: of several of an option the longest, of equally long the first.

    Args:
        values: (option, value).
        wish: what is asked for.

    Returns:
        Option -> value, in the order in which the options were first named.
    """
    longest: dict[str, str] = {}
    for option, value in values:
        if phrase_in(value, wish) and len(value) > len(longest.get(option, "")):
            longest[option] = value
    return longest


def overlap(instruction: Instruction, terms: frozenset[str]) -> float:
    """Share of the instruction's terms that are in ``terms``."""
    return len(instruction.terms & terms) / len(instruction.terms) if instruction.terms else 0.0


Queries = Callable[[Instruction], tuple[str, ...]]  # the searches that an agent chooses among


def queries_for(strategy: QueryStrategy, instruction: Instruction) -> tuple[str, ...]:
    """The queries of a strategy.

    Args:
        strategy: ``instruction`` is the full text; ``wish`` leaves out the price clause.
        instruction: the request.
    """
    text = instruction.text if strategy == "instruction" else instruction.wish
    # Brackets and line breaks would end the action.
    return (" ".join(text.replace("[", "(").replace("]", ")").splitlines()),)


WISH: Queries = partial(queries_for, "wish")
