import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from shoprl.bench import worker


def test_it_steps_and_prints_its_times(
    toy_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    taken: list[str] = []
    step = worker.WebShopEnv.step

    def counted(env: worker.WebShopEnv, action: str) -> object:
        taken.append(action)
        return step(env, action)

    monkeypatch.setattr(worker.WebShopEnv, "step", counted)
    monkeypatch.setattr("sys.stdin", io.StringIO())  # at its end at once
    worker.main(toy_folder, environments=3, steps=12)
    times = json.loads(capsys.readouterr().out)
    assert set(times) == {"import_seconds", "first_step_seconds"}
    assert min(times.values()) > 0
    assert len(taken) == 1 + 3 * 12
    assert sum(action.startswith("search[") for action in taken) >= 1 + 3 * 3


def test_what_is_wrong_with_the_shop_is_told(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "shoprl.bench.worker", str(tmp_path), "1", "0"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (2, "")
    row = json.loads(done.stdout)
    assert row["error"] == "CatalogError"
    assert str(tmp_path) in row["message"]
