import json
from pathlib import Path

import pytest

from shoprl.errors import TrajectoryError
from shoprl.rollouts.records import Decision, Episode
from shoprl.trajectories.files import read_trajectories, write_trajectories

HASH = "a" * 64
EPISODES = [
    Episode(3, (Decision("search", "search[thé]", 1, 0.25), Decision("results", "click[b]", 3)), 0.0, False),
    Episode(1, (Decision("search", "search[x]", 1),), 2 / 3, True, {"r_type": 0.5}, "B", {"size": "9"}, (0,)),
]


@pytest.mark.parametrize("name", ["trips.jsonl", "trips.jsonl.gz"])
def test_round_trip(tmp_path: Path, name: str) -> None:
    write_trajectories(tmp_path / name, EPISODES, HASH)
    assert read_trajectories(tmp_path / name, HASH) == EPISODES
    first = (tmp_path / name).read_bytes()
    write_trajectories(tmp_path / name, EPISODES, HASH)
    assert (tmp_path / name).read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_other_goals_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "trips.jsonl"
    write_trajectories(path, EPISODES, HASH)
    with pytest.raises(TrajectoryError, match="line 1: made on another goal list"):
        read_trajectories(path, "b" * 64)


@pytest.mark.parametrize("line", ["{", "[]", "3", '{"goals_sha256": "%s"}' % HASH, "not json"])  # noqa: UP031
def test_a_malformed_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "trips.jsonl"
    write_trajectories(path, EPISODES, HASH)
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(TrajectoryError, match=r"trips\.jsonl: line 3"):
        read_trajectories(path, HASH)


def test_a_missing_field_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "trips.jsonl"
    row = {"goals_sha256": HASH, **EPISODES[0].to_json()}
    del row["reward"]
    path.write_text("\n" + json.dumps(row))
    with pytest.raises(TrajectoryError, match=r"line 2: .*reward"):
        read_trajectories(path, HASH)


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_an_empty_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "trips.jsonl"
    path.write_bytes(content)
    with pytest.raises(TrajectoryError, match="holds no trajectory"):
        read_trajectories(path, HASH)


def test_missing_and_truncated_files_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "trips.jsonl.gz"
    with pytest.raises(TrajectoryError, match="no such file"):
        read_trajectories(path, HASH)
    write_trajectories(path, EPISODES, HASH)
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(TrajectoryError, match="truncated"):
        read_trajectories(path, HASH)
