"""Several processes make the updates of one."""

import importlib
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from shoprl.errors import ConfigError
from shoprl.reading import read_json
from shoprl.training.loop import CHECKPOINT, EVENTS, LOG
from shoprl.training.processes import Team, device_for, team_on
from tests.support.learners import ALL, SAMPLING, self_learning

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[2]
EXACT = ("imitation choice", "imitation choice, tuned", "dpo bi-attention", "self-learning", "extractive", "seq2seq")
SHARED = (*EXACT, *SAMPLING)


def launched(folder: Path, count: int) -> None:
    """Train in several processes that know of one another as any launcher of torch has it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        "OMP_NUM_THREADS": "1",
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "GLOO_SOCKET_IFNAME": "lo",
    }
    command = [sys.executable, "-m", "tests.support.together", folder, *SHARED]
    numbers = [{"RANK": str(number), "LOCAL_RANK": str(number)} for number in range(count)]
    started = [
        subprocess.Popen(command, env=os.environ | shared | own, stderr=subprocess.PIPE, text=True) for own in numbers
    ]
    try:
        errors = [each.communicate(timeout=280)[1] for each in started]
    finally:
        for each in started:
            each.kill()
    assert all(each.returncode == 0 for each in started), "\n".join(errors)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[dict[str, Any]]]]:
    """Folder and logs of trainings in this process."""
    folder = tmp_path_factory.mktemp("alone")
    return folder, {name: ALL[name](folder / name, lambda model: None)[1] for name in SHARED}


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the same in two processes."""
    folder = tmp_path_factory.mktemp("together")
    launched(folder, 2)
    return folder


def rows(folder: Path, learner: str, number: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_json(folder / f"{learner} {number}.json", ConfigError)
    return found


def checkpoint(folder: Path, learner: str) -> dict[str, torch.Tensor]:
    return load_file(next((folder / learner).rglob(CHECKPOINT)))


@pytest.mark.parametrize("learner", EXACT)
def test_two_processes_make_the_updates_of_one(
    alone: tuple[Path, dict[str, list[dict[str, Any]]]], together: Path, learner: str
) -> None:
    one, two = checkpoint(alone[0], learner), checkpoint(together, learner)
    assert one.keys() == two.keys()
    for name in one:
        if name.endswith("exp_avg"):  # mean gradients
            assert torch.allclose(one[name], two[name], rtol=1e-4, atol=1e-6), name
        elif not name.endswith("bias"):  # where a gradient is rounding alone, AdamW makes a step of it: of most biases
            apart = (one[name] - two[name]).abs() > 1e-5
            assert apart.float().mean() < 0.01, name  # and, depending on the processor, of single weights
    for single, shared in zip(alone[1][learner], rows(together, learner), strict=True):
        assert list(single) == list(shared)
        for name in single.keys() - {"f1"}:  # which is no mean
            assert shared[name] == pytest.approx(single[name], rel=1e-3, abs=1e-5), name


@pytest.mark.parametrize("learner", SHARED)
def test_all_processes_end_with_one_model(together: Path, learner: str) -> None:
    first, second = (load_file(together / f"{learner} {number}.safetensors") for number in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert rows(together, learner, 0) == rows(together, learner, 1)


@pytest.mark.parametrize("learner", SAMPLING)
def test_demonstrations_beside_rollouts_are_shared(
    alone: tuple[Path, dict[str, list[dict[str, Any]]]], together: Path, learner: str
) -> None:
    assert rows(together, learner)[0]["imitation_loss"] == pytest.approx(alone[1][learner][0]["imitation_loss"])


def test_the_first_process_alone_writes(together: Path) -> None:
    folder = together / "imitation choice"
    assert sorted(path.name for path in folder.iterdir()) == [CHECKPOINT, LOG, EVENTS]
    assert len(list((folder / EVENTS).iterdir())) == 1


def test_one_process_needs_no_accelerate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(ImportError):
        importlib.import_module("accelerate")
    _, log = self_learning(tmp_path, lambda model: None)
    assert log[-1]["update"] == 4


def test_shares_are_equal_and_hold_everything() -> None:
    batch = torch.arange(12)
    shares = [Team(CPU, 3, number).share(batch) for number in range(3)]
    assert [len(share) for share in shares] == [4, 4, 4]
    assert sorted(torch.cat(shares).tolist()) == list(range(12))
    assert torch.equal(Team(CPU).share(batch), batch)


def test_a_batch_without_equal_shares_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"batch_size 16: .* 3 processes"):
        Team(CPU, 3, 1).share(torch.arange(16))
    with pytest.raises(ConfigError, match="demonstrated 5"):
        Team(CPU, 2).share(torch.arange(5), "demonstrated")
    Team(CPU).check(1)


def test_one_process_is_a_team_of_its_own() -> None:
    team = team_on(device_for("cpu"))
    assert (team.count, team.number, team.first) == (1, 0, True)
    assert team.from_first(lambda: 7) == 7
    team.wait()
    assert torch.equal(team.mean(torch.tensor([1.0, 2.0])), torch.tensor([1.0, 2.0]))
