"""The rollouts of a run on disk: whole rounds in a growing file, and in the end one compressed file."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shoprl.errors import RunError, StorageError, TrajectoryError
from shoprl.evaluation.thompson.rounds import Rollout, rollout_from_json
from shoprl.files import json_line, read_bytes, read_json_lines, write_json_lines


class RolloutFile:
    """``run-N/rollouts.jsonl.gz`` of a comparison's folder, one rollout a line; without ``.gz`` while it grows."""

    def __init__(self, folder: Path, number: int) -> None:
        self.path = folder / f"run-{number}" / "rollouts.jsonl.gz"
        self._growing = self.path.with_suffix("")

    def read(self) -> list[Rollout]:
        """What is there, but for what a power cut left unfinished.

        Raises:
            RunError: a line is no rollout.
        """
        if self.path.is_file():
            return [_rollout(self.path, number, row) for number, row in read_json_lines(self.path, RunError)]
        rows = _whole_lines(self._growing) if self._growing.is_file() else []
        return [_rollout(self._growing, number, row) for number, row in enumerate(rows, start=1)]

    def start(self, rollouts: Sequence[Rollout]) -> None:
        """Keep these, of whole rounds, and nothing else, for others to be appended.

        Raises:
            StorageError: they cannot be written.
        """
        write_json_lines(self._growing, [rollout.to_json() for rollout in rollouts])
        self.path.unlink(missing_ok=True)

    def append(self, rollouts: Sequence[Rollout]) -> None:
        """Keep a round more.

        Raises:
            StorageError: it cannot be written.
        """
        try:
            with self._growing.open("ab") as stream:
                stream.write(b"".join(json_line(rollout.to_json()) for rollout in rollouts))
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise StorageError(
                f"{self._growing}: cannot be written ({error}). Free some space, then continue with `resume`."
            ) from error

    def close(self, rollouts: Sequence[Rollout]) -> None:
        """Compress what is finished.

        Raises:
            StorageError: it cannot be written.
        """
        if not self.path.is_file():
            write_json_lines(self.path, [rollout.to_json() for rollout in rollouts])
        self._growing.unlink(missing_ok=True)


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    """The rows before the first line that was cut off."""
    rows: list[dict[str, Any]] = []
    for line in read_bytes(path, RunError).split(b"\n")[:-1]:
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


def _rollout(path: Path, number: int, row: dict[str, Any]) -> Rollout:
    try:
        return rollout_from_json(row)
    except (RunError, TrajectoryError) as error:
        raise RunError(f"{path}: line {number}: {error}. Remove the file, or choose another folder.") from error
