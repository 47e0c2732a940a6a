"""A value over several seeds: its mean, and the 95% interval that another seed would fall around.

Brackets hold 95% intervals everywhere: of one seed over goals, of several over seeds (Student's t). The smallest and
largest seed are never in brackets.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shoprl.evaluation.statistics import over_seeds

Interval = tuple[float, float]


@dataclass(frozen=True)
class OverSeeds:
    """A value over seeds.

    Attributes:
        mean: over the seeds.
        interval: its 95% interval: of one seed over goals, of several over seeds; None where there is none, such as
            where all seeds gave the same.
        low, high: the smallest and the largest seed.
        seeds: how many.
    """

    mean: float
    interval: Interval | None
    low: float
    high: float
    seeds: int

    def to_json(self) -> dict[str, float | list[float] | None]:
        """A JSON-able form."""
        interval = list(self.interval) if self.interval else None
        return {"mean": self.mean, "interval": interval, "low": self.low, "high": self.high, "seeds": self.seeds}


def summarize_seeds(
    values: Sequence[float], within: Interval | None = None, over_goals: Interval | None = None
) -> OverSeeds | None:
    """A value over seeds; None where there is none.

    Args:
        values: one a seed.
        within: what the value can be at all, such as (0, 1); an interval is cut to it.
        over_goals: the interval over goals, which stands where there is one seed only.
    """
    if not values:
        return None
    low, high = min(values), max(values)
    interval = over_goals if len(values) == 1 else None
    if low < high:
        estimate, (least, most) = over_seeds(values), within or (float("-inf"), float("inf"))
        interval = max(least, estimate.low), min(most, estimate.high)
    return OverSeeds(sum(values) / len(values), interval, low, high, len(values))


def in_brackets(interval: Interval | None, form: Callable[[float], str]) -> str:
    """A 95% interval as text; empty where there is none."""
    return f"[{form(interval[0])}, {form(interval[1])}]" if interval else ""
