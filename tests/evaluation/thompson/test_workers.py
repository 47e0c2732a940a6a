"""Who plays: this process, or several that each open the shop and the arms."""

import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shoprl.errors import ConfigError, RunError
from shoprl.evaluation.thompson.compare import play
from shoprl.evaluation.thompson.rounds import Chunk
from shoprl.evaluation.thompson.sampling import ThompsonConfig
from shoprl.evaluation.thompson.workers import Setup, Worker, here, processes
from shoprl.policies.base import Choice, Decode
from shoprl.policies.saving import save_policy
from shoprl.policies.simple import RandomPolicy, RulePolicy
from shoprl.rollouts.runner import run_episodes
from shoprl.search.hybrid_folder import FOLDER, build_hybrid
from shoprl.shop.data import ShopData, read_data
from shoprl.shop.store import build_store, open_store
from shoprl.tasks.base import State
from shoprl.tasks.shop.task import ShopTask
from tests.support.encoders import WordEncoder
from tests.support.fakes import fake_policy
from tests.support.tiny_bert import tiny_bert, tiny_store, tuned_policy
from tests.support.toyshop import toy_goals

CONFIG = ThompsonConfig(allocation="top-two", rollouts=30, runs=2, batch=8, chunk=3)


def records(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in sorted(folder.glob("run-*/rollouts.jsonl.gz"))}


def test_any_number_of_workers_gives_the_same_bytes(toy_folder: Path, tmp_path: Path) -> None:
    save_policy(fake_policy(0, tiny_store(0)), tmp_path / "head")
    save_policy(tuned_policy(1), tmp_path / "tuned")
    arms = {"random": "random", "head": str(tmp_path / "head"), "tuned": str(tmp_path / "tuned")}
    data, config = read_data(toy_folder), replace(CONFIG, allocation="uniform", rollouts=40, batch=20)
    goals, found = data.split.part("train"), []
    for name in ("one", "two"):
        setup = Setup(toy_folder, False, "train", arms, tmp_path / name, (str(tiny_bert()),))
        worker = setup.worker(data)
        with here(worker) if name == "one" else processes(setup, 2) as submit:
            found.append(play(list(arms), goals, config, tmp_path / name, submit))
    assert found[0] == found[1]
    assert len(records(tmp_path / "one")) == 2
    assert records(tmp_path / "one") == records(tmp_path / "two")


def test_a_worker_searches_as_the_shop_is_to_be_searched(toy_folder: Path, tmp_path: Path) -> None:
    store, encoder = build_store(toy_folder), WordEncoder({"jogging": "sprint"})
    build_hybrid(open_store(store).catalog, store / FOLDER, encoder)
    setup = Setup(toy_folder, False, "train", {"rule": "rule"}, tmp_path, (), "hybrid", encoder)
    found = pickle.loads(pickle.dumps(setup)).worker().data.shop.search.find("jogging")
    assert found == read_data(toy_folder, search="hybrid", encoder=encoder).shop.search.find("jogging") != ()
    assert setup.worker(read_data(toy_folder)).data.search == "bm25"


def test_a_worker_plays_the_goals_that_were_chosen(toy_folder: Path, tmp_path: Path) -> None:
    setup = Setup(toy_folder, False, "train", {"rule": "rule"}, tmp_path, goals="human")
    assert list(pickle.loads(pickle.dumps(setup)).worker().data.goals) == toy_goals("human")


@pytest.mark.slow  # another process to start
def test_an_error_in_a_worker_is_named(toy_folder: Path, tmp_path: Path) -> None:
    setup = Setup(toy_folder, False, "test", {"rule": "rule", "gone": str(tmp_path / "gone")}, tmp_path)
    with pytest.raises(Exception, match=r"Arm 'gone'.*no such policy"), processes(setup, 1) as submit:
        play(list(setup.arms), [1], CONFIG, tmp_path, submit)


class Broken(RandomPolicy):
    """Fails with an error of its own."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def act(self, states: Sequence[State], rngs: Sequence[np.random.Generator], decode: Decode) -> list[Choice]:
        raise self._error


@pytest.mark.parametrize(
    ("error", "expected", "said"),
    [
        (
            ZeroDivisionError("by nothing"),
            RunError,
            r"Arm 'broken': failed in rollouts 4 to 9 \(ZeroDivisionError: by nothing",
        ),
        (ConfigError("too long"), ConfigError, "Arm 'broken': too long"),
    ],
)
def test_an_arm_that_fails_is_named(toy: ShopData, error: Exception, expected: type[Exception], said: str) -> None:
    worker = Worker({"random": RandomPolicy(), "broken": Broken(error)}, toy)
    chunk = Chunk(1, (4, 9), (0, 1), ((0, 0, 1, 4), (0, 0, 1, 9)))
    with pytest.raises(expected, match=said), here(worker) as submit:
        submit(chunk)


def test_a_task_plays_its_arm_on_its_goals_with_its_seeds(toy: ShopData) -> None:
    worker = Worker({"rule": RulePolicy(), "random": RandomPolicy()}, toy)
    seeds = ((0, 0, 1, 4), (0, 0, 1, 9))
    with here(worker) as submit:
        played = submit(Chunk(1, (4, 9), (3, 3), seeds)).result()
    goals = [(3, toy.goals[3])] * 2
    assert played == run_episodes(RandomPolicy(), ShopTask(toy.shop), goals, seeds, "sample", label="")
    assert played[0] != played[1]
