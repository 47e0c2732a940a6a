"""``shoprl preferences``: look at files of preference pairs, and export them for other libraries."""

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import tyro

from shoprl.cli.checks import new_file
from shoprl.cli.options import NewFile, Printing
from shoprl.cli.output import emit, table
from shoprl.errors import ConfigError, TrajectoryError
from shoprl.evaluation.json_records import Record
from shoprl.settings import Count, Finite
from shoprl.terminal import shown
from shoprl.trajectories.lines import stored_hash
from shoprl.trajectories.preferences import Preference, read_preferences, write_preferences, write_texts


def _margin(preference: Preference) -> float | None:
    value = preference.about.get("margin")
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if number else None  # type: ignore[arg-type]


def _page(preference: Preference) -> str:
    return str(preference.about.get("page", "unknown"))


@dataclass(frozen=True, kw_only=True)
class Show(Printing):
    """Show preference pairs.

    Attributes:
        file: the file of pairs.
        first: only this many, from the first on; all when left out.
        prompts: show the whole prompts.
    """

    file: tyro.conf.Positional[Path]
    first: Count | None = None
    prompts: bool = False

    def execute(self) -> None:
        """Run the command."""
        pairs = read_preferences(self.file, stored_hash(self.file))[: self.first]
        blocks = [self._block(number, pair) for number, pair in enumerate(pairs, start=1)]
        emit([pair.to_json() for pair in pairs], "\n\n".join(blocks), self.json)

    def _block(self, number: int, pair: Preference) -> str:
        prompt = pair.prompt.splitlines() if self.prompts else pair.prompt.splitlines()[:1]
        margin = _margin(pair)
        about = f", margin {margin:.3f}" if margin is not None else ""
        return "\n".join(
            (
                f"pair {number}, goal {pair.goal_index}, step {len(pair.actions) + 1}, {shown(_page(pair), 20)}{about}",
                *(f"  {shown(line)}" for line in prompt),
                f"  chosen    {shown(pair.chosen)}",
                f"  rejected  {shown(pair.rejected)}",
            )
        )


@dataclass(frozen=True, kw_only=True)
class Stats(Printing):
    """Count what a file of preference pairs holds.

    Attributes:
        file: the file of pairs.
    """

    file: tyro.conf.Positional[Path]

    def execute(self) -> None:
        """Run the command."""
        sha256 = stored_hash(self.file)
        counts = PreferenceCounts.of(read_preferences(self.file, sha256))
        margin, prompts = counts.margin, counts.prompt_characters
        rows = [
            ("pairs", counts.pairs),
            ("goals", counts.goals),
            ("states", counts.states),
            *((f"pairs, {shown(page, 20)} page", count) for page, count in counts.pages.items()),
            ("also in the opposite order", counts.contradicted),
            ("characters of a prompt, mean / most", f"{prompts.mean:.0f} / {prompts.most}"),
            ("margin, mean (pairs that have one)", f"{margin.mean:.3f} ({margin.pairs})" if margin else "-"),
        ]
        answer = {"file": str(self.file), **counts.to_json(), "goals_sha256": sha256}
        emit(answer, table(("", "number"), rows), self.json)


@dataclass(frozen=True)
class PromptLengths:
    """Characters of the prompts."""

    mean: float
    most: int


@dataclass(frozen=True)
class Margins:
    """The mean margin of the pairs that have one, and how many do."""

    mean: float
    pairs: int


@dataclass(frozen=True)
class PreferenceCounts(Record):
    """What a file of preference pairs holds.

    Attributes:
        pairs, goals, states: how many, each goal and state counted once.
        pages: kind of page -> pairs.
        contradicted: pairs that are there in the opposite order too.
        prompt_characters: lengths of the prompts.
        margin: None (``null``) where no pair has one.
    """

    null: ClassVar[tuple[str, ...]] = ("margin",)
    pairs: int
    goals: int
    states: int
    pages: Mapping[str, int]
    contradicted: int
    prompt_characters: PromptLengths
    margin: Margins | None

    @classmethod
    def of(cls, pairs: Sequence[Preference]) -> "PreferenceCounts":
        """The counts of some pairs."""
        ways = {(pair.prompt, pair.chosen, pair.rejected) for pair in pairs}
        lengths = [len(pair.prompt) for pair in pairs]
        margins = [margin for pair in pairs if (margin := _margin(pair)) is not None]
        return cls(
            pairs=len(pairs),
            goals=len({pair.goal_index for pair in pairs}),
            states=len({pair.prompt for pair in pairs}),
            pages=dict(Counter(map(_page, pairs)).most_common()),
            contradicted=sum((pair.prompt, pair.rejected, pair.chosen) in ways for pair in pairs),
            prompt_characters=PromptLengths(statistics.mean(lengths), max(lengths)),
            margin=Margins(statistics.mean(margins), len(margins)) if margins else None,
        )


@dataclass(frozen=True, kw_only=True)
class Export(NewFile, Printing):
    """Write the pairs that fulfil every given condition, also for TRL.

    Attributes:
        file: the file of pairs.
        format: trl writes prompt, chosen and rejected, as TRL reads them; trl-chat the same as messages, for models
            with a chat template; shoprl writes all fields.
        page: pairs on this kind of page (results, item, sub).
        min_margin: pairs whose margin is at least this.
    """

    file: tyro.conf.Positional[Path]
    format: Literal["trl", "trl-chat", "shoprl"] = "trl"
    page: str | None = None
    min_margin: Finite | None = None

    def execute(self) -> None:
        """Run the command."""
        if self.min_margin is not None and not math.isfinite(self.min_margin):
            raise ConfigError(f"--min-margin {self.min_margin}: must be a number.")
        new_file(self.out)
        sha256 = stored_hash(self.file)
        pairs = read_preferences(self.file, sha256)
        kept = [pair for pair in pairs if self._keeps(pair)]
        if not kept:
            raise TrajectoryError(f"{self.file}: none of its {len(pairs)} pairs is left. Relax the conditions.")
        if self.format == "shoprl":
            write_preferences(self.out, kept, sha256)
        else:
            write_texts(self.out, kept, chat=self.format == "trl-chat")
        answer = {"file": str(self.out), "format": self.format, "read": len(pairs), "kept": len(kept)}
        emit(answer, f"{len(kept)} of {len(pairs)} pairs in {self.out}", self.json)

    def _keeps(self, pair: Preference) -> bool:
        margin = _margin(pair)
        wide = self.min_margin is None or (margin is not None and margin >= self.min_margin)
        return wide and self.page in (None, _page(pair))
