"""``shoprl trajectories export``: trajectories as texts, to fine-tune a language model on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from shoprl.cli.checks import new_file
from shoprl.cli.options import NewFile, OnData, OnGoals, Printing, Searching
from shoprl.cli.output import emit
from shoprl.errors import TrajectoryError
from shoprl.files import write_json_lines
from shoprl.shop.data import read_data
from shoprl.tasks.shop.task import ShopTask
from shoprl.trajectories.given import given_trajectories
from shoprl.trajectories.texts import text_rows


@dataclass(frozen=True, kw_only=True)
class Export(OnData, OnGoals, Searching, NewFile, Printing):
    """Write trajectories as prompts and completions, to fine-tune a language model on.

    A line for each decision, without slips and without actions that were not available, such as searches in words of
    the shopper's own.

    Attributes:
        file: the trajectory file, on this data folder's goals or on those beside it, as imports write them; none of it
            on test or eval goals.
        format: text writes prompt and completion as texts; chat as messages, for models with a chat template.
    """

    file: tyro.conf.Positional[Path]
    format: Literal["text", "chat"] = "text"

    def execute(self) -> None:
        """Run the command."""
        new_file(self.out)
        data = read_data(self.data, search=self.search, encoder=self.encoder(self.data), goals=self.goals)
        given, episodes = given_trajectories(self.file, data)
        rows = list(text_rows(ShopTask(data.shop), given.goals, episodes, self.format == "chat"))
        if not rows:
            raise TrajectoryError(f"{self.file}: holds no action that was available. Nothing is written.")
        write_json_lines(self.out, rows)
        taken = sum(len(episode.decisions) for episode in episodes)
        answer = {"file": str(self.out), "format": self.format, "rows": len(rows), "left_out": taken - len(rows)}
        emit(answer, f"{len(rows)} of {taken} decisions in {self.out}", self.json)
