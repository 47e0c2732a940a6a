"""What a match network works out for one request, kept while the request is shopped for.

The runs for a request, and the pages of its search, show the same texts again and again. What of the network depends on
the request and a text alone is computed once for each text here, and only what depends on a state for each state.
Rows of states stand one after the other, without padding between them. All of it is the arithmetic of
:class:`shoprl.policies.networks.match.model.MatchModel`, in another order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from shoprl.policies.networks.match.batch import evidence_of, texts_of
from shoprl.policies.networks.match.model import OWN, MatchModel, best_of_texts, mean_of_texts
from shoprl.policies.networks.match.words import WordStore
from shoprl.tasks.base import Observation

Terms = tuple[frozenset[str], ...]  # of a row's further texts, by source
MOST = 20_000  # items and answers kept for a request, of up to 10 kB each; beyond that it starts anew


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of some states of a request, one after the other.

    Attributes:
        items: the place of each row's text and terms in the memory.
        features: shape (rows, features).
        states: the state of each row, shape (rows,).
        places: the place of each row in an array of shape (states x longest,), shape (rows,).
        padded: the row at each such place, any at one without, shape (states x longest,).
        mask: minus infinity at places without a row, 0 at the others, shape (states, longest).
        products: the item of each place that has a product, 0 elsewhere, shape (states x longest,).
        candidates: which places are candidates, shape (states, most candidates).
        looking: see :attr:`shoprl.tasks.base.Evidence.looking`, shape (states, most candidates); 0 for padding.
    """

    items: Sequence[int]
    features: torch.Tensor
    states: torch.Tensor
    places: torch.Tensor
    padded: torch.Tensor
    mask: torch.Tensor
    products: torch.Tensor
    candidates: torch.Tensor
    looking: torch.Tensor


class _Table:
    """Rows of numbers that are added to, with room for more."""

    def __init__(self, *shape: int, device: torch.device) -> None:
        self._held, self._count = torch.zeros(64, *shape, device=device), 0

    def add(self, rows: torch.Tensor) -> None:
        end = self._count + len(rows)
        if end > len(self._held):
            room = torch.zeros(2 * end, *self._held.shape[1:], device=self._held.device)
            room[: self._count] = self._held[: self._count]
            self._held = room
        self._held[self._count : end] = rows
        self._count = end

    def __getitem__(self, rows: torch.Tensor) -> torch.Tensor:
        return self._held.index_select(0, rows)


