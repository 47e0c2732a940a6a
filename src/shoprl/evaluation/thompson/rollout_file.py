"""The rollouts of a run on disk: a file that grows by rounds, compressed when the run is finished."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shoprl.errors import RunError, StorageError, TrajectoryError
from shoprl.evaluation.thompson.rounds import Rollout, rollout_from_json
from shoprl.files import json_line, write_json_lines
from shoprl.reading import read_bytes, read_json_lines, read_limits


class RolloutFile:
    """``run-N/rollouts.jsonl.gz`` in a comparison's folder, one rollout per line; without ``.gz`` while it grows."""

    def __init__(self, folder: Path, number: int) -> None:
        self.path = folder / f"run-{number}" / "rollouts.jsonl.gz"
        self._growing = self.path.with_suffix("")

    def read(self) -> list[Rollout]:
        """The rollouts on disk, without a truncated last line.

        Raises:
            RunError: a line is not a rollout.
        """
        if self.path.is_file():
            return [_rollout(self.path, number, row) for number, row in read_json_lines(self.path, RunError)]
        rows: list[Mapping[str, Any]] = []
        if self._growing.is_file():
            for line in read_bytes(self._growing, RunError, read_limits().file).split(b"\n")[:-1]:
                try:
                    rows.append(json.loads(line))
                except ValueError:  # truncated by a crash
                    break
        return [_rollout(self._growing, number, row) for number, row in enumerate(rows, start=1)]

    def start(self, rollouts: Sequence[Rollout]) -> None:
        """Write these rollouts, of complete rounds, in place of what the file holds.

        Raises:
            StorageError: they cannot be written.
        """
        write_json_lines(self._growing, [rollout.to_json() for rollout in rollouts])
        self.path.unlink(missing_ok=True)

    def append(self, rollouts: Sequence[Rollout]) -> None:
        """Append a round.

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
        """Compress the finished file.

        Raises:
            StorageError: it cannot be written.
        """
        if not self.path.is_file():
            write_json_lines(self.path, [rollout.to_json() for rollout in rollouts])
        self._growing.unlink(missing_ok=True)


def _rollout(path: Path, number: int, row: Mapping[str, Any]) -> Rollout:
    try:
        return rollout_from_json(row)
    except (RunError, TrajectoryError) as error:
        raise RunError(f"{path}: line {number}: {error}. Remove the file, or choose another folder.") from error
