"""Who plays: this process, or several that each open the shop and the arms."""

from dataclasses import replace
from pathlib import Path

import pytest

from shoprl.evaluation.thompson.compare import play
from shoprl.evaluation.thompson.sampling import ThompsonConfig
from shoprl.evaluation.thompson.workers import Setup, here, processes
from shoprl.policies.saving import save_policy
from shoprl.shop.data import read_data
from tests.support.fakes import fake_policy
from tests.support.tiny_bert import tiny_store, tuned_policy

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
