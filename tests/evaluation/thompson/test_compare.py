"""Comparisons in this process and in several, cut off and resumed."""

import json
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shoprl.errors import ConfigError, RunError
from shoprl.evaluation.thompson.compare import Comparison, play
from shoprl.evaluation.thompson.rounds import Task
from shoprl.evaluation.thompson.sampling import ThompsonConfig
from shoprl.evaluation.thompson.workers import Setup, here, processes
from shoprl.experiments.comparison import compare_policies
from shoprl.files import read_json, read_json_lines
from shoprl.policies.base import Choice, Decode
from shoprl.policies.saving import save_policy
from shoprl.policies.simple import RandomPolicy, RulePolicy
from shoprl.rollouts.records import Episode
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.data import ShopData, read_data
from shoprl.tasks.shop.state import ShopState
from shoprl.tasks.shop.task import ShopTask
from tests.support.fakes import fake_policy
from tests.support.tiny_bert import tiny_store, tuned_policy

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


def compared(toy: ShopData, folder: Path, policy: RandomPolicy, config: ThompsonConfig = CONFIG) -> Comparison:
    pytest.importorskip("matplotlib")
    return compare_policies({"rule": RulePolicy(), "random": policy}, toy, range(12), config, folder)


def records(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in sorted(folder.glob("run-*/rollouts.jsonl.gz"))}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Comparison]:
    from tests.support.toyshop import toy_data

    folder = tmp_path_factory.mktemp("whole")
    return folder, compared(toy_data(), folder, RandomPolicy())


def test_what_it_leaves(whole: tuple[Path, Comparison], toy: ShopData) -> None:
    folder, found = whole
    results = read_json(folder / "results.json", ConfigError)
    assert results["thompson"] == json.loads(json.dumps(found.to_json()))
    assert results["hashes"] == toy.hashes()
    assert {"seed", "wall_seconds", "machine", "versions"} < set(results)
    assert sorted(path.name for path in folder.iterdir()) == ["figures", "results.json", "run-0", "run-1"]
    assert set(read_json(folder / "figures" / "captions.json", ConfigError)) < {
        path.name for path in (folder / "figures").iterdir()
    }
    for number in range(2):
        rows = [row for _, row in read_json_lines(folder / f"run-{number}" / "rollouts.jsonl.gz", ConfigError)]
        assert [row["index"] for row in rows] == list(range(30))
        for row in rows:
            policy = {"rule": RulePolicy(), "random": RandomPolicy()}[row["arm"]]
            goal = row["goal_index"], toy.goals[row["goal_index"]]
            again = run_episodes(policy, ShopTask(toy.shop), [goal], [row["seed"]], "sample", label="")[0]
            assert [each.action for each in again.decisions] == row["actions"]
            assert (again.reward, again.success, row["run"]) == (row["reward"], row["success"], number)


def test_the_table_sums_over_runs(whole: tuple[Path, Comparison]) -> None:
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
    whole: tuple[Path, Comparison], toy: ShopData, tmp_path: Path, left: int, error: BaseException
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


def test_a_finished_one_is_not_played_again(whole: tuple[Path, Comparison], toy: ShopData) -> None:
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
    whole: tuple[Path, Comparison], toy: ShopData, change: dict[str, object]
) -> None:
    before = records(whole[0])
    with pytest.raises(RunError, match="another comparison"):
        compared(toy, whole[0], RandomPolicy(), replace(CONFIG, **change))  # type: ignore[arg-type]
    assert records(whole[0]) == before


def test_a_worker_that_dies_is_named(tmp_path: Path) -> None:
    def submit(task: Task) -> "Future[list[Episode]]":
        future: Future[list[Episode]] = Future()
        future.set_exception(BrokenProcessPool("gone"))
        return future

    with pytest.raises(RunError, match=r"A worker died.*`resume`"):
        play(["a", "b"], [1], CONFIG, tmp_path, submit)


def test_any_number_of_workers_gives_the_same_bytes(toy_folder: Path, tmp_path: Path) -> None:
    save_policy(fake_policy(0, tiny_store(0)), tmp_path / "head")
    save_policy(tuned_policy(1), tmp_path / "tuned")
    arms = {"random": "random", "head": str(tmp_path / "head"), "tuned": str(tmp_path / "tuned")}
    data, config = read_data(toy_folder), replace(CONFIG, allocation="uniform", rollouts=40, batch=20)
    goals, found = data.split.part("train"), []
    for name in ("one", "two"):
        setup = Setup(toy_folder, False, "train", arms, tmp_path / name)
        table = setup.table(data)
        with here(table) if name == "one" else processes(setup, 2) as submit:
            found.append(play(list(arms), goals, config, tmp_path / name, submit))
    assert found[0] == found[1]
    assert len(records(tmp_path / "one")) == 2
    assert records(tmp_path / "one") == records(tmp_path / "two")


@pytest.mark.slow  # another process to start
def test_an_error_in_a_worker_is_named(toy_folder: Path, tmp_path: Path) -> None:
    setup = Setup(toy_folder, False, "test", {"rule": "rule", "gone": str(tmp_path / "gone")}, tmp_path)
    with pytest.raises(Exception, match=r"Arm 'gone'.*no such policy"), processes(setup, 1) as submit:
        play(list(setup.arms), [1], CONFIG, tmp_path, submit)
