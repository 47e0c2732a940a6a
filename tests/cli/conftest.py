from pathlib import Path

import pytest

from tests.support.cli import Call, caller
from tests.support.fakerun import shared_run, use_fake_backbone


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run a command line in this process, on the backbone without weights."""
    use_fake_backbone(monkeypatch)
    return caller(capsys, monkeypatch)


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    return shared_run(tmp_path_factory)
