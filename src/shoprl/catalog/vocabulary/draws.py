"""Fast random draws for text: one uniform number at a time, fetched from a Generator in blocks."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Draws:
    """Draws from ``rng``, which moves on by ``block`` numbers at a time.

    A call to a numpy Generator costs about a microsecond, and a product takes a hundred draws.

    Args:
        rng: where every number comes from.
        block: how many numbers to fetch at once.

    Attributes:
        uniform: gives a number in [0, 1).
    """

    def __init__(self, rng: np.random.Generator, block: int = 4096) -> None:
        blocks: Iterator[list[float]] = (rng.random(block).tolist() for _ in repeat(None))
        self.uniform: Callable[[], float] = chain.from_iterable(blocks).__next__

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.uniform() < probability

    def below(self, bound: int) -> int:
        """A whole number from 0 to ``bound`` - 1."""
        return int(self.uniform() * bound)

    def between(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + int(self.uniform() * (high - low + 1))

    def pick(self, items: Sequence[T]) -> T:
        """One of ``items``."""
        return items[int(self.uniform() * len(items))]

    def sample(self, items: Sequence[T], size: int) -> list[T]:
        """``size`` different places of ``items`` (all of them where there are fewer), in random order."""
        if size <= 0:
            return []
        uniform = self.uniform
        pool = list(items)
        end = len(pool)
        for place in range(min(size, end)):
            other = place + int(uniform() * (end - place))
            pool[place], pool[other] = pool[other], pool[place]
        return pool[:size]

    def run(self, items: Sequence[T], size: int) -> list[T]:
        """``size`` neighbours of ``items`` (all of them where there are fewer), in their order."""
        start = self.below(max(0, len(items) - size) + 1)
        return list(items[start : start + size])
