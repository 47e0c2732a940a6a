"""A small agent in the place of the package's own."""

from pathlib import Path

import pytest

from shoprl.files import sha256_of
from shoprl.policies import packaged


def package(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Let the package carry the policy of a folder."""
    patch.setattr(packaged, "FOLDER", folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".md")
    patch.setattr(packaged, "SHA256", {path.relative_to(folder).as_posix(): sha256_of(path) for path in files})


def carry_none(patch: pytest.MonkeyPatch) -> None:
    """Let the package carry no agent."""
    patch.setattr(packaged, "SHA256", {})
