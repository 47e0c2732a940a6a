"""``shoprl report``: one page made of finished run folders."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from shoprl.cli.options import Printing
from shoprl.cli.output import emit, percent, table

if TYPE_CHECKING:
    from shoprl.report import WrittenReport
    from shoprl.report.seeds import OverSeeds


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
        emit(written.to_json(), _text(written), self.json)


def _text(written: "WrittenReport") -> str:
    lines = [
        (name, _measured(row.success_rate, 1), _measured(row.score, 0.01), row.runs)
        for group in written.groups
        for name, row in group.agents.items()
    ]
    places = [f"{kind}: {place}" for kind in ("html", "markdown") if (place := getattr(written, kind))]
    header = ("agent", "success [95%]", "score [95%]", "runs")
    return "\n".join([*([table(header, lines), ""] if lines else []), *written.notes, *places])


def _measured(summary: "OverSeeds | None", factor: float) -> str:
    if summary is None:
        return "-"
    interval = tuple(factor * end for end in summary.interval) if summary.interval else None
    text = percent(factor * summary.mean, interval)
    return text if factor == 1 else text.replace("%", "")
