import logging
import sys
from pathlib import Path

import pytest

from shoprl.cli.main import main
from tests.support.cli import Answer, Call
from tests.support.fakerun import shared_run, use_fake_backbone


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run a command line in this process, on the backbone without weights."""
    use_fake_backbone(monkeypatch)
    monkeypatch.setattr(logging, "basicConfig", lambda **settings: None)  # it would hold on to the captured stderr

    def run(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["shoprl", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code if isinstance(exit_.code, int) else 1
        return Answer(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    return shared_run(tmp_path_factory)
