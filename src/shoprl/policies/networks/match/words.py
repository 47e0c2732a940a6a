"""Words of texts: each with its search term, and its state in a frozen backbone, reduced to few numbers.

A word is encoded by itself, once, whatever texts it stands in: a catalogue of any size has few words, so that a text
costs nothing once its words are known. A fixed rotation keeps the directions in which words differ most.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save

from shoprl.errors import PolicyError
from shoprl.files import write_bytes
from shoprl.policies.networks.backbone import Backbone
from shoprl.policies.networks.weights import read_tensors
from shoprl.progress import bar
from shoprl.search.analysis import analyze, tokens

BATCH = 256  # words in one pass
MAX_TOKENS = 16  # of one word; longer ones are truncated
MAX_WORDS = 60  # of one text; longer ones are cut


@lru_cache(maxsize=50_000)
def _known(token: str) -> tuple[str, str]:
    """The word as it is encoded, and its search term; empty for a stop word."""
    return token.lower(), next(iter(analyze(token)), "")


@lru_cache(maxsize=10_000)
def words_in(text: str) -> tuple[tuple[str, str], ...]:
    """The words of a text with their terms, in order, without stop words; of words with the same term the first."""
    kept: dict[str, str] = {}
    for word, term in map(_known, tokens(text)):
        if term and term not in kept:
            kept[term] = word
            if len(kept) == MAX_WORDS:
                break
    return tuple((word, term) for term, word in kept.items())


@dataclass(frozen=True, slots=True)
class Words:
    """A text as words.

    Attributes:
        rows: of each word in the table of states, shape (words,).
        terms: the search term of each word, as a number, shape (words,).
        names: the same terms as texts.
    """

    rows: NDArray[np.int64]
    terms: NDArray[np.int64]
    names: tuple[str, ...]


@torch.no_grad()
def encode_words(backbone: Backbone, words: Sequence[str]) -> torch.Tensor:
    """The mean token state of each word encoded by itself, shape (words, backbone's width)."""
    states = [each for each, _ in backbone.token_states(words, MAX_TOKENS)]
    nothing = torch.zeros(backbone.width)
    return torch.stack([own.float().mean(dim=0) if len(own) else nothing for own in states])


def vocabulary(backbone: Backbone) -> list[str]:
    """The English words and numbers in a backbone's vocabulary, sorted: most of what people write."""
    plain = (token for token in backbone.tokenizer.get_vocab() if token.isascii() and token.isalnum())
    return sorted({word for token in plain for word, _ in words_in(token)})


class WordStore:
    """Caches the states of words, and texts as words.

    Args:
        encoder: gives the frozen encoder; called when there is a word to encode.
        rotation: the directions that are kept, shape (backbone's width, width).
        center: subtracted before, shape (backbone's width,).
    """

    def __init__(self, encoder: Callable[[], Backbone], rotation: torch.Tensor, center: torch.Tensor) -> None:
        self._encoder = encoder
        self._rotation, self._center = rotation.detach().cpu(), center.detach().cpu()
        self._rows: dict[str, int] = {"": 0}  # the first row, of zeros, is that of padding
        self._states = torch.zeros((4096, rotation.shape[1]))
        self._terms: dict[str, int] = {}
        self._texts: dict[str, Words] = {}
        self._batches: list[tuple[str, ...]] = []
        self.add([""])

    def __len__(self) -> int:
        return len(self._rows) - 1

    def __contains__(self, word: object) -> bool:
        return word in self._rows

    def __getitem__(self, text: str) -> Words:
        return self._texts[text]

    @property
    def states(self) -> torch.Tensor:
        """The table of word states, shape (at least the words so far, width)."""
        return self._states

    @property
    def batches(self) -> Sequence[tuple[str, ...]]:
        """The words that this store encoded together, in order."""
        return self._batches

    def add(self, texts: Iterable[str]) -> None:
        """Encode the new words of texts, with a progress bar where there are many."""
        new = list(dict.fromkeys(text for text in texts if text not in self._texts))
        if not new:
            return
        unknown = {word for text in new for word, _ in words_in(text) if word not in self._rows}
        words = sorted(unknown, key=_by_length)
        with bar(len(words), "encoding words", "word", hidden=len(words) <= 8 * BATCH) as progress:
            for start in range(0, len(words), BATCH):
                batch = tuple(words[start : start + BATCH])
                self._encode(batch)
                progress.update(len(batch))
        for text in new:
            own = words_in(text)
            rows = np.array([self._rows[word] for word, _ in own], dtype=np.int64)
            terms = [self._terms.setdefault(term, len(self._terms)) for _, term in own]
            self._texts[text] = Words(rows, np.array(terms, dtype=np.int64), tuple(term for _, term in own))

    @property
    def held(self) -> int:
        """How many words and texts it holds."""
        return len(self._rows) + len(self._texts)

    def forget(self, kept: int) -> None:
        """Forget all texts, and all words but the first ones: what strangers ask has no end.

        Args:
            kept: how many words stay.
        """
        self._rows = dict(islice(self._rows.items(), kept + 1))  # and that of padding
        self._texts, self._terms = {}, {}
        self.add([""])

    def repeat(self, batches: Sequence[Sequence[str]]) -> None:
        """Encode words in the batches of an earlier store, so that their states are its own to the bit."""
        for batch in batches:
            self._encode(tuple(batch))

    @torch.no_grad()
    def _encode(self, batch: tuple[str, ...]) -> None:
        reduced = (encode_words(self._encoder(), batch) - self._center) @ self._rotation
        self._keep(batch, torch.nn.functional.normalize(reduced, dim=-1).half())  # as precise as they are saved
        self._batches.append(batch)

    def _keep(self, words: Sequence[str], states: torch.Tensor) -> None:
        for word, state in zip(words, states.float(), strict=True):
            row = self._rows.setdefault(word, len(self._rows))
            if row >= len(self._states):
                self._states = torch.cat([self._states, torch.zeros_like(self._states)])
            self._states[row] = state

    @property
    def digest(self) -> str:
        """Of what the states depend on besides the encoder, which a policy's configuration names."""
        parts = (self._rotation.contiguous().numpy().tobytes(), self._center.contiguous().numpy().tobytes())
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def save(self, path: Path, only: Collection[str] | None = None) -> None:
        """Write words with their states, so that another process need not encode them.

        Args:
            path: a safetensors file.
            only: which words; all of them if None.

        Raises:
            StorageError: it cannot be written.
        """
        words = [word for word in self._rows if word and (only is None or word in only)]
        states = self._states[[self._rows[word] for word in words]].half()
        about = json.dumps({"rotation": self.digest, "words": words})  # one entry, as several have no order
        write_bytes(path, save({"states": states}, {"about": about}))

    def load(self, path: Path) -> None:
        """Take over the words that :meth:`save` wrote.

        Raises:
            PolicyError: the file is damaged, or of another policy.
        """
        tensors, metadata = read_tensors(path, PolicyError, "words with their states")
        try:
            about = json.loads(metadata["about"])
            words, states = about["words"], tensors["states"]
            fitting = states.shape == (len(words), self._states.shape[1]) and states.dtype == torch.float16
            fitting &= all(isinstance(word, str) for word in words) and about["rotation"] == self.digest
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise PolicyError(f"{path}: no words with their states ({error}). Copy or make it again.") from error
        if not fitting:
            raise PolicyError(f"{path}: its words are of another policy. Copy or make it again.")
        new = [place for place, word in enumerate(words) if word not in self._rows]
        self._keep([words[place] for place in new], states[new])


def _by_length(word: str) -> tuple[int, str]:
    return len(word), word


def principal(states: torch.Tensor, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The directions in which word states differ most, and their mean.

    Args:
        states: shape (words, backbone's width).
        width: how many directions to keep.

    Returns:
        The rotation, shape (backbone's width, width), with each direction's sign fixed; the mean.
    """
    center = states.mean(dim=0) if len(states) else states.new_zeros(states.shape[1])
    _, vectors = torch.linalg.eigh((states - center).T.double() @ (states - center).double() / max(1, len(states)))
    kept = vectors.flip(1)[:, :width]
    signs = torch.sign(kept.gather(0, kept.abs().argmax(dim=0, keepdim=True)))
    return (kept * signs).float(), center