class RequestMemory:
    """A request, and the texts it was compared with.

    An *item* is a text together with what else was read of its row; the first one is of nothing at all.
    Valid while the model's weights are what they were when it was made.

    Args:
        model: not in training.
        store: of the words of the request and of texts.
        request: the request.
    """

    @torch.no_grad()
    def __init__(self, model: MatchModel, store: WordStore, request: str) -> None:
        self._model, self._store, self._device = model, store, model.device
        self._held = list(model.state_dict(keep_vars=True).values())
        self._version = self._now()
        self._layers = [_Layer.of(each) for each in model.mix.layers]
        store.add([request])
        wish, config = store[request], model.config
        self._names = wish.names
        rows, terms = (wish.rows, wish.terms) if len(wish.rows) else (np.array([0]), np.array([-1]))
        self._asked = store.states[torch.from_numpy(rows)][None].to(self._device)
        self._terms = torch.from_numpy(terms)[None].to(self._device)
        importance, real = model.importance(self._asked)[0].float(), self._terms[0] >= 0
        lowest = torch.finfo(importance.dtype).min
        self._weights = torch.softmax(importance[:, 0].masked_fill(~real, lowest), dim=0)
        plain = torch.sigmoid(importance[:, 1]) * real
        self._share = plain / plain.sum().clamp(min=1e-6)
        own, self._beside = model.found.weight.split(OWN + config.sources, dim=1)
        self._own = own - self._beside
        self._said = model.asked(self._asked)[0].float() + model.found.bias
        self._answers_in, self._texts_in = model.join.weight.split([config.match, 2 * config.match], dim=1)
        self._start()

    def _start(self) -> None:
        """Forget all texts."""
        config, words, device = self._model.config, len(self._said), self._device
        self._texts: dict[str, int] = {}
        self._items: dict[tuple[str, Terms], int] = {}
        self._best = _Table(words, OWN, device=device)  # of each text, what its words answer
        self._side = _Table(config.hidden, device=device)  # and what it adds to a row
        self._found = _Table(words * (OWN + config.sources), device=device)  # of each item
        self._known = _Table(words * config.match, device=device)
        self._covered = _Table(OWN + config.sources, device=device)
        self._of_item = _Table(config.hidden, device=device)
        self._pages: dict[bytes, int] = {}  # the best of a page's products
        self._answered: dict[tuple[int, int], int] = {}  # item, page
        self._answers = _Table(config.hidden, device=device)
        self._keep([("", ())])

    def __len__(self) -> int:
        return len(self._items)

    @property
    def valid(self) -> bool:
        """Whether the weights are those that it was made with."""
        return self._version == self._now()

    def _now(self) -> list[tuple[int, int]]:
        return [(each.data_ptr(), 0 if each.is_inference() else each._version) for each in self._held]

    def rows(self, states: Sequence[Observation]) -> Rows:
        """The rows of states of this request."""
        shown = [evidence_of(state) for state in states]
        if len(self._items) + len(self._answered) > MOST:
            self._start()
        keys = [key for each in shown for key in zip(each.texts, each.terms, strict=True)]
        self._keep([key for key in keys if key not in self._items])
        items = [self._items[key] for key in keys]
        sizes, offered = [len(each.texts) for each in shown], [len(state.texts) for state in states]
        longest, most, count = max(sizes), max(offered), len(states)
        of_state = np.repeat(np.arange(count), sizes)
        places = np.arange(len(items)) + (longest * np.arange(count) - np.cumsum([0, *sizes[:-1]]))[of_state]
        padded, products = np.zeros((2, count * longest), dtype=np.int64)
        padded[places] = np.arange(len(items))
        names = [name for each in shown for name in each.names]
        products[places] = [item if name else 0 for item, name in zip(items, names, strict=True)]
        mask = np.full(count * longest, -np.inf, dtype=np.float32)
        mask[places] = 0.0
        looking = np.zeros((count, most), dtype=np.float32)
        for row, each in zip(looking, shown, strict=True):
            if each.looking is not None:
                row[: len(each.looking)] = each.looking
        arrays = (
            np.concatenate([each.features for each in shown]),
            of_state,
            places,
            padded,
            mask.reshape(count, longest),
            products,
            np.arange(most) < np.array(offered)[:, None],
            looking,
        )
        return Rows(items, *(torch.from_numpy(each).to(self._device) for each in arrays))

    def mixed(self, rows: Rows) -> torch.Tensor:
        """Contextual vectors of the rows, shape (states, longest, hidden); zeros where there is none."""
        model, (states, longest) = self._model, rows.mask.shape
        page = self._found[rows.products].view(states, longest, -1).amax(dim=1)
        items = torch.tensor(rows.items, device=self._device)
        covered, answers = self._covered[items], self._answers[self._answer(page, rows)]
        best = (page.view(states, len(self._said), -1) * self._share[:, None]).sum(dim=1)
        numbers = model.numbers(torch.cat([rows.features, covered, best[rows.states] - covered], dim=-1))
        mixed = self._of_item[items].add_(numbers).add_(answers)
        for layer in self._layers:
            mixed = _mix(layer, mixed, rows)
        whole = mixed.new_zeros(states * longest, mixed.shape[1])
        whole[rows.places] = mixed
        return whole.view(states, longest, -1)

    def _answer(self, page: torch.Tensor, rows: Rows) -> torch.Tensor:
        """The places of the rows' answers to the request's words, beside the best of their pages."""
        numbers = [self._pages.setdefault(each.tobytes(), len(self._pages)) for each in page.cpu().numpy()]
        keys = [(item, numbers[state]) for item, state in zip(rows.items, rows.states.tolist(), strict=True)]
        new = {key: state for key, state in zip(keys, rows.states.tolist(), strict=True) if key not in self._answered}
        if new:
            items, states = torch.tensor([[item for item, _ in new], list(new.values())], device=self._device)
            beside = (page.view(len(page), len(self._said), -1) @ self._beside.T).flatten(1)
            known = self._model.answer(self._known[items].add_(beside.index_select(0, states)))
            answers = torch.matmul(self._weights, known.view(len(new), len(self._said), -1))
            self._answers.add(nn.functional.linear(answers, self._answers_in))
            for key in new:
                self._answered[key] = len(self._answered)
        return torch.tensor([self._answered[key] for key in keys], device=self._device)

    def _keep(self, keys: Iterable[tuple[str, Terms]]) -> None:
        """Add new items."""
        new = list(dict.fromkeys(keys))
        if not new:
            return
        texts = [text for text in dict.fromkeys(text for text, _ in new) if text not in self._texts]
        self._store.add(texts)
        self._compare(texts)
        sources = self._model.config.sources
        marks = np.zeros((len(new), len(self._said), sources), dtype=np.float32)
        for mark, (_, terms) in zip(marks, new, strict=True):
            for source, own in enumerate(terms):
                if own:
                    mark[: len(self._names), source] = [name in own for name in self._names]
        places = torch.tensor([self._texts[text] for text, _ in new], device=self._device)
        found = torch.cat([self._best[places], torch.from_numpy(marks).to(self._device)], dim=-1)
        self._found.add(found.flatten(1))
        self._known.add((found @ self._own.T + self._said).flatten(1))
        self._covered.add((found * self._share[:, None]).sum(dim=1))
        self._of_item.add(self._side[places])
        for key in new:
            self._items[key] = len(self._items)

    def _compare(self, texts: Sequence[str]) -> None:
        """Compare new texts with the request."""
        if not texts:
            return
        arrays = texts_of([texts], self._store)
        words, terms, owner = (torch.from_numpy(each).to(self._device) for each in arrays)
        states = self._store.states[words.cpu()].to(self._device)
        near, *vectors = self._model.compared(self._asked, self._terms, states, terms)
        self._best.add(best_of_texts(near.float(), owner, len(texts))[0])
        pooled = [mean_of_texts(each.float(), terms, owner, len(texts))[0] for each in vectors]
        self._side.add(nn.functional.linear(torch.cat(pooled, dim=-1), self._texts_in, self._model.join.bias))
        for text in texts:
            self._texts[text] = len(self._texts)


