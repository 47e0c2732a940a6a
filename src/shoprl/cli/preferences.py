"""``shoprl preferences``: look at files of preference pairs, and export them for other libraries."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import tyro

from shoprl.cli.checks import at_least_one, new_file, shown
from shoprl.cli.options import NewFile, Printing
from shoprl.cli.output import emit, table
from shoprl.errors import ConfigError, TrajectoryError
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
    first: int | None = None
    prompts: bool = False

    def execute(self) -> None:
        """Run the command."""
        at_least_one(first=self.first)
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
        counts = _counts(read_preferences(self.file, sha256))
        margin, prompts = counts["margin"], counts["prompt_characters"]
        rows = [
            ("pairs", counts["pairs"]),
            ("goals", counts["goals"]),
            ("states", counts["states"]),
            *((f"pairs, {shown(page, 20)} page", count) for page, count in counts["pages"].items()),
            ("also in the opposite order", counts["contradicted"]),
            ("characters of a prompt, mean / most", "{mean:.0f} / {most}".format(**prompts)),
            ("margin, mean (pairs that have one)", "{mean:.3f} ({pairs})".format(**margin) if margin else "-"),
        ]
        emit({"file": str(self.file), **counts, "goals_sha256": sha256}, table(("", "number"), rows), self.json)


def _counts(pairs: Sequence[Preference]) -> dict[str, Any]:
    ways = {(pair.prompt, pair.chosen, pair.rejected) for pair in pairs}
    lengths = [len(pair.prompt) for pair in pairs]
    margins = [margin for pair in pairs if (margin := _margin(pair)) is not None]
    return {
        "pairs": len(pairs),
        "goals": len({pair.goal_index for pair in pairs}),
        "states": len({pair.prompt for pair in pairs}),
        "pages": dict(Counter(map(_page, pairs)).most_common()),
        "contradicted": sum((pair.prompt, pair.rejected, pair.chosen) in ways for pair in pairs),
        "prompt_characters": {"mean": statistics.mean(lengths), "most": max(lengths)},
        "margin": {"mean": statistics.mean(margins), "pairs": len(margins)} if margins else None,
    }


@dataclass(frozen=True, kw_only=True)
class Export(NewFile, Printing):
    """Write the pairs that fulfil every given condition, also for TRL.

    Attributes:
        file: the file of pairs.
        format: trl writes prompt, chosen and rejected, as TRL reads them; shoprl writes all fields.
        page: pairs on this kind of page (results, item, sub).
        min_margin: pairs whose margin is at least this.
    """

    file: tyro.conf.Positional[Path]
    format: Literal["trl", "shoprl"] = "trl"
    page: str | None = None
    min_margin: float | None = None

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
        if self.format == "trl":
            write_texts(self.out, kept)
        else:
            write_preferences(self.out, kept, sha256)
        answer = {"file": str(self.out), "format": self.format, "read": len(pairs), "kept": len(kept)}
        emit(answer, f"{len(kept)} of {len(pairs)} pairs in {self.out}", self.json)

    def _keeps(self, pair: Preference) -> bool:
        margin = _margin(pair)
        wide = self.min_margin is None or (margin is not None and margin >= self.min_margin)
        return wide and self.page in (None, _page(pair))
