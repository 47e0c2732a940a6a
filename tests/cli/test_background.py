"""A command line beside another command."""

import threading
import time
from pathlib import Path

from shoprl.cli.background import in_background


def test_what_a_command_prints_is_written(tmp_path: Path) -> None:
    assert in_background(["--version"], tmp_path / "a.log", threading.Event()) == 0
    assert (tmp_path / "a.log").read_text().startswith("shoprl ")


def test_how_it_fails_is_told(tmp_path: Path) -> None:
    assert in_background(["nothing"], tmp_path / "a.log", threading.Event()) == 2
    assert "no such command" in (tmp_path / "a.log").read_text()


def test_it_is_given_up_when_told_to(tmp_path: Path, toy_folder: Path) -> None:
    closing, began = threading.Event(), time.monotonic()
    threading.Timer(1.0, closing.set).start()
    code = in_background(["env-server", "--data", str(toy_folder), "--port", "0"], tmp_path / "a.log", closing)
    assert code < 0
    assert time.monotonic() - began < 20
