"""Batches of states for the match network."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from shoprl.policies.networks.match.words import WordStore
from shoprl.tasks.base import Evidence, Observation


@dataclass(frozen=True, slots=True)
class MatchBatch:
    """A padded batch of decisions; rows are those of :class:`shoprl.tasks.base.Evidence`.

    The texts of one request's decisions can be compared with it once for all of them: then there is one group of texts,
    and each row has a place in it. Otherwise each decision has a group of its own, whose texts are its rows'.

    Attributes:
        request: word states of the requests, shape (decisions, W, width).
        request_terms: their terms, shape (decisions, W); -1 for padding.
        words: word states of all texts of a group with a gap after each, shape (groups, T, width).
        terms: their terms, shape (groups, T); -2 for gaps and padding.
        owner: index of each word's text in its group, shape (groups, T).
        places: index of each row's text in the one group, of padding an empty one's, shape (decisions, rows); None
            where each decision has a group of its own.
        texts: how many texts a group has at most, empty ones included.
        known: which words of the request other texts of a row hold, shape (decisions, rows, W, sources).
        features: shape (decisions, rows, features).
        rows: which rows are real, shape (decisions, rows).
        products: which rows are products, shape (decisions, rows).
        candidates: which rows are candidates, shape (decisions, candidates).
        looking: see :attr:`shoprl.tasks.base.Evidence.looking`, shape (decisions, candidates); 0 for padding.
    """

    request: torch.Tensor
    request_terms: torch.Tensor
    words: torch.Tensor
    terms: torch.Tensor
    owner: torch.Tensor
    places: torch.Tensor | None
    texts: int
    known: torch.Tensor
    features: torch.Tensor
    rows: torch.Tensor
    products: torch.Tensor
    candidates: torch.Tensor
    looking: torch.Tensor

    def to(self, device: torch.device) -> "MatchBatch":
        """A copy on a device."""
        held = {field.name: getattr(self, field.name) for field in fields(self)}
        moved: dict[str, Any] = {name: each.to(device) for name, each in held.items() if torch.is_tensor(each)}
        return replace(self, **moved)


def evidence_of(state: Observation) -> Evidence:
    """A state's evidence; of a task that keeps none, that of its candidates alone."""
    if state.evidence is not None:
        return state.evidence
    nothing: tuple[frozenset[str], ...] = ()
    count = len(state.texts)
    return Evidence(state.texts, (nothing,) * count, state.features, ("",) * count)


def collate(states: Sequence[Observation], store: WordStore, sources: int, together: bool = False) -> MatchBatch:
    """Make a batch of states whose texts are in the store.

    Args:
        states: what is decided.
        store: holds the words of their texts.
        sources: of further texts of a row.
        together: several states of one request share one group of texts.
    """
    shown = [evidence_of(state) for state in states]
    wishes = [store[state.request] for state in states]
    sizes = [len(each.texts) for each in shown]
    number, rows, length = len(states), max(sizes), max(1, *(len(wish.rows) for wish in wishes))
    candidates = max(len(state.texts) for state in states)
    groups: list[Sequence[str]] = [each.texts for each in shown]
    places = None
    if together and number > 1 and len({state.request for state in states}) == 1:
        groups, places = _one_group(groups, rows)
    words, terms, owner = texts_of(groups, store)
    request = np.zeros((number, length), dtype=np.int64)
    request_terms = np.full((number, length), -1, dtype=np.int64)
    known = np.zeros((number, rows, length, sources), dtype=np.float32)
    features = np.zeros((number, rows, shown[0].features.shape[1]), dtype=np.float32)
    real, products = np.zeros((number, rows), dtype=np.bool_), np.zeros((number, rows), dtype=np.bool_)
    offered = np.zeros((number, candidates), dtype=np.bool_)
    looking = np.zeros((number, candidates), dtype=np.float32)
    for i, (state, each, wish) in enumerate(zip(states, shown, wishes, strict=True)):
        size, asked = sizes[i], len(wish.rows)
        request[i, :asked], request_terms[i, :asked] = wish.rows, wish.terms
        _mark(known[i], each, wish.names)
        features[i, :size], real[i, :size] = each.features, True
        products[i, :size] = [bool(name) for name in each.names]
        offered[i, : len(state.texts)] = True
        if each.looking is not None:
            looking[i, : len(state.texts)] = each.looking
    table = store.states
    return MatchBatch(
        request=table[torch.from_numpy(request)],
        request_terms=torch.from_numpy(request_terms),
        words=table[torch.from_numpy(words)],
        terms=torch.from_numpy(terms),
        owner=torch.from_numpy(owner),
        places=None if places is None else torch.from_numpy(places),
        texts=max(map(len, groups)),
        known=torch.from_numpy(known),
        features=torch.from_numpy(features),
        rows=torch.from_numpy(real),
        products=torch.from_numpy(products),
        candidates=torch.from_numpy(offered),
        looking=torch.from_numpy(looking),
    )


def _one_group(texts: Sequence[Sequence[str]], rows: int) -> tuple[list[Sequence[str]], NDArray[np.int64]]:
    """The different texts of several states, an empty one first, and the place of each row's text."""
    index = {"": 0}
    places = np.zeros((len(texts), rows), dtype=np.int64)
    for row, own in zip(places, texts, strict=True):
        row[: len(own)] = [index.setdefault(text, len(index)) for text in own]
    return [list(index)], places


def texts_of(
    groups: Sequence[Sequence[str]], store: WordStore
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the store, terms and owners of the words of groups of texts; see :class:`MatchBatch`."""
    texts = [[store[text] for text in each] for each in groups]
    ends = [np.cumsum([len(words.rows) + 1 for words in own]) for own in texts]  # a gap after each text
    total = max(int(end[-1]) for end in ends)
    words, terms = np.zeros((len(groups), total), dtype=np.int64), np.full((len(groups), total), -2, dtype=np.int64)
    owner = np.zeros((len(groups), total), dtype=np.int64)
    for i, own in enumerate(texts):
        owners = np.repeat(np.arange(len(own)), np.diff(ends[i], prepend=0))
        inside = np.ones(len(owners), dtype=np.bool_)
        inside[ends[i] - 1] = False
        words[i, : len(owners)][inside] = np.concatenate([text.rows for text in own])
        terms[i, : len(owners)][inside] = np.concatenate([text.terms for text in own])
        owner[i, : len(owners)] = owners
    return words, terms, owner


def _mark(known: NDArray[np.float32], evidence: Evidence, names: Sequence[str]) -> None:
    """Mark which words of the request each row's sources hold."""
    for row, sources in enumerate(evidence.terms):
        for source, terms in enumerate(sources):
            if terms:
                known[row, : len(names), source] = [name in terms for name in names]
