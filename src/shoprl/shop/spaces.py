"""A text space without a fixed alphabet: shops speak Unicode."""

from typing import Any

from gymnasium import spaces


class UnicodeText(spaces.Text):
    """Any text of at most ``max_length`` characters; samples are drawn from letters and digits."""

    def __init__(self, max_length: int, seed: int | None = None) -> None:
        super().__init__(max_length=max_length, min_length=0, seed=seed)

    def contains(self, x: Any) -> bool:
        """Whether ``x`` is a text that is not too long."""
        return isinstance(x, str) and len(x) <= self.max_length

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """A short random text (a space of a million characters is not sampled in full)."""
        length = int(self.np_random.integers(min(self.max_length, 40) + 1))
        return super().sample(mask=(length, None)) if mask is None else super().sample(mask=mask)

    def __repr__(self) -> str:
        return f"UnicodeText(max_length={self.max_length})"
