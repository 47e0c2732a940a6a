"""Numeric features of candidates: kind, rank, price, history and overlap with the instruction."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shoprl.tasks.instruction import Instruction, ceiling_in, overlap, phrase_in, terms_of
from shoprl.tasks.shop.view import ShopCandidate, ShopView

KINDS = ("search", "back", "next", "prev", "section", "buy", "product", "option")
PAGES = ("search", "results", "item", "sub", "done")
OF_THE_PAGE = (
    "results page",
    "steps left",
    "title covers",
    "title and options cover",
    "title and selection cover",
    "options selected",
    "best fit seen",
    "best overlap seen",
    "options named",
    "products seen",
)
OF_THE_CANDIDATE = (
    "rank",
    "price shown",
    "price under ceiling",
    "named share",
    "covered share",
    "named word for word",
    "best of its group",
    "selected",
    "done before",
    "fit when seen",
    "overlap when seen",
    "group decided",
    "group named",
)
NAMES = (
    *(f"does {kind}" for kind in KINDS),
    *(f"on {page}" for page in PAGES),
    *OF_THE_PAGE,
    *OF_THE_CANDIDATE,
)
COUNT = len(NAMES)


@lru_cache(maxsize=500_000)
def _match(instruction: Instruction, text: str) -> tuple[float, float]:
    """(share of the text's terms that the instruction names, share of the instruction's terms in the text)."""
    terms = terms_of(text)
    named = len(terms & instruction.terms) / len(terms) if terms else 0.0
    return named, overlap(instruction, terms)


def _price(candidate: ShopCandidate, ceiling: float | None) -> list[float]:
    """Whether a price is shown, and whether it is below the ceiling.

    The price itself is left out: it would identify products of the training goals.
    """
    if candidate.price is None:
        return [0.0, 0.0]
    low, high = candidate.price
    if ceiling is None:
        return [1.0, 0.0]
    return [1.0, float(low <= ceiling) - float(high > ceiling)]


def _page_part(view: ShopView) -> list[float]:
    """The features that all candidates of a state share."""
    instruction = view.instruction
    title = terms_of(view.title)
    values = [terms_of(candidate.text) for candidate in view.candidates if candidate.kind == "option"]
    chosen = [terms_of(value) for value in view.options_chosen]
    groups = {candidate.group for candidate in view.candidates if candidate.kind == "option"}
    best = dict.fromkeys(groups, 0.0)
    for candidate in view.candidates:
        if candidate.kind == "option" and phrase_in(candidate.text, instruction.wish):
            best[candidate.group] = 1.0
    return [
        *(float(view.page == page) for page in PAGES),
        (view.number - 1) / 5,
        view.steps_left / 15,
        overlap(instruction, title),
        overlap(instruction, title.union(*values)),
        overlap(instruction, title.union(*chosen)),
        len(view.options_chosen) / len(groups) if groups else 1.0,
        *view.best_memory,
        sum(best.values()) / len(best) if best else 1.0,
        view.looked_at / 5,
    ]


def features(view: ShopView) -> NDArray[np.float32]:
    """The features of a view's candidates.

    Returns:
        Shape (candidates, COUNT), in the order of :data:`NAMES`.
    """
    instruction = view.instruction
    shared = _page_part(view)
    matches = [_match(instruction, candidate.text) if candidate.text else (0.0, 0.0) for candidate in view.candidates]
    groups = [f"{candidate.kind}:{candidate.group}" for candidate in view.candidates]
    exact = [float(c.kind == "option" and phrase_in(c.text, instruction.wish)) for c in view.candidates]
    strength = [
        e * (1 + len(c.text) / 100) + named for c, e, (named, _) in zip(view.candidates, exact, matches, strict=True)
    ]
    best: dict[str, float] = {}
    for group, score in zip(groups, strength, strict=True):
        best[group] = max(best.get(group, 0.0), score)
    decided = {candidate.group for candidate in view.candidates if candidate.chosen}
    rows = []
    for candidate, (named, covered), is_exact, score, group in zip(
        view.candidates, matches, exact, strength, groups, strict=True
    ):
        rows.append(
            [
                *(float(candidate.kind == kind) for kind in KINDS),
                *shared,
                candidate.rank / 10,
                *_price(candidate, ceiling_in(instruction, candidate.currency)),
                named,
                covered,
                is_exact,
                float(score > 0 and score == best[group]),
                float(candidate.chosen),
                float(candidate.done),
                *candidate.memory,
                float(candidate.kind == "option" and candidate.group in decided),
                float(phrase_in(candidate.group, instruction.wish)),
            ]
        )
    return np.array(rows, dtype=np.float32)
