"""What a command answers, and how a refusal looks."""

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shoprl.cli.main import main

GENERATE, BUILD, ATTRIBUTES, SPLIT = "catalog generate", "catalog build", "catalog attributes", "catalog split"


@dataclass(frozen=True)
class Answer:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Answer]


def caller(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Runs command lines in this process."""
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


def tree(folder: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def refused(answer: Answer, error: str, *parts: str) -> None:
    assert answer.code == 2, answer.err
    assert answer.out == ""
    line = answer.err.strip().splitlines()[-1]
    assert line.startswith(f"{error}: "), answer.err
    assert "Traceback" not in answer.err
    for part in parts:
        assert part in line


def words(name: str) -> list[str]:
    """A command's name as arguments."""
    return name.split()
