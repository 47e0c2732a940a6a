"""Token states of a frozen backbone, computed once a text and kept in one growing array."""

from collections.abc import Iterable, Sequence

import torch

from shoprl.policies.backbone import Backbone
from shoprl.progress import bar

BATCH = 64  # texts of similar length in one pass
MAX_TOKENS = 64  # of one text; longer ones are cut


class TokenStore:
    """Text -> its rows in an array of token states.

    Args:
        backbone: the frozen encoder.
        max_tokens: longer texts are cut.
    """

    def __init__(self, backbone: Backbone, max_tokens: int = MAX_TOKENS) -> None:
        self.backbone = backbone
        self.max_tokens = max_tokens
        self._rows: dict[str, tuple[int, int]] = {"": (0, 0)}
        self._states = torch.zeros((4096, backbone.width), dtype=torch.float16)
        self._ids = torch.zeros(4096, dtype=torch.int32)
        self._used = 0

    def __contains__(self, text: object) -> bool:
        return text in self._rows

    def add(self, texts: Iterable[str]) -> None:
        """Encode the texts that are new, in batches of similar length, with a progress bar."""
        new = sorted(dict.fromkeys(text for text in texts if text not in self._rows), key=lambda t: (len(t), t))
        if not new:
            return
        with bar(len(new), "encoding texts", "text") as progress:
            for start in range(0, len(new), BATCH):
                batch = new[start : start + BATCH]
                for text, tokens in zip(batch, self.backbone.token_states(batch, self.max_tokens), strict=True):
                    self._append(text, *tokens)
                progress.update(len(batch))

    def _append(self, text: str, states: torch.Tensor, ids: torch.Tensor) -> None:
        count = len(states)
        while self._used + count > len(self._states):
            self._states = torch.cat([self._states, torch.zeros_like(self._states)])
            self._ids = torch.cat([self._ids, torch.zeros_like(self._ids)])
        self._states[self._used : self._used + count] = states
        self._ids[self._used : self._used + count] = ids
        self._rows[text] = (self._used, count)
        self._used += count

    def gather(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Tokens of several texts, one after the other.

        Returns:
            states of shape (all tokens, width) in float32, vocabulary ids of shape (all tokens,), and the number of
            tokens of each text, shape (texts,).
        """
        self.add(texts)
        rows = [self._rows[text] for text in texts]
        counts = torch.tensor([count for _, count in rows], dtype=torch.long)
        starts = torch.tensor([start for start, _ in rows], dtype=torch.long)
        ends = counts.cumsum(0)
        index = torch.arange(int(counts.sum())) + torch.repeat_interleave(starts - (ends - counts), counts)
        return self._states[index].float(), self._ids[index], counts
