"""What every command shares: one JSON document or a readable text on stdout, everything else on stderr."""

import json
import sys
from collections.abc import Sequence

from shoprl.terminal import escaped, shown

WIDEST = 400  # characters of a cell


def emit(value: object, text: str, as_json: bool) -> None:
    """Print a result as JSON or as text."""
    sys.stdout.write((_document(value) if as_json else text) + "\n")


def _document(value: object) -> str:
    return escaped(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows under a header, columns aligned; numbers to the right."""
    cells = [[shown(cell, WIDEST) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = []
    for number, row in enumerate(cells):
        lines.append(
            "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        )
        if number == 0:
            lines.append("  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def percent(value: float | None, interval: Sequence[float] | None = None) -> str:
    """A share as a percentage, with its interval where there is one."""
    if value is None:
        return "-"
    text = f"{100 * value:.1f}%"
    return f"{text} [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]" if interval is not None else text


def points(value: float | None, interval: Sequence[float] | None = None) -> str:
    """A score in points, with its interval where there is one."""
    if value is None:
        return "-"
    return f"{value:.1f} [{interval[0]:.1f}, {interval[1]:.1f}]" if interval is not None else f"{value:.1f}"
