"""The command line on a backbone without weights: ``python -m tests.support.fakerun reproduce --budget tiny ...``."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.support.fakerun", *arguments]


def environment() -> dict[str, str]:
    return os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


def tiny(folder: Path, *more: str) -> list[str]:
    return command("reproduce", "--budget", "tiny", "--threads", "1", "--out", str(folder), "--json", *more)


def shared_run(factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One finished run for all tests of a session, whichever worker runs them: its folder, and what it printed."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # that of all workers
    folder, printed = base / "shared-run", base / "shared-run.json"
    with FileLock(base / "shared-run.lock"):
        if not printed.is_file():
            done = subprocess.run(
                tiny(folder), cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=280
            )
            assert done.returncode == 0, done.stderr[-2000:]
            printed.write_text(done.stdout)
    return folder, printed.read_text()


def results_of(folder: Path) -> dict[str, Any]:
    """A run's results but for the time they took."""
    results: dict[str, Any] = json.loads((folder / "results.json").read_text())
    assert results.pop("wall_seconds")
    return results


def use_fake_backbone(patch: pytest.MonkeyPatch) -> None:
    from tests.support.fakequery import fake_backbone
    from tests.support.fakes import FakeBackbone

    for module in (
        "shoprl.policies.networks.encoder",
        "shoprl.policies.networks.choice",
        "shoprl.policies.networks.match.policy",
        "shoprl.policies.networks.sentences",
        "shoprl.policies.networks.backbone",
    ):
        patch.setattr(f"{module}.load_backbone", lambda *name: fake_backbone())
    patch.setattr("shoprl.policies.networks.backbone.OFFICIAL_SHA256", FakeBackbone.sha256)


if __name__ == "__main__":
    from shoprl.cli.main import main

    with pytest.MonkeyPatch.context() as patch_:
        use_fake_backbone(patch_)
        main()
