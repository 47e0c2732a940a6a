"""``shoprl trajectories``: look at trajectory files, filter, import and make them."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import tyro

from shoprl.catalog.catalog import Catalog
from shoprl.cli.checks import new_file
from shoprl.cli.options import NewFile, OnAnyData, OnGoals, Printing
from shoprl.cli.output import emit, percent, points, table
from shoprl.errors import ConfigError, TrajectoryError
from shoprl.evaluation.json_records import Record
from shoprl.evaluation.results import Measurement
from shoprl.evaluation.statistics import summarize
from shoprl.rollouts.records import Episode
from shoprl.settings import Count, Share, Steps
from shoprl.shop.data import read_catalog_and_goals, read_data
from shoprl.shop.goal import Goal, goals_hash
from shoprl.shop.splits import SplitName
from shoprl.terminal import shown
from shoprl.trajectories.files import read_trajectories, write_trajectories
from shoprl.trajectories.lines import stored_hash


@dataclass(frozen=True, kw_only=True)
class Show(OnAnyData, OnGoals, Printing):
    """Show trajectories step by step.

    Attributes:
        file: the trajectory file.
        data: its data folder, to show instructions and titles and to check that the file belongs to it.
        first: only this many, from the first on; all when left out.
    """

    file: tyro.conf.Positional[Path]
    first: Count | None = None

    def execute(self) -> None:
        """Run the command."""
        if self.goals is not None and self.data is None:
            raise ConfigError("--goals refers to products of a data folder. Give it with --data.")
        catalog: Catalog | None = None
        goals: Sequence[Goal] | None = None
        if self.data is not None:
            catalog, goals = read_catalog_and_goals(self.data, goals=self.goals)
        sha256 = stored_hash(self.file) if goals is None else goals_hash(goals)
        episodes = read_trajectories(self.file, sha256)[: self.first]
        rows = [Trajectory.of(episode, catalog, goals) for episode in episodes]
        text = "\n\n".join(_text(number, row) for number, row in enumerate(rows, start=1))
        emit([row.to_json() for row in rows], text, self.json)


@dataclass(frozen=True)
class Step(Record):
    """A decision of a trajectory; ``title`` is that of the product whose page the action opens."""

    null: ClassVar[tuple[str, ...]] = ("title",)
    page: str
    action: str
    probability: float
    slip: bool
    title: str | None


@dataclass(frozen=True)
class Trajectory(Record):
    """A trajectory as it is shown.

    Attributes:
        goal_index, instruction: of its goal; the instruction is None (``null``) without a data folder.
        steps: its decisions.
        reward: of its end; None (``null``) where its task gives none.
        bought: ASIN; None (``null``) where nothing was bought.
        options: that were chosen.
    """

    null: ClassVar[tuple[str, ...]] = ("instruction", "reward", "bought")
    goal_index: int
    instruction: str | None
    steps: tuple[Step, ...]
    reward: float | None
    bought: str | None
    options: Mapping[str, str]

    @classmethod
    def of(cls, episode: Episode, catalog: Catalog | None, goals: Sequence[Goal] | None) -> "Trajectory":
        """An episode with the texts that are known.

        Raises:
            TrajectoryError: its goal is not in the list.
        """
        if goals is not None and not 0 <= episode.goal_index < len(goals):
            raise TrajectoryError(f"A trajectory is of goal {episode.goal_index}; there are {len(goals)} goals.")

        def title(action: str) -> str | None:
            asin = action[6:-1].upper()
            return catalog[asin].title if catalog is not None and asin in catalog else None

        return cls(
            episode.goal_index,
            goals[episode.goal_index].instruction if goals is not None else None,
            tuple(
                Step(each.page, each.action, each.probability, position in episode.slips, title(each.action))
                for position, each in enumerate(episode.decisions)
            ),
            episode.reward,
            episode.asin,
            episode.options,
        )


def _text(number: int, trajectory: Trajectory) -> str:
    """A trajectory, a step a line."""
    instruction = f": {shown(trajectory.instruction)}" if trajectory.instruction else ""
    lines = [f"trajectory {number}, goal {trajectory.goal_index}{instruction}"]
    for position, step in enumerate(trajectory.steps, start=1):
        title = f"  {shown(step.title, 60)}" if step.title else ""
        chance = f"  (probability {step.probability:.3f})" if step.probability < 1 else ""
        slip = "  (slip)" if step.slip else ""
        lines.append(f"{position:4}  {shown(step.page, 10):8}{shown(step.action)}{title}{chance}{slip}")
    options = ", ".join(f"{shown(str(name))}: {shown(str(value))}" for name, value in trajectory.options.items())
    bought = f"bought {shown(str(trajectory.bought))}" + (f" ({options})" if options else "")
    reward = "-" if trajectory.reward is None else f"{trajectory.reward:.3f}"
    lines.append(f"      reward {reward}, {bought if trajectory.bought else 'nothing bought'}")
    return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class Filter(OnAnyData, OnGoals, NewFile, Printing):
    """Write the trajectories that fulfil every given condition.

    Attributes:
        file: the trajectory file.
        min_reward: trajectories whose reward is at least this.
        max_steps: trajectories of at most this many steps.
        split: trajectories on goals of this split; needs --data.
        data: the data folder that they were made on.
        first: of those that fulfil the conditions, only this many, from the first on.
    """

    file: tyro.conf.Positional[Path]
    min_reward: Share | None = None
    max_steps: Steps | None = None
    split: SplitName | None = None
    first: Count | None = None

    def execute(self) -> None:
        """Run the command."""
        if (self.split is None) != (self.data is None):
            raise ConfigError("--split and --data go together: a split is one of a data folder's goals.")
        new_file(self.out)
        data = read_data(self.data, goals=self.goals) if self.data else None
        sha256 = goals_hash(data.goals) if data else stored_hash(self.file)
        episodes = read_trajectories(self.file, sha256)
        part = frozenset(data.split.part(self.split)) if data and self.split else None
        kept = [episode for episode in episodes if self._keeps(episode, part)][: self.first]
        if not kept:
            raise TrajectoryError(
                f"{self.file}: none of its {len(episodes)} trajectories is left. Relax the conditions."
            )
        write_trajectories(self.out, kept, sha256)
        answer = {"file": str(self.out), "read": len(episodes), "kept": len(kept), "goals_sha256": sha256}
        emit(answer, f"{len(kept)} of {len(episodes)} trajectories in {self.out}", self.json)

    def _keeps(self, episode: Episode, part: frozenset[int] | None) -> bool:
        return (
            (self.min_reward is None or episode.earned >= self.min_reward)
            and (self.max_steps is None or len(episode.decisions) <= self.max_steps)
            and (part is None or episode.goal_index in part)
        )


@dataclass(frozen=True)
class Lengths:
    """Decisions of the trajectories."""

    mean: float
    median: float
    most: int


@dataclass(frozen=True)
class TrajectoryCounts(Measurement):
    """What a trajectory file holds.

    Attributes:
        goals, products: how many different ones, of products those that were bought.
        bought: trajectories that ended with a purchase.
        steps: lengths of the trajectories.
        pages: kind of page -> decisions.
        slips: how many.
    """

    goals: int | None = None
    bought: int | None = None
    products: int | None = None
    steps: Lengths | None = None
    pages: Mapping[str, int] | None = None
    slips: int | None = None


@dataclass(frozen=True, kw_only=True)
class Stats(Printing):
    """Count what a trajectory file holds.

    Attributes:
        file: the trajectory file.
    """

    file: tyro.conf.Positional[Path]

    def execute(self) -> None:
        """Run the command."""
        sha256 = stored_hash(self.file)
        episodes = read_trajectories(self.file, sha256)
        summary = summarize(episodes, np.random.default_rng(0))
        lengths = [len(episode.decisions) for episode in episodes]
        steps = Lengths(statistics.mean(lengths), statistics.median(lengths), max(lengths))
        pages = Counter(decision.page for episode in episodes for decision in episode.decisions).most_common()
        counts = replace(
            TrajectoryCounts.of(summary),
            goals=len({episode.goal_index for episode in episodes}),
            bought=sum(episode.done for episode in episodes),
            products=len({episode.asin for episode in episodes if episode.asin}),
            steps=steps,
            pages=dict(pages),
            slips=sum(len(episode.slips) for episode in episodes),
        )
        rows = [
            ("trajectories", counts.episodes),
            ("goals", counts.goals),
            ("success [95%]", percent(counts.success_rate, counts.success_rate_interval)),
            ("score [95%]", points(counts.score, counts.score_interval)),
            ("bought something", counts.bought),
            ("steps, mean / median / most", f"{steps.mean:.1f} / {steps.median:g} / {steps.most}"),
            *((f"decisions, {shown(page, 20)} page", count) for page, count in pages),
            ("slips", counts.slips),
        ]
        answer = {"file": str(self.file), **counts.to_json(), "goals_sha256": sha256}
        emit(answer, table(("", "value"), rows), self.json)
