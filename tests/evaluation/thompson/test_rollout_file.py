from pathlib import Path

import pytest

from shoprl.errors import RunError
from shoprl.evaluation.thompson.rollout_file import RolloutFile
from shoprl.evaluation.thompson.rounds import Rollout
from shoprl.rollouts.records import Decision, Episode

ROLLOUTS = [
    Rollout(
        index=index,
        run=0,
        arm="rule",
        propensity=1 / 3,
        seed=(0, 0, 1, index),
        episode=Episode(7, (Decision("search", "search[tisane №5]", 1, 0.1),), 0.1 + 0.2, True, {"r_type": 1.0}, "B1"),
    )
    for index in range(4)
]


def test_it_grows_and_is_compressed_in_the_end(tmp_path: Path) -> None:
    file = RolloutFile(tmp_path, 2)
    assert file.read() == []
    file.start([])
    file.append(ROLLOUTS[:2])
    file.append(ROLLOUTS[2:])
    assert file.read() == ROLLOUTS
    assert [path.name for path in (tmp_path / "run-2").iterdir()] == ["rollouts.jsonl"]
    file.close(ROLLOUTS)
    assert RolloutFile(tmp_path, 2).read() == ROLLOUTS
    assert [path.name for path in (tmp_path / "run-2").iterdir()] == ["rollouts.jsonl.gz"]


@pytest.mark.parametrize("cut", [1, 40, 400])
def test_what_was_cut_off_is_left_out(tmp_path: Path, cut: int) -> None:
    file = RolloutFile(tmp_path, 0)
    file.start(ROLLOUTS)
    path = tmp_path / "run-0" / "rollouts.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    assert file.read() == ROLLOUTS[: 3 if cut < 400 else 2]


def test_a_line_that_is_no_rollout_is_named(tmp_path: Path) -> None:
    file = RolloutFile(tmp_path, 0)
    file.start(ROLLOUTS[:1])
    path = tmp_path / "run-0" / "rollouts.jsonl"
    for damage in ('"propensity": "x"', '"propensity": null'):
        text = path.read_text().replace('"propensity": 0.3333333333333333', damage)
        path.write_text(text)
        with pytest.raises(RunError, match="line 1"):
            file.read()
        file.start(ROLLOUTS[:1])
    path.write_text("[1]\n")
    with pytest.raises(RunError, match="line 1"):
        file.read()
