"""Two trainings at once: the process that measures and the one that trains, each with a stand-in for the other."""

import io
import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra train")

import torch

from shoprl.bench import together
from shoprl.bench.together import bench_together
from shoprl.errors import ShopRLError
from tests.support.fakes import FakeBackbone
from tests.support.toyshop import write_toy_folder

TRAINING = """
import json, sys
assert json.loads(sys.argv[1])["threads"] == 2
print('"ready"', flush=True)
sys.stdin.readline()
print(8.0, flush=True)
"""


def test_two_trainings_are_measured_beside_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "TRAINER", (sys.executable, "-c", TRAINING))
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.delenv("KMP_BLOCKTIME", raising=False)
    figures = bench_together(None, 16, 0, 2, "tiny")
    assert (figures.updates_per_second_alone, figures.updates_per_second_together, figures.slowdown) == (2.0, 2.0, 1.0)
    assert (figures.updates, figures.threads, figures.batch_size) == (16, 2, 2)
    assert figures.waiting == "OMP_WAIT_POLICY=PASSIVE"
    monkeypatch.delenv("OMP_WAIT_POLICY")
    assert bench_together(None, 16, 0, 2).waiting == "not set"


def test_a_training_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "TRAINER", (sys.executable, "-c", "raise SystemExit(7)"))
    with pytest.raises(ShopRLError, match="ended with code 7"):
        bench_together(None, 16, 0, 2)


def test_a_training_waits_for_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_toy_folder(tmp_path / "toy")
    monkeypatch.setattr("shoprl.bench.learn.load_backbone", FakeBackbone)
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    together.main({"data": str(tmp_path / "toy"), "updates": 3, "seed": 0, "threads": 2, "size": "tiny"})
    ready, seconds = map(json.loads, capsys.readouterr().out.splitlines())
    assert ready == "ready"
    assert seconds > 0


@pytest.mark.slow
def test_processes_train(tmp_path: Path) -> None:
    write_toy_folder(tmp_path / "toy")
    assert bench_together(tmp_path / "toy", 4, 0, 1, "tiny").updates_per_second_together > 0
