"""Commands in the pages exist and take the options that they are given, where their block does not run as well."""

import re
import shlex
from functools import cache
from pathlib import Path

import pytest

from shoprl.cli.main import COMMANDS
from tests.support.blocks import SHELL, blocks_of, commands_of, run_shoprl

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *(page for page in sorted((ROOT / "docs").rglob("*.md")) if "api" not in page.parts)]


def _command_of(words: list[str]) -> str | None:
    """The longest command that the words after ``shoprl`` start with."""
    return next((name for count in (2, 1) if (name := " ".join(words[1 : 1 + count])) in COMMANDS), None)


@cache
def _excused() -> dict[str, list[tuple[str, set[str]]]]:
    """Command -> the pages that call it in a block that does not run, with the options given."""
    calls: dict[str, list[tuple[str, set[str]]]] = {}
    for page in PAGES:
        for block in blocks_of(page):
            if block.language not in SHELL or block.reason is None:
                continue
            for line in commands_of(block.text):
                words = shlex.split(line, comments=True)
                if words and words[0] == "shoprl":
                    options = {word.partition("=")[0] for word in words if word.startswith("--")}
                    calls.setdefault(_command_of(words) or line, []).append((page.name, options))
    return calls


@pytest.mark.parametrize("command", sorted(_excused()))
def test_options_of_blocks_that_do_not_run_exist(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command in COMMANDS, f"{_excused()[command]}: no such command"
    code, text = run_shoprl(["shoprl", *command.split(), "--help"], monkeypatch)
    assert code == 0
    known = set(re.findall(r"--[a-z][\w-]*", text))
    for page, options in _excused()[command]:
        assert options <= known, f"{page}: {options - known}"


def test_every_command_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert all(f"`{word}`" in text or f"`shoprl {word}`" in text for word in command.split()), command
