"""A text space without an alphabet: shops speak Unicode."""

import string
from typing import Any

from gymnasium import Space
from gymnasium.wrappers.utils import create_zero_array

SAMPLE_LENGTH = 40
_LETTERS = string.ascii_letters + string.digits + " "


class UnicodeText(Space[str]):
    """Any text of at most ``max_length`` characters.

    It is no ``spaces.Text``, which encodes texts by an alphabet where environments share memory; vector environments
    keep its observations as a tuple of texts.
    """

    def __init__(self, max_length: int, seed: int | None = None) -> None:
        super().__init__(dtype=str, seed=seed)
        self.max_length = max_length

    @property
    def is_np_flattenable(self) -> bool:
        """Texts have no fixed size."""
        return False

    def contains(self, x: Any) -> bool:
        """Whether ``x`` is a text that is not too long."""
        return isinstance(x, str) and len(x) <= self.max_length

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """A short random text."""
        length = int(self.np_random.integers(min(self.max_length, SAMPLE_LENGTH) + 1))
        return "".join(_LETTERS[i] for i in self.np_random.integers(len(_LETTERS), size=length))

    def __repr__(self) -> str:
        return f"UnicodeText(max_length={self.max_length})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnicodeText) and other.max_length == self.max_length

    def __hash__(self) -> int:
        return hash((UnicodeText, self.max_length))


@create_zero_array.register(UnicodeText)
def _nothing(space: UnicodeText) -> str:  # type: ignore[misc]  # Gymnasium registers its own for subtypes too
    """What Gymnasium's wrappers show where there is no observation yet."""
    return ""
