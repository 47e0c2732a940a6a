"""The last layers of a BERT, trained with the network on top of them, over cached states of the layers below."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from shoprl.policies.networks.encoder import TokenRows, TokenStore
from shoprl.policies.networks.pretrained import new_encoder
from shoprl.policies.networks.token_batch import passes

WORDS = 8  # vocabulary size of the embeddings that come with new layers and are discarded


def new_layers(encoder: Mapping[str, Any], count: int) -> nn.ModuleList:
    """Layers with new weights.

    Args:
        encoder: configuration of the encoder.
        count: number of layers.
    """
    config = {**encoder, "num_hidden_layers": count, "vocab_size": WORDS}
    layers: nn.ModuleList = new_encoder(config).encoder.layer
    return layers


def run_layers(layers: nn.ModuleList, store: TokenStore, texts: Iterable[str]) -> TokenRows:
    """Token states after the layers, without special tokens; equal texts are encoded once.

    Args:
        layers: the last layers of the store's backbone.
        store: their inputs.
        texts: any texts; the layers are differentiated if gradients are enabled.
    """
    distinct = [text for text in dict.fromkeys(texts) if text]
    states, ids, counts = store.gather(distinct)
    sizes = counts.tolist()
    own_states, own_ids = states.split(sizes), ids.split(sizes)
    rows: dict[str, tuple[int, int]] = {"": (0, 0)}
    device = next(layers.parameters()).device
    parts, part_ids, start = [states.new_zeros((0, states.shape[1])).to(device)], [ids[:0]], 0
    for numbers in passes(sizes) if distinct else ():
        padded = nn.utils.rnn.pad_sequence([own_states[i] for i in numbers], batch_first=True).to(device)
        for row, i in enumerate(numbers):
            rows[distinct[i]] = (start + row * padded.shape[1] + 1, sizes[i] - 2)
        parts.append(_apply(layers, padded, counts[numbers].to(device)).flatten(0, 1))
        part_ids.append(nn.utils.rnn.pad_sequence([own_ids[i] for i in numbers], batch_first=True).flatten())
        start += len(part_ids[-1])
    return TokenRows(torch.cat(parts), torch.cat(part_ids), rows)


def _apply(layers: nn.ModuleList, states: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """States after the layers, shape (texts, longest, width), of padded texts with these lengths."""
    padding = torch.arange(states.shape[1], device=states.device)[None, :] >= lengths[:, None]
    mask = torch.zeros_like(padding, dtype=states.dtype).masked_fill(padding, torch.finfo(states.dtype).min)
    for layer in layers:
        output = layer(states, mask[:, None, None, :])
        states = output if isinstance(output, torch.Tensor) else output[0]  # a tuple in Transformers 4
    return states


class Finished:
    """Caches token states after the layers while the layers' weights do not change."""

    def __init__(self) -> None:
        self._rows: TokenRows | None = None
        self._of: list[tuple[object, ...]] = []

    def drop(self) -> None:
        """Empty the cache."""
        self._rows, self._of = None, []

    def states(self, layers: nn.ModuleList, store: TokenStore, texts: Iterable[str]) -> TokenRows:
        """Token states of at least these texts, as :func:`run_layers`; emptied first if the weights have changed."""
        of = _version(layers, store)
        if self._rows is None or not _same(of, self._of):
            self._of = of
            self._rows = TokenRows.empty(store.backbone.width, torch.float32, next(layers.parameters()).device)
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if new:
            states, ids, counts = run_layers(layers, store, new).gather(new)
            sizes = counts.tolist()
            for text, own_states, own_ids in zip(new, states.split(sizes), ids.split(sizes), strict=True):
                self._rows.append(text, own_states, own_ids)
        return self._rows


@torch.no_grad()
def _version(layers: nn.ModuleList, store: TokenStore) -> list[tuple[object, ...]]:
    """Identity, address, version counter and sum of each weight, which together change with the weights.

    The sum detects changes that do not increment the counter, as by PyTorch's fused optimizers and ``.data``.
    """
    weights = list(layers.parameters())
    sums = torch.stack([weight.sum() for weight in weights]).cpu().tolist()
    counts = [0 if weight.is_inference() else weight._version for weight in weights]
    places = [weight.data_ptr() for weight in weights]
    return [(store,), *zip(weights, places, counts, sums, strict=True)]


def _same(first: list[tuple[object, ...]], second: list[tuple[object, ...]]) -> bool:
    """Whether two versions are equal; tensors are compared by identity."""
    return len(first) == len(second) and all(
        a[0] is b[0] and a[1:] == b[1:] for a, b in zip(first, second, strict=True)
    )
