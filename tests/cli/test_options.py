"""Seed, threads and determinism: the same for every command that computes with torch."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from shoprl.cli.main import COMMANDS, load
from shoprl.cli.options import OnGoals, prepare
from shoprl.cli.parsing import flags
from tests.support.cli import Call, refused

NEEDED = {  # command -> options without which it does not start
    "train imitation": ("--data", "x", "--out", "OUT", "--demonstrations", "x"),
    "train dpo": ("--data", "x", "--out", "OUT", "--policy", "x", "--demonstrations", "x"),
    "train policy-gradient": ("--data", "x", "--out", "OUT"),
    "train ppo": ("--data", "x", "--out", "OUT"),
    "train self-learning": ("--data", "x", "--out", "OUT", "--policy", "x"),
    "train-query": ("--pairs", "x", "--goals", "x", "--out", "OUT"),
    "reproduce": ("--data", "x", "--out", "OUT"),
    "evaluate": ("--data", "x", "--policy", "rule"),
    "recommend": ("tea", "--data", "x", "--policy", "rule"),
    "preferences make": ("--data", "x", "--out", "OUT", "--policy", "x", "--demonstrations", "x"),
    "bench learn": ("--data", "x"),
    "compare": ("--data", "x", "--out", "OUT", "--arms", "rule", "random"),
    "study": ("learners", "--data", "x", "--out", "OUT"),
}


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic)


def test_it_sets_torch_up() -> None:
    torch.use_deterministic_algorithms(False)
    team = prepare(3, 1)
    assert (team.device.type, team.count) == ("cpu", 1)
    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("seed", [-1, 2**32])
@pytest.mark.parametrize("name", NEEDED)
def test_every_command_checks_its_seed(call: Call, tmp_path: object, name: str, seed: int) -> None:
    given = [word.replace("OUT", f"{tmp_path}/out") for word in NEEDED[name]]
    flag = "--seeds" if name == "study" else "--seed"
    refused(call(*name.split(), *given, flag, seed), "ConfigError", f"{flag} {seed}: must be from 0 to 4294967295.")


@pytest.mark.parametrize("name", [name for name in NEEDED if name != "compare"])
def test_every_command_checks_its_threads(call: Call, tmp_path: object, name: str) -> None:
    given = [word.replace("OUT", f"{tmp_path}/out") for word in NEEDED[name]]
    refused(call(*name.split(), *given, "--threads", 0), "ConfigError", "--threads 0: must be from 1 to 1024.")


def test_every_command_that_trains_is_checked() -> None:
    assert {name for name in COMMANDS if name.startswith("train")} <= set(NEEDED)


def test_goals_are_chosen_by_one_option_everywhere() -> None:
    choosing = {name for name in COMMANDS if issubclass(load(name), OnGoals)}
    others = {name for name in COMMANDS if "goals" in flags(load(name))} - choosing
    assert others == {"catalog goals", "train-query"}  # how many to make; a list of instructions
    training = {name for name in COMMANDS if name.startswith("train ")}
    assert choosing == training | {
        *("reproduce", "adapt", "evaluate", "compare", "study", "catalog build", "catalog split", "preferences make"),
        *(
            "trajectories show",
            "trajectories filter",
            "trajectories import",
            "trajectories demonstrate",
            "trajectories export",
        ),
        *("env-server", "parity", "bench quality", "bench recommend"),
    }


def test_goals_that_cannot_be_had_are_named(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    demonstrate = ("trajectories", "demonstrate", "--data", toy_folder, "--out", tmp_path / "x", "--count", 2)
    refused(call(*demonstrate, "--goals", "humans"), "GoalError", "humans", "no such file")
    (toy_folder / "items_human_ins.json").unlink()
    refused(call(*demonstrate, "--goals", "human"), "GoalError", "no human instructions", "items_human_ins.json")
    assert not (tmp_path / "x").exists()
