"""Trajectory files: one episode per line, with the hash of its goal list."""

from collections.abc import Sequence
from pathlib import Path

from shoprl.errors import TrajectoryError
from shoprl.files import write_json_lines
from shoprl.reading import read_json_lines
from shoprl.rollouts.records import Episode, episode_from_json
from shoprl.trajectories.lines import OTHER_GOALS


def goals_beside(path: Path) -> Path:
    """Where goals that belong to one trajectory file alone are kept: ``NAME.goals.jsonl``."""
    name = path.name.removesuffix(".gz").removesuffix(".jsonl")
    return path.with_name(f"{name}.goals.jsonl")


def write_trajectories(path: Path, episodes: Sequence[Episode], goals_sha256: str) -> None:
    """Write episodes as JSON lines, atomically; gzipped if the name ends in ``.gz``.

    Args:
        path: the file.
        episodes: the episodes.
        goals_sha256: hash of the goal list that ``goal_index`` points into.
    """
    write_json_lines(path, ({"goals_sha256": goals_sha256, **episode.to_json()} for episode in episodes))


def read_trajectories(path: Path, goals_sha256: str) -> list[Episode]:
    """Read the episodes of a file.

    Args:
        path: the file.
        goals_sha256: hash of the goal list that they must have been recorded on.

    Raises:
        TrajectoryError: the file is missing, malformed or empty, or is of another goal list.
    """
    episodes = []
    for number, row in read_json_lines(path, TrajectoryError):
        if row.get("goals_sha256") != goals_sha256:
            raise TrajectoryError(f"{path}: line {number}: {OTHER_GOALS}")
        try:
            episodes.append(episode_from_json(row))
        except TrajectoryError as error:
            raise TrajectoryError(f"{path}: line {number}: {error}. Fix or remove the line.") from error
    if not episodes:
        raise TrajectoryError(f"{path}: holds no trajectory.")
    return episodes
