import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from shoprl.errors import RunError
from shoprl.evaluation.json_records import NOT_RECORDED, NotRecorded, Record
from shoprl.evaluation.results import read_results


@dataclass(frozen=True)
class Part(Record):
    count: int


@dataclass(frozen=True)
class Whole(Record):
    null: ClassVar[tuple[str, ...]] = ("seconds",)
    name: str | None = None
    seconds: float | NotRecorded | None = NOT_RECORDED
    ends: tuple[float, float] | None = None
    parts: Mapping[str, Part | int] | None = None
    anything: object = None


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"name": "a", "seconds": None},
        {"seconds": 1, "ends": [0.5, 1.0]},
        {"parts": {"a": {"count": 1}, "b": 2}, "anything": [{"x": None}]},
    ],
)
def test_a_record_is_written_as_it_was_read(value: dict[str, object]) -> None:
    assert json.dumps(Whole.from_json(value, "").to_json()) == json.dumps(value)


def test_keys_that_are_not_known_are_passed_over() -> None:
    assert Whole.from_json({"name": "a", "other": 3}, "") == Whole(name="a")


@pytest.mark.parametrize(
    ("results", "fault"),
    [
        ([], "expected a JSON object, found list"),
        ({"agents": []}, "agents is not a JSON object"),
        ({"agents": {"dpo": {"score": "50"}}}, "agents.dpo.score is not a number"),
        ({"agents": {"dpo": {"score": float("nan")}}}, "JSON that cannot be used"),
        ({"agents": {"dpo": {"success_rate": 1e308}}}, "agents.dpo.success_rate is not a number from 0 to 1"),
        ({"agents": {"dpo": {"success_rate": -0.1}}}, "agents.dpo.success_rate is not a number from 0 to 1"),
        ({"agents": {"dpo": {"score_interval": [0, 1e308]}}}, r"agents.dpo.score_interval\[1\] is not a number from 0"),
        ({"agents": {"dpo": {"episodes": -5}}}, "agents.dpo.episodes is not a number from 0 to 1e"),
        ({"agents": {"dpo": {"updates": 10**30}}}, "agents.dpo.updates is not a number from 0 to"),
        ({"agents": {"dpo": {"disjoint": {"score": 101}}}}, "agents.dpo.disjoint.score is not a number from 0 to 100"),
        ({"thompson": {"arms": {"a": {"probability_best": 2}}}}, "thompson.arms.a.probability_best is not a number"),
        (
            {"comparison": {"score_difference": {"value": 1.0, "low": -1e308, "high": 2.0}}},
            "comparison.score_difference.low is not a number from -100 to 100",
        ),
        ({"wall_seconds": {"total": 1e308}}, "wall_seconds.total is not a number"),
        ({"agents": {"dpo": {"episodes": 1.5}}}, "agents.dpo.episodes is not a whole number"),
        ({"agents": {"dpo": {"score_interval": [1.0]}}}, "agents.dpo.score_interval is not an array of 2"),
        ({"agents": {"dpo": {"commit": {"dirty": 1}}}}, "agents.dpo.commit.dirty is not true or false"),
        ({"comparisons": {}}, "comparisons is not a JSON array"),
        (
            {"comparisons": [{"score_difference": {"value": 1.0, "high": 2.0}}]},
            r"comparisons\[0\].score_difference.low is not there",
        ),
        ({"thompson": {"arms": {"a": 3}}}, "thompson.arms.a is not a JSON object"),
        ({"best_policy": 3}, "best_policy is not a text"),
        ({"demonstrations": {"trips": "many"}}, "demonstrations.trips is not a JSON object"),
    ],
)
def test_a_wrong_field_is_named_with_its_file(tmp_path: Path, results: object, fault: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results))
    with pytest.raises(RunError, match=rf"results\.json: {fault}"):
        read_results(path)
