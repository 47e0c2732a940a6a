"""Options refused before any work, and texts made fit for a terminal."""

from pathlib import Path

import pytest

from shoprl.cli.checks import new_file, shown
from shoprl.errors import ConfigError


def test_a_file_is_not_overwritten(tmp_path: Path) -> None:
    assert new_file(tmp_path / "new") == tmp_path / "new"
    with pytest.raises(ConfigError, match=r"exists already\. Choose another file with --out"):
        new_file(tmp_path)


def test_texts_for_a_terminal() -> None:
    assert shown("a\x1b[31mb\n") == "a?[31mb?"
    assert shown("abcdef", 4) == "abc…"
    assert shown("abcd", 4) == "abcd"
