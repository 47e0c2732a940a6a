"""Numbers that describe each candidate beside its text: place, price, history and overlap with the instruction."""

import math
import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shoprl.policies.state import Candidate, Instruction, State, overlap, terms_of

KINDS = ("search", "back", "next", "prev", "section", "buy", "product", "option")
PAGES = ("search", "results", "item", "sub", "done")
COUNT = len(KINDS) + len(PAGES) + 22

_WORD = re.compile(r"[a-z0-9.]+")


@lru_cache(maxsize=200_000)
def _plain(text: str) -> str:
    """Words of a text between single spaces, so that a phrase is found only at word borders."""
    return f" {' '.join(_WORD.findall(text.lower()))} "


@lru_cache(maxsize=500_000)
def _exact(text: str, within: str) -> float:
    phrase = _plain(text)
    return float(len(phrase) > 2 and phrase in _plain(within))


@lru_cache(maxsize=500_000)
def _match(instruction: Instruction, text: str) -> tuple[float, float]:
    """(share of the text's terms that the instruction names, share of the instruction's terms in the text)."""
    terms = terms_of(text)
    named = len(terms & instruction.terms) / len(terms) if terms else 0.0
    return named, overlap(instruction, terms)


def _price(candidate: Candidate, ceiling: float | None) -> list[float]:
    if candidate.price is None:
        return [0.0, 0.0, 0.0, 0.0]
    low, high = candidate.price
    if ceiling is None or ceiling <= 0:
        return [1.0, math.log1p(low) / 7, 0.0, 0.0]
    return [1.0, math.log1p(low) / 7, float(low <= ceiling) - float(high > ceiling), min(low / ceiling, 2.0)]


def _page_part(state: State) -> list[float]:
    """What all candidates of a state share."""
    instruction = state.instruction
    title = terms_of(state.title)
    values = [terms_of(candidate.text) for candidate in state.candidates if candidate.kind == "option"]
    chosen = [terms_of(value) for value in state.options_chosen]
    groups = {candidate.group for candidate in state.candidates if candidate.kind == "option"}
    return [
        *(float(state.page == page) for page in PAGES),
        (state.number - 1) / 5,
        state.steps_left / 15,
        overlap(instruction, title),
        overlap(instruction, title.union(*values)),
        overlap(instruction, title.union(*chosen)),
        len(state.options_chosen) / len(groups) if groups else 1.0,
        state.best_memory,
        state.looked_at / 5,
    ]


def _best_in_group(scores: list[tuple[str, float]]) -> dict[str, float]:
    best: dict[str, float] = {}
    for group, score in scores:
        best[group] = max(best.get(group, 0.0), score)
    return best


def features(state: State) -> NDArray[np.float32]:
    """Describe the candidates of a state.

    Returns:
        Shape (candidates, COUNT).
    """
    instruction = state.instruction
    shared = _page_part(state)
    matches = [_match(instruction, candidate.text) if candidate.text else (0.0, 0.0) for candidate in state.candidates]
    groups = [f"{candidate.kind}:{candidate.group}" for candidate in state.candidates]
    exact = [_exact(c.text, instruction.wish) if c.kind == "option" else 0.0 for c in state.candidates]
    strength = [e * (1 + len(c.text) / 100) + named for c, e, (named, _) in zip(state.candidates, exact, matches, strict=True)]
    best = _best_in_group(list(zip(groups, strength, strict=True)))
    decided = {candidate.group for candidate in state.candidates if candidate.chosen}
    rows = []
    for candidate, (named, covered), is_exact, score, group in zip(
        state.candidates, matches, exact, strength, groups, strict=True
    ):
        rows.append(
            [
                *(float(candidate.kind == kind) for kind in KINDS),
                *shared,
                candidate.rank / 10,
                *_price(candidate, instruction.ceiling),
                named,
                covered,
                is_exact,
                float(score > 0 and score == best[group]),
                float(candidate.chosen),
                float(candidate.done),
                candidate.memory,
                float(candidate.kind == "option" and candidate.group in decided),
                _exact(candidate.group, instruction.wish) if candidate.group else 0.0,
            ]
        )
    return np.array(rows, dtype=np.float32)
