"""Quantiles of Student's t distribution, which neither the standard library nor NumPy has."""

import math


def student_t(level: float, freedom: int) -> float:
    """The t with P(-t <= T <= t) = ``level`` for Student's T with ``freedom`` (at least 1) degrees of freedom.

    By bisection of the closed form for integer degrees of freedom (Abramowitz & Stegun, "Handbook of Mathematical
    Functions", 26.7.3 and 26.7.4), in the angle atan(t / sqrt(freedom)).
    """
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _central_t(middle, freedom) < level else (low, middle)
    return math.sqrt(freedom) * math.tan((low + high) / 2)


def _central_t(angle: float, freedom: int) -> float:
    """P(-t <= T <= t) for Student's T and t = sqrt(freedom) x tan(angle)."""
    odd = freedom % 2
    term, total = math.cos(angle) if odd else 1.0, 0.0
    for k in range(1 + odd, freedom, 2):
        total += term
        term *= k / (k + 1) * math.cos(angle) ** 2
    return 2 / math.pi * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total
