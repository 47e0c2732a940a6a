"""Batches of states for the match network."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray

from shoprl.policies.networks.match.words import WordStore
from shoprl.tasks.base import Evidence, Observation


@dataclass(frozen=True, slots=True)
class MatchBatch:
    """A padded batch of decisions; rows are those of :class:`shoprl.tasks.base.Evidence`.

    Attributes:
        request: word states of the requests, shape (decisions, W, width).
        request_terms: their terms, shape (decisions, W); -1 for padding.
        words: word states of all rows' own texts with a gap after each row, shape (decisions, T, width).
        terms: their terms, shape (decisions, T); -2 for gaps and padding.
        owner: index of each word's row, shape (decisions, T).
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
    known: torch.Tensor
    features: torch.Tensor
    rows: torch.Tensor
    products: torch.Tensor
    candidates: torch.Tensor
    looking: torch.Tensor

    def to(self, device: torch.device) -> "MatchBatch":
        """A copy on a device."""
        return MatchBatch(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})


def evidence_of(state: Observation) -> Evidence:
    """A state's evidence; of a task that keeps none, that of its candidates alone."""
    if state.evidence is not None:
        return state.evidence
    nothing: tuple[frozenset[str], ...] = ()
    count = len(state.texts)
    return Evidence(state.texts, (nothing,) * count, state.features, ("",) * count)


def collate(states: Sequence[Observation], store: WordStore, sources: int) -> MatchBatch:
    """Make a batch of states whose texts are in the store."""
    shown = [evidence_of(state) for state in states]
    wishes = [store[state.request] for state in states]
    texts = [[store[text] for text in each.texts] for each in shown]
    sizes = [len(each.texts) for each in shown]
    ends = [np.cumsum([len(words.rows) + 1 for words in own]) for own in texts]  # a gap after each row
    number, rows, length = len(states), max(sizes), max(1, *(len(wish.rows) for wish in wishes))
    total, candidates = max(int(end[-1]) for end in ends), max(len(state.texts) for state in states)
    request, words = np.zeros((number, length), dtype=np.int64), np.zeros((number, total), dtype=np.int64)
    request_terms = np.full((number, length), -1, dtype=np.int64)
    terms = np.full((number, total), -2, dtype=np.int64)
    owner = np.zeros((number, total), dtype=np.int64)
    known = np.zeros((number, rows, length, sources), dtype=np.float32)
    features = np.zeros((number, rows, shown[0].features.shape[1]), dtype=np.float32)
    real, products = np.zeros((number, rows), dtype=np.bool_), np.zeros((number, rows), dtype=np.bool_)
    offered = np.zeros((number, candidates), dtype=np.bool_)
    looking = np.zeros((number, candidates), dtype=np.float32)
    for i, (state, each, wish, own) in enumerate(zip(states, shown, wishes, texts, strict=True)):
        size, asked = sizes[i], len(wish.rows)
        request[i, :asked], request_terms[i, :asked] = wish.rows, wish.terms
        counts = np.diff(ends[i], prepend=0)
        owners = np.repeat(np.arange(size), counts)
        inside = np.ones(len(owners), dtype=np.bool_)
        inside[ends[i] - 1] = False
        words[i, : len(owners)][inside] = np.concatenate([text.rows for text in own])
        terms[i, : len(owners)][inside] = np.concatenate([text.terms for text in own])
        owner[i, : len(owners)] = owners
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
        known=torch.from_numpy(known),
        features=torch.from_numpy(features),
        rows=torch.from_numpy(real),
        products=torch.from_numpy(products),
        candidates=torch.from_numpy(offered),
        looking=torch.from_numpy(looking),
    )


def _mark(known: NDArray[np.float32], evidence: Evidence, names: Sequence[str]) -> None:
    """Mark which words of the request each row's sources hold."""
    for row, sources in enumerate(evidence.terms):
        for source, terms in enumerate(sources):
            if terms:
                known[row, : len(names), source] = [name in terms for name in names]
