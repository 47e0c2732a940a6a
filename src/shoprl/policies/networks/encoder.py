"""Token states of a frozen backbone, computed once per text and stored in one growing array."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

import torch
from safetensors.torch import save

from shoprl.errors import BackboneError
from shoprl.files import write_bytes
from shoprl.policies.networks.backbone import Backbone, load_backbone
from shoprl.policies.networks.weights import read_tensors
from shoprl.progress import bar

BATCH = 64  # texts of similar length in one pass
MAX_TOKENS = 64  # of one text; longer ones are truncated
START = 4096  # initial capacity of an array, in tokens


class Encodings(Protocol):
    """What a policy encodes texts with; it can repeat its work to the bit."""

    @property
    def batches(self) -> Sequence[tuple[str, ...]]:
        """What was encoded together, in order."""

    def repeat(self, batches: Sequence[Sequence[str]]) -> None:
        """Encode in the batches of an earlier one, so that all states are the same to the bit."""


class TokenRows:
    """Maps texts to their rows in an array of token states.

    Args:
        states: shape (tokens, width).
        ids: vocabulary ids, shape (tokens,).
        rows: text -> (first row, number of rows).
    """

    def __init__(self, states: torch.Tensor, ids: torch.Tensor, rows: dict[str, tuple[int, int]]) -> None:
        self._states, self._ids, self._rows = states, ids, rows
        self._used = max((start + count for start, count in rows.values()), default=0)

    @classmethod
    def empty(cls, width: int, dtype: torch.dtype, device: torch.device | None = None) -> "TokenRows":
        """Rows to append to; they hold only the empty text, without tokens."""
        with torch.inference_mode(False):
            states = torch.zeros((START, width), dtype=dtype, device=device)
            return cls(states, torch.zeros(START, dtype=torch.int32), {"": (0, 0)})

    def __contains__(self, text: object) -> bool:
        return text in self._rows

    def count(self, text: str) -> int:
        """Number of tokens of a text."""
        return self._rows[text][1]

    @torch.inference_mode(False)  # arrays that grew while acting are written to in training
    @torch.no_grad()
    def append(self, text: str, states: torch.Tensor, ids: torch.Tensor) -> None:
        """Add a text's tokens."""
        count = len(states)
        while self._used + count > len(self._states):
            more = max(START, len(self._states))
            self._states = torch.cat([self._states, self._states.new_zeros((more, self._states.shape[1]))])
            self._ids = torch.cat([self._ids, self._ids.new_zeros(more)])
        self._states[self._used : self._used + count] = states
        self._ids[self._used : self._used + count] = ids
        self._rows[text] = (self._used, count)
        self._used += count

    def to_bytes(self, about: dict[str, str]) -> bytes:
        """The rows as a safetensors file with ``about`` in its metadata."""
        used = {"states": self._states[: self._used].contiguous(), "ids": self._ids[: self._used].contiguous()}
        return save(used, {**about, "rows": json.dumps(self._rows)})

    def gather(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Tokens of several texts, concatenated.

        Returns:
            States in float32, shape (all tokens, width); vocabulary ids, shape (all tokens,); number of tokens of each
            text, shape (texts,).
        """
        rows = [self._rows[text] for text in texts]
        counts = torch.tensor([count for _, count in rows], dtype=torch.long)
        starts = torch.tensor([start for start, _ in rows], dtype=torch.long)
        ends = counts.cumsum(0)
        index = torch.arange(int(counts.sum())) + torch.repeat_interleave(starts - (ends - counts), counts)
        return self._states.index_select(0, index.to(self._states.device)).float(), self._ids[index], counts


class TokenStore:
    """Caches the token states of texts in a frozen backbone, or the inputs of its last layers.

    Args:
        backbone: the frozen encoder.
        max_tokens: longer texts are truncated.
        tuned_layers: how many of the backbone's last layers are left out; above 0, the special tokens, to which those
            layers attend, are stored too.

    Raises:
        BackboneError: the backbone's last layers cannot be left out.
        ConfigError: the backbone has fewer layers.
    """

    def __init__(self, backbone: Backbone, max_tokens: int = MAX_TOKENS, tuned_layers: int = 0) -> None:
        if tuned_layers:
            backbone.last_layers(tuned_layers)
        self.backbone = backbone
        self.max_tokens = max_tokens
        self.tuned_layers = tuned_layers
        self._kept = TokenRows.empty(backbone.width, torch.float16)
        self._batches: list[tuple[str, ...]] = []

    def __contains__(self, text: object) -> bool:
        return text in self._kept

    def count(self, text: str) -> int:
        """Number of tokens of a text that was encoded."""
        return self._kept.count(text)

    def add(self, texts: Iterable[str]) -> None:
        """Encode new texts, in batches of similar length, with a progress bar."""
        new = sorted(dict.fromkeys(text for text in texts if text not in self._kept), key=lambda t: (len(t), t))
        if not new:
            return
        with bar(len(new), "encoding texts", "text") as progress:
            for start in range(0, len(new), BATCH):
                batch = tuple(new[start : start + BATCH])
                self._add_batch(batch)
                progress.update(len(batch))

    def _add_batch(self, batch: tuple[str, ...]) -> None:
        for text, tokens in zip(batch, self._encode(batch), strict=True):
            self._kept.append(text, *tokens)
        self._batches.append(batch)

    @property
    def batches(self) -> Sequence[tuple[str, ...]]:
        """The texts that this store encoded together, in order."""
        return self._batches

    def repeat(self, batches: Sequence[Sequence[str]]) -> None:
        """Encode texts in the batches of an earlier store, so that their token states are its own to the bit.

        The padding of a batch changes the last bits of its token states, so texts are encoded with the same others, in
        the same order; a text that is already here is replaced.
        """
        if not batches:
            return
        with bar(sum(map(len, batches)), "encoding texts as before", "text") as progress:
            for batch in batches:
                self._add_batch(tuple(batch))
                progress.update(len(batch))

    def _about(self) -> dict[str, str]:
        parts = {"backbone": self.backbone.sha256, "max_tokens": self.max_tokens, "tuned_layers": self.tuned_layers}
        return {name: str(value) for name, value in parts.items()}

    def save(self, path: Path) -> None:
        """Write the token states, so that :meth:`load` in another process gives identical ones.

        Raises:
            StorageError: it cannot be written.
        """
        write_bytes(path, self._kept.to_bytes(self._about()))

    @classmethod
    def load(cls, path: Path, backbone: Backbone) -> "TokenStore":
        """Load what :meth:`save` wrote.

        Raises:
            BackboneError: the file is damaged, or is of another backbone.
        """
        store = cls(backbone)
        tensors, about = read_tensors(path, BackboneError, "token states", "Delete it to recompute them.")
        try:
            given = json.loads(about.pop("rows"))
            rows = {text: (int(start), int(count)) for text, (start, count) in given.items()}
            states, ids = tensors["states"], tensors["ids"]
            kept = TokenRows(states, ids, rows)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise BackboneError(f"{path}: no token states ({error}). Delete it to recompute them.") from error
        inside = all(start >= 0 and 0 <= count <= len(ids) - start for start, count in rows.values())
        kinds = (states.dtype, ids.dtype) == (torch.float16, torch.int32)
        if not (inside and kinds and states.shape == (*ids.shape, backbone.width) and ids.dim() == 1):
            raise BackboneError(f"{path}: its parts do not fit together. Delete it to recompute them.")
        if about != store._about():
            raise BackboneError(f"{path}: of another backbone or of other settings. Delete it to recompute them.")
        store._kept = kept
        return store

    def _encode(self, texts: Sequence[str]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        if self.tuned_layers:
            return self.backbone.inner_states(texts, self.max_tokens, self.tuned_layers)
        return self.backbone.token_states(texts, self.max_tokens)

    def gather(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Encode new texts, and gather as :meth:`TokenRows.gather`."""
        self.add(texts)
        return self._kept.gather(texts)


def encoded(
    texts: Callable[[], Iterable[str]], path: Path | None = None, backbone: Backbone | None = None
) -> TokenStore:
    """A store with the token states of texts.

    Give all texts that will be needed: the padding of a batch changes the last bits of its token states, so a resumed
    run, and every worker, must encode the same texts together.

    Args:
        texts: gives the texts; called if the file does not exist.
        path: a file that caches the token states; None for none.
        backbone: the frozen encoder; None for the default one.

    Raises:
        BackboneError: the file is damaged or of another backbone.
        StorageError: it cannot be written.
    """
    if path is not None and path.is_file():
        return TokenStore.load(path, backbone or load_backbone())
    store = TokenStore(backbone or load_backbone())
    store.add(texts())
    if path is not None:
        store.save(path)
    return store
