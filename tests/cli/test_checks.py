"""Options refused before any work, and texts made fit for a terminal."""

from pathlib import Path

import pytest

from shoprl.cli.checks import at_least_one, check_seed, new_file, shown
from shoprl.errors import ConfigError


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_seeds_that_every_generator_takes(seed: int) -> None:
    check_seed(seed)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_other_seeds_are_refused(seed: int) -> None:
    with pytest.raises(ConfigError, match=f"--seed {seed}: must be from 0 to 4294967295"):
        check_seed(seed)


def test_counts_start_at_one() -> None:
    at_least_one(first=1, max_steps=None)
    with pytest.raises(ConfigError, match="--max-steps 0: must be at least 1"):
        at_least_one(first=1, max_steps=0)


def test_a_file_is_not_overwritten(tmp_path: Path) -> None:
    assert new_file(tmp_path / "new") == tmp_path / "new"
    with pytest.raises(ConfigError, match=r"exists already\. Choose another file with --out"):
        new_file(tmp_path)


def test_texts_for_a_terminal() -> None:
    assert shown("a\x1b[31mb\n") == "a?[31mb?"
    assert shown("abcdef", 4) == "abc…"
    assert shown("abcd", 4) == "abcd"
