"""``shoprl bench off-policy``: estimates of another policy from real logs, beside what it earned."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoprl.cli.options import Printing
from shoprl.cli.output import emit, table
from shoprl.machine import commit, machine, versions

if TYPE_CHECKING:
    from shoprl.bench.off_policy import OffPolicyFigures

TITLES = {
    "thompson_from_uniform": "Thompson sampling's click rate, from the uniform policy's log",
    "uniform_from_thompson": "The uniform policy's click rate, from Thompson sampling's log",
}


@dataclass(frozen=True, kw_only=True)
class OffPolicy(Printing):
    """Estimate one policy's click rate from another policy's log, and compare it with what it was.

    The logs are those of the Open Bandit Dataset (Saito et al., arXiv 2008.07146): CSV files with the columns item_id,
    position, click and propensity_score, of a uniform policy and of Thompson sampling over the same days.

    Attributes:
        logs: a folder with one file random*.csv and one file bts*.csv; gzip allowed (.csv.gz).
    """

    logs: Path

    def execute(self) -> None:
        """Run the command."""
        from shoprl.bench.off_policy import bench_off_policy, read_logs

        figures = bench_off_policy(read_logs(self.logs))
        text = "\n\n".join(_text(TITLES[name], each) for name, each in figures.items())
        facts = {"machine": machine(), "versions": versions(), "commit": commit()}
        emit({**{name: each.to_json() for name, each in figures.items()}, **facts}, text, self.json)


def _text(title: str, figures: "OffPolicyFigures") -> str:
    header = ("estimator", "estimate [95%]", "width", "covers", "sample size", "clicks behind it")
    seen = f"observed: {_rate(figures.observed)}; {figures.clicks} clicks of {figures.impressions} in the log"
    return f"{title}\n{seen}, {figures.own:.5f}\n{table(header, [_cells(*row) for row in figures.estimates.items()])}"


def _cells(name: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    sizes = (f"{row['effective_sample_size']:.0f}", f"{row['effective_rewards']:.0f}")
    return (name, _rate(row), f"{row['width']:.5f}", "yes" if row["covers"] else "no", *sizes)


def _rate(row: Mapping[str, float]) -> str:
    return f"{row['value']:.5f} [{row['low']:.5f}, {row['high']:.5f}]"
