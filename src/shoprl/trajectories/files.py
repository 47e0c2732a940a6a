"""Trajectory files: one episode a line, tied to the goal list it was made on."""

from collections.abc import Sequence
from pathlib import Path

from shoprl.errors import TrajectoryError
from shoprl.files import read_json_lines, write_json_lines
from shoprl.rollouts.records import Episode, episode_from_json


def write_trajectories(path: Path, episodes: Sequence[Episode], goals_sha256: str) -> None:
    """Write episodes as JSON lines, atomically (gzipped where the name ends in ``.gz``).

    Args:
        path: where to.
        episodes: what.
        goals_sha256: hash of the goal list that ``goal_index`` points into.
    """
    write_json_lines(path, ({"goals_sha256": goals_sha256, **episode.to_json()} for episode in episodes))


def read_trajectories(path: Path, goals_sha256: str) -> list[Episode]:
    """Read episodes that were made on the goal list with this hash.

    Raises:
        TrajectoryError: the file is missing, malformed or empty, or was made on other goals.
    """
    episodes = []
    for number, row in read_json_lines(path, TrajectoryError):
        if row.get("goals_sha256") != goals_sha256:
            raise TrajectoryError(f"{path}: line {number}: made on another goal list. Use the goals it was made on.")
        try:
            episodes.append(episode_from_json(row))
        except TrajectoryError as error:
            raise TrajectoryError(f"{path}: line {number}: {error}. Mend or remove the line.") from error
    if not episodes:
        raise TrajectoryError(f"{path}: holds no trajectory.")
    return episodes
