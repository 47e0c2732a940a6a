"""``shoprl reproduce``: an experiment from a catalogue to compared and saved agents, in one run folder."""

import shlex
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from shoprl.cli.options import OnAnyData, OnGoals, Printing, RunFolder, Seeded, Strict, Threaded, prepare
from shoprl.cli.output import emit, percent, points, table
from shoprl.cli.study import StudyCommand, StudyName
from shoprl.errors import RunError
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.default_data import default_folder
from shoprl.terminal import shown

if TYPE_CHECKING:
    from shoprl.evaluation.results import PolicyRow, RunResults

LONGEST_REQUEST = 120  # characters
PAPER: tuple[StudyName, ...] = ("learners", "data", "stacked")  # the studies of the paper's own claims


@dataclass(frozen=True, kw_only=True)
class Reproduce(OnAnyData, OnGoals, RunFolder, Seeded, Threaded, Strict, Printing):
    """Run an experiment end to end: train, compare and report.

    Demonstrations by simulated shoppers, imitation, DPO and its control, evaluation on test goals and Thompson
    sampling; or, with --budget standard, the recipe of the best agent; or, with --budget paper, the paper's studies.

    Attributes:
        data: the data folder; when left out, a shop of 2,000 products is generated in the run folder.
        budget: how much of everything: quick takes minutes on two cores, tiny only shows that it runs; standard makes
            the best agent, within 45 minutes; paper runs the first three studies at the paper's size, with three seeds
            from --seed on, which takes hours.
    """

    budget: Literal["paper", "standard", "quick", "tiny"] = "quick"
    out: Path = Path("runs/quick")

    def execute(self) -> None:
        """Run the command."""
        if self.budget == "paper":
            self._paper()
        else:
            self._experiment()

    def _paper(self) -> None:
        """The studies of the paper's claims at its size."""
        from shoprl.runlog import RUN, contents

        if (self.out / RUN).is_file():
            raise RunError(f"{self.out}: holds a run of another budget. Choose another folder with --out.")
        if contents(self.out) and not self.resume:
            raise RunError(
                f"{self.out}: not empty. Continue the run in it with --resume, or choose another folder with --out."
            )
        seeds = (self.seed, self.seed + 1, self.seed + 2)
        StudyCommand(
            names=PAPER,
            out=self.out,
            data=self.data,
            goals=self.goals,
            seeds=seeds,
            size="paper",
            threads=self.threads,
            strict=self.strict,
            json=self.json,
        ).execute()

    def _experiment(self) -> None:
        import matplotlib  # noqa: F401  (what only the report needs is missed now, not after training)

        prepare(self.seed, self.threads)
        from shoprl.experiments.reproducing import run_recipe

        folder = self.data or default_folder()
        given = (
            read_data(folder, self.strict, goals=self.goals) if folder else None
        )  # bad input is named before any work
        assert self.budget != "paper"
        results, shop = run_recipe(self.out, given, folder, self.budget, self.seed, self.resume)
        emit(results.to_json(), self._text(results, shop), self.json)

    def _text(self, results: "RunResults", data: ShopData) -> str:
        rows = [
            (
                name,
                percent(row.success_rate, row.success_rate_interval),
                points(row.score, row.score_interval),
                *_more(row),
            )
            for name, row in (results.agents or {}).items()
        ]
        header = ("agent", "success [95%]", "score [95%]", "unseen products (n)", "demonstrations", "updates")
        change = results.comparison.success_rate_difference if results.comparison else None
        compared = f"dpo less control, success: {percent(change.value, (change.low, change.high))}\n" if change else ""
        return (
            f"{table(header[: len(rows[0])], rows)}\n\n{compared}"
            f"best policy on the eval goals: {self.out / (results.best_policy or '')}\n"
            f"report: {self.out / 'report.html'}   ({(results.wall_seconds or {}).get('total', 0):.0f} s)\n\n"
            f"Try: shoprl recommend --run {shlex.quote(str(self.out))} {_request(data)}"
        )


def _request(data: ShopData) -> str:
    """The shortest instruction of the shop's test goals, quoted for a shell: nothing in single quotes is expanded."""
    indices = data.split.test or range(len(data.goals))
    instruction = min((data.goals[index].instruction for index in indices), key=len)
    short = textwrap.shorten(instruction, LONGEST_REQUEST, placeholder="") or instruction[:LONGEST_REQUEST]
    return shlex.quote(shown(short))


def _more(row: "PolicyRow") -> tuple[object, ...]:
    """What is known of an agent beside success and score."""
    unseen = row.unseen_products
    if unseen is None:
        return ()
    return f"{percent(unseen.success_rate)} ({unseen.n})", row.demonstrations, row.updates