class _Layer(NamedTuple):
    """Weights of a transformer layer that norms first, since asking a module for them takes as long as a step."""

    heads: int
    norm1: tuple[torch.Tensor, torch.Tensor, float]
    joined: tuple[torch.Tensor, torch.Tensor]
    out: tuple[torch.Tensor, torch.Tensor]
    norm2: tuple[torch.Tensor, torch.Tensor, float]
    linear1: tuple[torch.Tensor, torch.Tensor]
    linear2: tuple[torch.Tensor, torch.Tensor]

    @classmethod
    def of(cls, layer: nn.TransformerEncoderLayer) -> "_Layer":
        attention, norms = layer.self_attn, [(each.weight, each.bias, each.eps) for each in (layer.norm1, layer.norm2)]
        linear = [(each.weight, each.bias) for each in (attention.out_proj, layer.linear1, layer.linear2)]
        joined = (attention.in_proj_weight, attention.in_proj_bias)
        return cls(attention.num_heads, norms[0], joined, linear[0], norms[1], *linear[1:])


def _mix(layer: _Layer, rows: torch.Tensor, of: Rows) -> torch.Tensor:
    """A layer over the rows of each state."""
    width, whole = rows.shape[1], len(rows) == len(of.padded)
    (states, longest), heads, linear, gelu = of.mask.shape, layer.heads, nn.functional.linear, nn.functional.gelu
    joined = linear(_normed(rows, layer.norm1), *layer.joined)
    if not whole:
        joined = joined.index_select(0, of.padded)
    parts = joined.view(states, longest, 3, heads, -1).permute(2, 0, 3, 1, 4)
    query, key, value = parts.reshape(3, states * heads, longest, -1)
    mask = of.mask[:, None, None].expand(-1, heads, -1, -1).reshape(-1, 1, longest)
    weights = torch.softmax(torch.baddbmm(mask, query, key.transpose(1, 2), alpha=(width // heads) ** -0.5), dim=-1)
    attended = torch.bmm(weights, value).view(states, heads, longest, -1).transpose(1, 2)
    together = attended.reshape(-1, width)
    if not whole:
        together = together.index_select(0, of.places)
    rows = rows + linear(together, *layer.out)
    return rows + linear(gelu(linear(_normed(rows, layer.norm2), *layer.linear1)), *layer.linear2)


def _normed(rows: torch.Tensor, norm: tuple[torch.Tensor, torch.Tensor, float]) -> torch.Tensor:
    weight, bias, eps = norm
    return nn.functional.layer_norm(rows, weight.shape, weight, bias, eps)
