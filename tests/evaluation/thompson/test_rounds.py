import json
from typing import Any

import pytest

from shoprl.errors import RunError, TrajectoryError
from shoprl.evaluation.thompson.rounds import Chunk, Rollout, Round, rollout_from_json
from shoprl.evaluation.thompson.sampling import (
    ThompsonConfig,
    ThompsonRun,
)
from shoprl.rollouts.records import Decision, Episode
from tests.support.thompson import ARMS


def test_rounds_are_cut_into_tasks_of_one_arm() -> None:
    asked = ThompsonRun(ARMS, range(9), ThompsonConfig(rollouts=50, batch=40)).next_round()
    chunks = list(asked.chunks(8))
    assert sorted(index for chunk in chunks for index in chunk.indices) == list(range(40))
    for chunk in chunks:
        assert len(chunk.indices) <= 8
        assert [asked.arms[index] for index in chunk.indices] == [chunk.arm] * len(chunk.indices)
        assert chunk.goals == tuple(asked.goals[index] for index in chunk.indices)
        assert chunk.seeds == tuple(asked.seeds[index] for index in chunk.indices)
    assert max(len(chunk.indices) for chunk in chunks) == 8


def test_a_round_by_hand() -> None:
    seeds = tuple((7, 0, 1, index) for index in range(20, 25))
    asked = Round(20, (0.5, 0.5), (0.5, 0.5), arms=(1, 0, 1, 1, 0), goals=(5, 6, 7, 8, 9), seeds=seeds)
    assert list(asked.chunks(2)) == [
        Chunk(0, (21, 24), (6, 9), (seeds[1], seeds[4])),
        Chunk(1, (20, 22), (5, 7), (seeds[0], seeds[2])),
        Chunk(1, (23,), (8,), (seeds[3],)),
    ]


EPISODE = Episode(
    7, (Decision("search", "search[tisane №5]", 1, 0.1),), 0.25, True, {"r_type": 1.0}, "B1", {"size": "9"}
)
ROLLOUT = Rollout(3, 1, "rule", 1 / 3, (7, 0, 1, 3), EPISODE)


def test_a_record_is_written_and_read_back() -> None:
    row = json.loads(json.dumps(ROLLOUT.to_json(), allow_nan=False))
    assert rollout_from_json(row) == ROLLOUT
    assert (row["success"], row["reward"], row["goal_index"]) == (False, 0.25, 7)
    assert (ROLLOUT.success, ROLLOUT.reward, ROLLOUT.goal_index) == (False, 0.25, 7)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"seed": [1, 2, 3]}, RunError),
        ({"seed": None}, RunError),
        ({"seed": [1, 2, 3, "x"]}, RunError),
        ({"index": None}, RunError),
        ({"propensity": "much"}, RunError),
        ({"pages": []}, TrajectoryError),
        ({"goal_index": "x"}, TrajectoryError),
    ],
)
def test_what_is_no_record_is_refused(change: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        rollout_from_json(ROLLOUT.to_json() | change)
    for name in change:
        with pytest.raises(error):
            rollout_from_json({key: value for key, value in ROLLOUT.to_json().items() if key != name})
