"""An encoder without a network: a text's vector is the sum of its words', and words may mean the same."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from shoprl.search.encoder import EncoderIdentity, Vectors

WIDTH = 64


class WordEncoder:
    """The same vectors for the same words in every process."""

    def __init__(self, synonyms: Mapping[str, str] | None = None, name: str = "words") -> None:
        self.synonyms, self.name = synonyms or {}, name
        self.encoded: list[list[str]] = []  # of each call

    @property
    def identity(self) -> EncoderIdentity:
        return EncoderIdentity(self.name, hashlib.sha256(self.name.encode()).hexdigest(), WIDTH)

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.encoded.append(list(texts))
        rows = [sum((self._word(word) for word in text.lower().split()), np.zeros(WIDTH)) for text in texts]
        vectors = np.array(rows, dtype=np.float32).reshape(-1, WIDTH)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9).astype(np.float32)

    def _word(self, word: str) -> np.ndarray:
        digest = hashlib.sha256(self.synonyms.get(word, word).encode()).digest()
        return np.random.default_rng(list(digest)).normal(size=WIDTH)
