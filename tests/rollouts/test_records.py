import json
from typing import Any

import pytest

from shoprl.errors import TrajectoryError
from shoprl.rollouts.records import Decision, Episode, episode_from_json

EPISODE = Episode(
    goal_index=7,
    decisions=(Decision("search", "search[tée]", 1), Decision("results", "click[b0]", 12, 0.1 + 0.2)),
    reward=1 / 3,
    done=True,
    components={"r_type": 1.0, "w_option": None},
    asin="B0",
    options={"color": "red"},
    slips=(1,),
)


def test_round_trip_through_json() -> None:
    assert episode_from_json(json.loads(json.dumps(EPISODE.to_json()))) == EPISODE
    bare = Episode(0, (), 0.0, False)
    assert episode_from_json(json.loads(json.dumps(bare.to_json()))) == bare


def test_success_is_reward_one() -> None:
    assert Episode(0, (), 1.0, True).success
    assert not Episode(0, (), 0.9999, True).success


@pytest.mark.parametrize(
    "change",
    [
        {"reward": "much"},
        {"pages": ["search"]},  # fewer pages than actions
        {"pages": None},
        {"available": [1, None]},
        {"probabilities": ["x", 1]},
        {"goal_index": None},
        {"components": 3},
        {"slips": 3},
        {"reward": 5},
        {"reward": -0.1},
        {"reward": True},
        {"probabilities": [0.5, 2]},
        {"probabilities": [float("nan"), 1]},
        {"slips": [2]},  # of two decisions
        {"slips": [-1]},
        {"slips": [0, 0]},
        {"goal_index": 214.0},
        {"goal_index": -1},
        {"available": [1, 0]},
        {"actions": ["a", 3]},
        {"asin": 7},
        {"options": {"color": 3}},
        {"done": "yes"},
    ],
)
def test_malformed_records(change: dict[str, Any]) -> None:
    with pytest.raises(TrajectoryError, match="not a trajectory record"):
        episode_from_json(EPISODE.to_json() | change)


@pytest.mark.parametrize("field", ["goal_index", "actions", "reward", "done", "asin", "options", "components"])
def test_missing_fields_are_named(field: str) -> None:
    row = EPISODE.to_json()
    del row[field]
    with pytest.raises(TrajectoryError, match=field):
        episode_from_json(row)
