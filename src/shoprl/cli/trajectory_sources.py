"""``shoprl trajectories import`` and ``demonstrate``: where trajectory files come from."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tyro

from shoprl.cli.checks import new_file
from shoprl.cli.options import NewFile, OnData, OnGoals, Printing, Searching, Seeded, StepLimit
from shoprl.cli.output import emit, percent, table
from shoprl.errors import StorageError
from shoprl.settings import Range
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.goal import goals_hash, write_goals
from shoprl.tasks.shop.task import ShopTask
from shoprl.terminal import shown
from shoprl.trajectories.files import goals_beside, write_trajectories
from shoprl.trajectories.imitation_file import import_imitation_file
from shoprl.trajectories.imported import Imported
from shoprl.trajectories.shoppers import EXPERT, average_skill, demonstrations
from shoprl.trajectories.site_logs import import_site_logs


@dataclass(frozen=True, kw_only=True)
class Import(OnData, OnGoals, Searching, NewFile, Printing):
    """Import people's trajectories, as far as they replay here.

    Trajectories on eval and test goals are left out. The exit code is 1 if none could be imported.

    Attributes:
        source: a folder of session logs or one of them; the imitation file; or the database of a service,
            sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME.
        data: the data folder with the catalogue and, for the imitation file, its goals.
        out: the file to write; must not exist. Sessions have goals of their own: NAME.goals.jsonl beside it.
        format: session logs of WebShop's web site, WebShop's il_trajs_finalized_images.jsonl, or the sessions of the
            people who shopped in the pages of shoprl serve.
    """

    source: tyro.conf.Positional[str]
    format: Literal["site-logs", "imitation-file", "service"]

    def execute(self) -> None:
        """Run the command."""
        new_file(self.out)
        goals_file = None if self.format == "imitation-file" else new_file(goals_beside(self.out))
        data = read_data(self.data, search=self.search, encoder=self.encoder(self.data), goals=self.goals)
        imported = self._imported(data)
        if imported.episodes:
            _write(imported, self.out, goals_file)
        answer = {
            "file": str(self.out) if imported.episodes else None,
            "goals_file": str(goals_file) if imported.episodes and goals_file else None,
            "imported": len(imported.episodes),
            "counts": imported.counts(),
            "sources": [outcome.to_json() for outcome in imported.outcomes],
            "hashes": data.hashes(),
        }
        emit(answer, _report(imported, self.out, goals_file), self.json)
        if not imported.episodes:
            sys.exit(1)

    def _imported(self, data: ShopData) -> Imported:
        if self.format == "site-logs":
            return import_site_logs(Path(self.source), data)
        if self.format == "imitation-file":
            return import_imitation_file(Path(self.source), data)
        from shoprl.service.database import close_database, open_database
        from shoprl.service.demonstrated import import_demonstrations

        engine = open_database(self.source)
        try:
            return import_demonstrations(engine, data)
        finally:
            close_database(engine)


def _write(imported: Imported, out: Path, goals_file: Path | None) -> None:
    """Write trajectories, and their own goals where they have some: both or neither."""
    write_trajectories(out, imported.episodes, goals_hash(imported.goals))
    try:
        if goals_file:
            write_goals(goals_file, imported.goals)
    except StorageError:
        out.unlink(missing_ok=True)
        raise


def _report(imported: Imported, out: Path, goals_file: Path | None) -> str:
    rows = [
        (
            shown(outcome.source.rsplit("/", 1)[-1]),
            outcome.status,
            outcome.steps,
            "-" if outcome.logged_reward is None else f"{outcome.logged_reward:.3f}",
            "-" if outcome.reward is None else f"{outcome.reward:.3f}",
        )
        for outcome in imported.outcomes
    ]
    reasons = [f"{row[0]}: {shown(o.reason, 400)}" for row, o in zip(rows, imported.outcomes, strict=True) if o.reason]
    counts = ", ".join(f"{count} {status}" for status, count in imported.counts().items())
    goals = f", their goals in {goals_file}" if goals_file else ""
    end = f"in {out}{goals}" if imported.episodes else "nothing is written"
    header = ("source", "status", "steps", "logged reward", "reward here")
    return "\n".join((table(header, rows), "", *reasons, f"{counts}: {end}"))


@dataclass(frozen=True, kw_only=True)
class Demonstrate(OnData, OnGoals, Searching, NewFile, Seeded, StepLimit, Printing):
    """Make demonstrations by simulated shoppers.

    On training goals only. The same seed gives the same bytes.

    Attributes:
        count: how many.
        skill: an expert, or an average shopper, who succeeds as often as WebShop's average person did.
    """

    count: Annotated[int, Range(1, 10**7)]
    skill: Literal["expert", "average"] = "expert"

    def execute(self) -> None:
        """Run the command."""
        new_file(self.out)
        data = read_data(self.data, search=self.search, encoder=self.encoder(self.data), goals=self.goals)
        skill, rng = self._skill(data), np.random.default_rng(self.seed)
        task = ShopTask(data.shop, self.max_steps)
        episodes = demonstrations(task, data.goals, data.split.train, self.count, skill, rng)
        sha256 = goals_hash(data.goals)
        write_trajectories(self.out, episodes, sha256)
        success = sum(episode.success for episode in episodes) / len(episodes)
        answer = {
            "file": str(self.out),
            "trajectories": len(episodes),
            "skill": skill,
            "success_rate": success,
            "goals_sha256": sha256,
        }
        text = f"{len(episodes)} demonstrations of skill {skill} in {self.out}, {percent(success)} successful"
        emit(answer, text, self.json)

    def _skill(self, data: ShopData) -> float:
        if self.skill == "expert":
            return EXPERT
        rng = np.random.default_rng([self.seed, 1])  # its own, so that the goals drawn do not depend on the skill
        return average_skill(ShopTask(data.shop), data.goals, data.split.train, rng)
