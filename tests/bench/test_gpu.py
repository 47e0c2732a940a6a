"""``benchmarks/gpu.sh``, the one command for the GPU figures, on a CPU."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import shoprl

pytest.importorskip("torch", reason="needs the extra train")

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("gpu")


def run(gpu: ModuleType, monkeypatch: pytest.MonkeyPatch, out: Path, answer: Any) -> tuple[list[Any], dict[str, Any]]:
    """What was called with how many seconds, and the record."""
    calls: list[Any] = []

    def call(*arguments: object, seconds: float) -> dict[str, Any]:
        calls.append((" ".join(map(str, arguments)), seconds))
        result: dict[str, Any] = answer(calls[-1][0])
        return result

    monkeypatch.setattr(gpu, "shoprl", call)
    monkeypatch.setattr(sys, "argv", ["gpu.py", str(out), "--size", "tiny"])
    try:
        gpu.main()
    finally:
        record: dict[str, Any] = json.loads(out.read_text())
    return calls, record


def test_everything_is_measured_into_one_record(
    gpu: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer = {"seconds": 1.0, "device": "cpu", "machine": {}, "commit": None}
    calls, record = run(gpu, monkeypatch, tmp_path / "gpu.json", lambda _: dict(answer))
    assert list(record["measurements"]) == [measurement.name for measurement in gpu.MEASUREMENTS]
    assert {"size", "gpu", "machine", "versions", "commit", "wall_seconds"} < record.keys()
    for row in record["measurements"].values():
        assert row.keys() == {"options", "seconds", "device", "wall_seconds"}
    assert all("--size tiny" in call for call, _ in calls if "encode" not in call)
    assert all(seconds <= 20 * 60 for _, seconds in calls)


def test_the_papers_updates_come_last_and_may_take_what_is_left(gpu: ModuleType) -> None:
    *others, last = gpu.MEASUREMENTS
    assert last.full == "--method bi-attention --updates 3000"
    assert sum(each.limit for each in others) < gpu.LIMIT <= last.limit
    assert any("--titles 100000" in each.full for each in others)


def test_what_fails_is_recorded_and_the_rest_goes_on(
    gpu: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def answer(call: str) -> dict[str, Any]:
        if "ppo" in call:
            raise subprocess.CalledProcessError(1, ["python", "learn"])
        if "encode" in call:
            raise subprocess.TimeoutExpired(["python", "learn"], 5)
        return {"seconds": 1.0}

    out = tmp_path / "gpu.json"
    with pytest.raises(SystemExit, match="Not everything was measured"):
        run(gpu, monkeypatch, out, answer)
    rows = json.loads(out.read_text())["measurements"]
    assert len(rows) == len(gpu.MEASUREMENTS)
    assert "returned non-zero exit status 1" in rows["bi-attention, PPO"]["error"]
    assert "timed out after 5 seconds" in rows["encoding"]["error"]
    assert rows["bi-attention, DPO"]["seconds"] == 1.0


@pytest.mark.slow
def test_the_script_runs_with_tiny_sizes(toy_folder: Path, tmp_path: Path) -> None:
    source = str(Path(shoprl.__file__).parents[1])  # wherever the package is imported from, the script must be too
    environment = {**os.environ, "PYTHON": sys.executable, "PYTHONPATH": source, "SHOPRL_GPU_SIZE": "tiny"}
    command = [str(BENCHMARKS / "gpu.sh"), str(tmp_path / "gpu.json"), "--data", str(toy_folder)]
    subprocess.run(command, env=environment, check=True, cwd=tmp_path)
    rows = json.loads((tmp_path / "gpu.json").read_text())["measurements"]
    assert rows["choice network"]["decisions_per_second"] > 0
    assert all(rows[f"bi-attention, {name}"]["seconds_per_update"] > 0 for name in ("policy gradient", "PPO", "DPO"))
    assert rows["encoding"]["titles"] == 64
