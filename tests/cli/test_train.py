"""``shoprl train`` as a user runs it, on the backbone without weights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from shoprl.shop.data import read_data
from tests.cli.conftest import Call

SMALL = ("--threads", 1, "--updates", 2, "--checkpoint-every", 2, "--log-every", 1, "--batch-size", 4, "--json")


@pytest.fixture
def shown(call: Call, toy_folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "shown.jsonl.gz"
    answer = call(
        "trajectories", "demonstrate", "--data", toy_folder, "--count", 10, "--skill", "expert", "--out", path
    )
    assert answer.code == 0, answer.err
    return path


@pytest.fixture
def imitated(call: Call, toy_folder: Path, tmp_path: Path, shown: Path) -> Path:
    out = tmp_path / "imitated"
    answer = call("train", "imitation", "--data", toy_folder, "--demonstrations", shown, "--out", out, *SMALL)
    assert answer.code == 0, answer.err
    record = json.loads((out / "run.json").read_text())
    assert record["status"] == "done"
    assert {"device", "precision", "processes"} <= record["machine"].keys()
    assert len(answer.json()["log"]) == 2
    return out / "policy"


def test_a_trained_policy_can_be_evaluated(call: Call, toy_folder: Path, imitated: Path) -> None:
    row = call("evaluate", "--policy", imitated, "--data", toy_folder, "--json").json()
    assert row["episodes"] == len(read_data(toy_folder).split.test)


@pytest.mark.parametrize("variant", ["dpo", "ipo", "simpo"])
def test_dpo(call: Call, toy_folder: Path, tmp_path: Path, shown: Path, imitated: Path, variant: str) -> None:
    files = ("--data", toy_folder, "--demonstrations", shown, "--policy", imitated, "--out", tmp_path / "dpo")
    answer = call("train", "dpo", *files, "--variant", variant, *SMALL)
    assert answer.code == 0, answer.err
    assert set(answer.json()["log"][-1]) >= {"loss", "margin", "accuracy"}


def test_preferences_made_by_one_command_train_in_another(
    call: Call, toy_folder: Path, tmp_path: Path, shown: Path, imitated: Path
) -> None:
    pairs = tmp_path / "pairs.jsonl"
    files = ("--data", toy_folder, "--policy", imitated)
    made = call("preferences", "make", *files, "--demonstrations", shown, "--out", pairs, "--json")
    assert made.code == 0, made.err
    rows = [json.loads(line) for line in pairs.read_text().splitlines()]
    assert len(rows) == made.json()["pairs"] > 10
    assert all(row["chosen"] != row["rejected"] for row in rows)
    answer = call("train", "dpo", *files, "--preferences", pairs, "--out", tmp_path / "dpo", *SMALL)
    assert answer.code == 0, answer.err
    assert list((tmp_path / "dpo" / "training").glob("reference-*.npy"))
    both = ("--preferences", pairs, "--demonstrations", shown, "--out", tmp_path / "both")
    assert "Give either" in call("train", "dpo", *files, *both).err


def test_a_network_without_pretrained_weights(call: Call, toy_folder: Path, tmp_path: Path, shown: Path) -> None:
    arguments = ("--data", toy_folder, "--demonstrations", shown, "--out", tmp_path / "rnn", "--head", "rnn", *SMALL)
    answer = call("train", "imitation", *arguments)
    assert answer.code == 0, answer.err
    assert call("evaluate", "--policy", tmp_path / "rnn" / "policy", "--data", toy_folder).code == 0


@pytest.mark.parametrize("method", ["policy-gradient", "ppo"])
def test_learning_from_rewards(call: Call, toy_folder: Path, tmp_path: Path, imitated: Path, method: str) -> None:
    more = ("--epochs", 1, "--minibatches", 1) if method == "ppo" else ()
    files = ("--data", toy_folder, "--policy", imitated, "--out", tmp_path / "rl")
    answer = call("train", method, *files, *more, *SMALL)
    assert answer.code == 0, answer.err
    assert set(answer.json()["log"][-1]) >= {"score", "success", "entropy", "value_loss"}


def test_a_cut_off_training_goes_on(call: Call, toy_folder: Path, tmp_path: Path, shown: Path) -> None:
    arguments = ("train", "imitation", "--data", toy_folder, "--demonstrations", shown, *SMALL)
    first = call(*arguments, "--out", tmp_path / "out")
    again = call(*arguments, "--out", tmp_path / "out")
    assert again.code == 2
    assert "RunError" in again.err
    resumed = call(*arguments, "--out", tmp_path / "out", "--resume")
    assert resumed.json()["log"] == first.json()["log"]
    weights = (tmp_path / "out" / "policy" / "model.safetensors").read_bytes()
    call(*arguments, "--out", tmp_path / "other")
    assert (tmp_path / "other" / "policy" / "model.safetensors").read_bytes() == weights


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("imitation",), "--demonstrations is missing"),
        (("dpo", "--demonstrations", "x"), "--policy is missing"),
        (("self-learning",), "--policy is missing"),
        (("self-learning", "--policy", "x", "--demonstrations", "x"), "self-learning uses none"),
        (("ppo", "--epochs", 3), "must be a multiple of epochs x minibatches"),
        (("imitation", "--demonstrations", "x", "--threads", 0), "--threads 0"),
        pytest.param(
            ("imitation", "--demonstrations", "x", "--device", "cuda"),
            "torch finds no GPU",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU"),
        ),
    ],
)
def test_what_cannot_be_done_is_named_at_once(
    call: Call, toy_folder: Path, tmp_path: Path, arguments: tuple[str, ...], what: str
) -> None:
    answer = call("train", *arguments, "--data", toy_folder, "--out", tmp_path / "out")
    assert answer.code == 2
    assert what in answer.err
    assert not (tmp_path / "out").exists()


def test_accelerate_launches_several_processes(toy_folder: Path, tmp_path: Path, shown: Path) -> None:
    options = (*SMALL, "--head", "rnn", "--device", "cpu", "--data", toy_folder, "--demonstrations", shown)
    launch = ("accelerate.commands.launch", "--multi_gpu", "--num_processes", 2, "--num_machines", 1)
    plain = ("--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", 0)
    command = [*launch, *plain, "-m", "shoprl.cli.main", "train", "imitation", *options, "--out", tmp_path / "out"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)], env=environment, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["log"]) == 2  # the first process alone answers
    assert json.loads((tmp_path / "out" / "run.json").read_text())["machine"]["processes"] == 2
