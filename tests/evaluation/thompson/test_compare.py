"""Comparisons in this process and in several, cut off and resumed."""

from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shoprl.errors import RunError
from shoprl.evaluation.thompson.compare import ArmComparison, play
from shoprl.evaluation.thompson.rounds import Chunk
from shoprl.evaluation.thompson.sampling import ThompsonConfig
from shoprl.experiments.comparison import compare_policies
from shoprl.policies.base import Choice, Decode
from shoprl.policies.simple import RandomPolicy, RulePolicy
from shoprl.rollouts.records import Episode
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.state import ShopState

CONFIG = ThompsonConfig(allocation="top-two", rollouts=30, runs=2, batch=8, chunk=3)


class Failing(RandomPolicy):
    """Picks at random, and fails at its n-th decision."""

    def __init__(self, left: int, error: BaseException) -> None:
        self._left, self._error = left, error

    def act(self, states: Sequence[ShopState], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        self._left -= 1
        if self._left < 0:
            raise self._error
        return super().act(states, rngs, decode)


def compared(toy: ShopData, folder: Path, policy: RandomPolicy, config: ThompsonConfig = CONFIG) -> ArmComparison:
    pytest.importorskip("matplotlib")
    return compare_policies({"rule": RulePolicy(), "random": policy}, toy, range(12), config, folder)


def records(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in sorted(folder.glob("run-*/rollouts.jsonl.gz"))}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ArmComparison]:
    from tests.support.toyshop import toy_data

    folder = tmp_path_factory.mktemp("whole")
    return folder, compared(toy_data(), folder, RandomPolicy())


def test_the_table_sums_over_runs(whole: tuple[Path, ArmComparison]) -> None:
    document = whole[1].to_json()
    assert (document["objective"], document["allocation"]) == ("score", "top-two")
    for name, row in document["arms"].items():
        played = [r for result in whole[1].results for r in result.records if r.arm == name]
        assert row["rollouts"] == len(played) == sum(run["arms"][name]["rollouts"] for run in document["runs"])
        assert row["score"] == pytest.approx(100 * np.mean([r.reward for r in played]))
        assert row["score_interval"][0] <= row["score"] <= row["score_interval"][1]
    assert sum(row["probability_best"] for row in document["arms"].values()) == pytest.approx(1)
    assert document["runs"][0] != document["runs"][1]


@pytest.mark.parametrize("error", [ValueError("no such page"), KeyboardInterrupt()], ids=["error", "interrupt"])
@pytest.mark.parametrize("left", [0, 70])
def test_cut_off_and_resumed_equals_uninterrupted(
    whole: tuple[Path, ArmComparison], toy: ShopData, tmp_path: Path, left: int, error: BaseException
) -> None:
    with pytest.raises((RunError, KeyboardInterrupt)) as caught:
        compared(toy, tmp_path, Failing(left, error))
    if isinstance(error, ValueError):
        assert "Arm 'random'" in str(caught.value)
        assert "no such page" in str(caught.value)
    assert not (tmp_path / "results.json").exists()
    growing = tmp_path / "run-0" / "rollouts.jsonl"
    assert growing.read_bytes().count(b"\n") in ((8, 16) if left else (0,))
    with growing.open("ab") as stream:
        stream.write(b'{"index": ')  # a line that the power cut
    assert compared(toy, tmp_path, RandomPolicy()) == whole[1]
    assert records(tmp_path) == records(whole[0])
    for figure in (whole[0] / "figures").iterdir():
        assert (tmp_path / "figures" / figure.name).read_bytes() == figure.read_bytes()


def test_a_finished_one_is_not_played_again(whole: tuple[Path, ArmComparison], toy: ShopData) -> None:
    assert compared(toy, whole[0], Failing(0, ValueError())) == whole[1]


def test_a_finished_one_may_be_made_longer(toy: ShopData, tmp_path: Path) -> None:
    longer = replace(CONFIG, rollouts=43)
    compared(toy, tmp_path / "a", RandomPolicy())
    assert compared(toy, tmp_path / "a", RandomPolicy(), longer) == compared(
        toy, tmp_path / "b", RandomPolicy(), longer
    )
    assert records(tmp_path / "a") == records(tmp_path / "b")


@pytest.mark.parametrize("change", [{"seed": 1}, {"batch": 9}, {"allocation": "uniform"}, {"rollouts": 20}])
def test_rollouts_of_another_comparison_are_refused(
    whole: tuple[Path, ArmComparison], toy: ShopData, change: dict[str, object]
) -> None:
    before = records(whole[0])
    with pytest.raises(RunError, match="another comparison"):
        compared(toy, whole[0], RandomPolicy(), replace(CONFIG, **change))  # type: ignore[arg-type]
    assert records(whole[0]) == before


def test_a_worker_that_dies_is_named(tmp_path: Path) -> None:
    def submit(chunk: Chunk) -> "Future[list[Episode]]":
        future: Future[list[Episode]] = Future()
        future.set_exception(BrokenProcessPool("gone"))
        return future

    with pytest.raises(RunError, match=r"A worker died.*`resume`"):
        play(["a", "b"], [1], CONFIG, tmp_path, submit)
