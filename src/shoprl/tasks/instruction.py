"""Parsing of instructions, and the queries an agent may type into a search bar for one."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Literal

from shoprl.search.analysis import analyze

QueryStrategy = Literal["instruction", "wish"]

_CEILING = re.compile(
    r"[,;.]?\s*(?:\b(?:and|but|with|i|can|my|the|a|its|that|which|it|should|must|be|is|of|for|at|to|price[ds]?|"
    r"cost(?:s|ing)?|budget|spend(?:ing)?)\s+)*"
    r"\b(?:lower than|less than|under|below|at most|no more than|not more than|cheaper than|up to|within|max(?:imum)?|"
    r"not over|budget (?:is|of))\s*(?:of\s+|a\s+)?"
    r"(?P<amount>\$?\s*(?>\d[\d,]*(?:\.\d+)?))\s*(?:(?:dollars?|bucks|usd)\b|\$)?",
    re.IGNORECASE,
)
_ABOUT_MONEY = re.compile(r"\$|dollar|buck|usd|price|cost|budget|spend", re.IGNORECASE)
_END = re.compile(r"\s*(?:$|[,;.!?](?!\d)|(?:please|pls|thanks?|asap|if|and|with|for)\b)", re.IGNORECASE)
_WORD = re.compile(r"[\w.]+")
_MONEY = re.compile(r"\$\s*(\d[\d,]*(?:\.\d+)?)|(\d[\d,]*(?:\.\d+)?)\s*(?:dollars|bucks|usd)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction and what its wording contains.

    Attributes:
        text: the full text.
        wish: the text without its price clause.
        ceiling: the price ceiling it names, in dollars, or None.
        terms: the distinct search terms of the wish.
    """

    text: str
    wish: str
    ceiling: float | None
    terms: frozenset[str]


@lru_cache(maxsize=20_000)
def parse_instruction(text: str) -> Instruction:
    """Separate the price ceiling from the rest of an instruction."""
    clauses = list(_CEILING.finditer(text))
    clause = next((match for match in clauses if _ABOUT_MONEY.search(match[0])), None)
    if clause is None:  # a bare number is a price only where no unit or noun follows
        clause = next((match for match in clauses if _END.match(text, match.end())), None)
    if clause is not None:
        wish, amount = f"{text[: clause.start()]} {text[clause.end() :].lstrip()}", clause["amount"].lstrip("$ ")
    else:
        money = _MONEY.search(text)
        wish, amount = text, (money[1] or money[2]) if money else ""
    ceiling = float(amount.replace(",", "")) if amount else None
    wish = wish.strip(" ,.;") or text
    return Instruction(text, wish, ceiling, terms_of(wish))


@lru_cache(maxsize=200_000)
def terms_of(text: str) -> frozenset[str]:
    """The distinct search terms of a text."""
    return frozenset(analyze(text))


@lru_cache(maxsize=200_000)
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
