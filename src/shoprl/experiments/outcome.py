"""What a recipe found, for its results and its report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shoprl.evaluation.evaluate import Evaluation
from shoprl.evaluation.thompson.compare import Comparison


@dataclass(frozen=True)
class Outcome:
    """What a recipe found.

    Attributes:
        results: for ``results.json``.
        tests: each policy's greedy episodes on the test goals.
        trained: names of the trainings, in order.
        thompson: what Thompson sampling found, where there was one.
    """

    results: dict[str, Any]
    tests: Mapping[str, Evaluation]
    trained: tuple[str, ...]
    thompson: Comparison | None = None
