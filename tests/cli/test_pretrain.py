"""``shoprl pretrain`` as a user runs it, on the backbone without weights."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoprl.cli.pretrain import Pretrain
from shoprl.experiments.pretraining import SIZES
from shoprl.files import sha256_of
from shoprl.training import loop
from tests.support.cli import Call, refused
from tests.support.pretrained import package

assert SIZES["tiny"].reinforcement is not None
LAST = SIZES["tiny"].reinforcement.updates
TINY = ("--size", "tiny", "--threads", 1, "--json")


def test_pretraining_makes_an_agent_that_recommends(
    call: Call, toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    answer = call("pretrain", "--out", out, *TINY)
    assert answer.code == 0, answer.err
    row = answer.json()
    assert row["policy"] == str(out / "policy")
    assert row["last"]["update"] == LAST
    assert json.loads((out / "run.json").read_text())["settings"]["config"]["catalogues"] == SIZES["tiny"].catalogues
    package(out / "policy", monkeypatch)
    found = call("recommend", "red running shoes", "--data", toy_folder, "--runs", 2, "--json")
    assert found.code == 0, found.err
    row = call("evaluate", "--policy", "pretrained", "--data", toy_folder, "--json").json()
    assert row["episodes"] > 0


@pytest.mark.parametrize("cut", [3, pytest.param(7, marks=pytest.mark.slow), 9])
def test_a_run_that_was_cut_off_goes_on(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    whole = call("pretrain", "--out", tmp_path / "whole", *TINY).json()
    real, updates = loop.Training.step, iter(range(100))

    def step(self: loop.Training, *arguments: object) -> None:
        if next(updates) == cut:
            raise KeyboardInterrupt
        real(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(loop.Training, "step", step)
    words = ("pretrain", "--out", tmp_path / "cut", *TINY)
    assert call(*words).code != 0
    refused(call(*words), "RunError", "--resume")
    refused(call(*words, "--resume", "--seed", 1), "RunError", "seed: was 0, now 1")
    answer = call(*words, "--resume")
    assert answer.code == 0, answer.err
    assert {**answer.json(), "policy": ""} == {**whole, "policy": ""}
    models = [tmp_path / name / "policy" / "model.safetensors" for name in ("whole", "cut")]
    assert len({sha256_of(path) for path in models}) == 1
    assert call(*words, "--resume").json() == answer.json()


def test_a_run_that_was_cut_off_before_its_policy_goes_on(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*arguments: object) -> Iterator[None]:
        raise KeyboardInterrupt

    words = ("pretrain", "--out", tmp_path / "run", *TINY)
    with monkeypatch.context() as patch:
        patch.setattr("shoprl.cli.coached.weights_digest", killed)
        assert call(*words).code != 0
    answer = call(*words, "--resume")
    assert answer.code == 0, answer.err
    assert answer.json()["last"]["update"] == LAST


def test_the_default_is_what_the_package_carries(tmp_path: Path) -> None:
    assert Pretrain(out=tmp_path).size == "full"
