import io
import json
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
