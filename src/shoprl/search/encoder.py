"""What a text encoder gives the search; the implementations are elsewhere, so that the search needs no torch."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from shoprl.catalog.product import Product

Vectors = NDArray[np.float32]

MAX_TEXT = 2_000  # characters of a product's text; an encoder reads less


class EncoderIdentity(NamedTuple):
    """Which encoder made vectors: those of another one cannot be compared with them.

    Attributes:
        name: what people call it.
        sha256: of its weights.
        width: size of a vector.
    """

    name: str
    sha256: str
    width: int


class Encoder(Protocol):
    """Turns texts into vectors whose products say how close in meaning the texts are."""

    @property
    def identity(self) -> EncoderIdentity:
        """Which encoder this is."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """A vector of length 1 for each text, shape ``(texts, width)``."""


def encoded_text(product: Product) -> str:
    """The text that stands for a product when it is encoded: its title, and its description where that says more."""
    more = product.description.strip()
    text = product.title if more in product.title else f"{product.title}. {more}"
    return text[:MAX_TEXT]
