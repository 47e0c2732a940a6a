"""Options refused before any work."""

from pathlib import Path

import pytest

from shoprl.cli.checks import new_file
from shoprl.errors import ConfigError


def test_a_file_is_not_overwritten(tmp_path: Path) -> None:
    assert new_file(tmp_path / "new") == tmp_path / "new"
    with pytest.raises(ConfigError, match=r"exists already\. Choose another file with --out"):
        new_file(tmp_path)
