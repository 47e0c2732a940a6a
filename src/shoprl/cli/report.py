"""``shoprl report``: one page made of finished run folders."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from shoprl.cli.options import Printing
from shoprl.cli.output import emit, percent, table


@dataclass(frozen=True, kw_only=True)
class Report(Printing):
    """Write one HTML page about finished runs.

    The page is one file that needs no other. Runs that differ only in their seeds are averaged.

    Attributes:
        runs: run folders.
        out: the page to write.
        markdown: also write the report as GitHub Markdown to this file, and its pictures to a folder of the same name
            without the suffix.
        title: title of the page.
    """

    runs: Annotated[
        tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN...", help_behavior_hint="(at least one)")
    ]
    out: Path
    markdown: Path | None = None
    title: str = "ShopRL report"

    def execute(self) -> None:
        """Run the command."""
        from shoprl.report import write_runs_report

        written = write_runs_report(self.runs, self.out, self.markdown, self.title)
        emit(written, _text(written), self.json)


def _text(written: dict[str, Any]) -> str:
    lines = [
        (name, _spread(row["success_rate"], 1), _spread(row["score"], 0.01), row["runs"])
        for group in written["groups"]
        for name, row in group["agents"].items()
    ]
    places = [f"{kind}: {written[kind]}" for kind in ("html", "markdown") if written[kind]]
    shown = [table(("agent", "success", "score", "runs"), lines), ""] if lines else []
    return "\n".join([*shown, *written["notes"], *places])


def _spread(found: dict[str, Any] | None, factor: float) -> str:
    if found is None:
        return "-"
    low, mean, high = (factor * found[key] for key in ("low", "mean", "high"))
    text = percent(mean, None if found["seeds"] == 1 else (low, high))
    return text if factor == 1 else text.replace("%", "")
