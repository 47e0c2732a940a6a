"""Texts as vectors of a frozen backbone: the mean of its last states, as all-MiniLM-L6-v2 was trained for."""

from collections.abc import Sequence

import numpy as np

from shoprl.errors import ConfigError
from shoprl.policies.networks.backbone import DEFAULT, Backbone, load_backbone
from shoprl.search.encoder import EncoderIdentity, Vectors

BATCH = 64  # texts of similar length in one pass
MAX_TOKENS = 64  # of one text; longer ones are truncated


class SentenceEncoder:
    """The encoder of hybrid search (:class:`shoprl.search.encoder.Encoder`).

    Args:
        backbone: the frozen encoder; None for the default one.
    """

    def __init__(self, backbone: Backbone | None = None) -> None:
        self._backbone = backbone or load_backbone()

    def __reduce__(self) -> tuple[object, tuple[str, tuple[str]]]:
        return sentence_encoder, (self._backbone.sha256, (self._backbone.name,))  # another process loads it itself

    @property
    def identity(self) -> EncoderIdentity:
        """Which encoder this is."""
        return EncoderIdentity(self._backbone.name, self._backbone.sha256, self._backbone.width)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """A vector of length 1 for each text, shape ``(texts, width)``; encoded in batches of similar length."""
        vectors = np.zeros((len(texts), self._backbone.width), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda number: (len(texts[number]), texts[number]))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            vectors[batch] = self._backbone.means([texts[number] for number in batch], MAX_TOKENS).numpy()
        return vectors


def sentence_encoder(sha256: str | None = None, named: Sequence[str] = ()) -> SentenceEncoder:
    """The encoder to search with, of the backbones that the user named or the default one.

    Args:
        sha256: of the weights that vectors were made with; None where there are no vectors yet.
        named: hub ids and folders.

    Raises:
        ConfigError: none of them has these weights.
        BackboneError: one cannot be loaded.
    """
    for name in named or (DEFAULT,):
        backbone = load_backbone(name)
        if sha256 is None or backbone.sha256 == sha256:
            return SentenceEncoder(backbone)
    if named and sha256 is not None and load_backbone().sha256 == sha256:
        return SentenceEncoder()
    raise ConfigError(
        f"The shop's vectors were made with another backbone than {' or '.join(named or (DEFAULT,))}. "
        "Give that one's hub id or folder as `backbone`, or make the vectors again with `shoprl catalog vectors`."
    )
