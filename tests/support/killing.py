"""Kills commands at random moments, and lets them go on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from shoprl.files import sha256_of
from tests.support.fakerun import ROOT

KILLS = int(os.environ.get("SHOPRL_TEST_KILLS", "3"))  # of each command


def shoprl(*arguments: object) -> list[str]:
    """The real command line, on the real backbone."""
    return [sys.executable, "-c", "from shoprl.cli.main import main; main()", *map(str, arguments)]


def moments(seed: int, longest: float, count: int = KILLS) -> list[float]:
    """Seconds from a start to a kill, drawn up to ``longest``."""
    drawn: list[float] = np.random.default_rng(seed).uniform(0.05 * longest, longest, count).tolist()
    return drawn


def finished(command: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    """Run a command to its end; the seconds it took."""
    start = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[-2000:]}"
    return time.monotonic() - start


def killed_and_resumed(
    command: Sequence[str],
    resume_command: Sequence[str],
    moments: Iterable[float],
    environment: Mapping[str, str] | None = None,
) -> int:
    """Start a command, kill it and resume it at each moment, and let it come to its end.

    Args:
        command: starts the run.
        resume_command: continues it.
        moments: seconds from each start to its kill (SIGKILL, with all processes it has started).
        environment: of the commands; this process's when left out.

    Returns:
        How many of the kills met a running command.
    """
    kills, current = 0, command
    for seconds in moments:
        process = subprocess.Popen(
            current,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            _, errors = process.communicate(timeout=seconds)
            assert process.returncode == 0, f"{' '.join(current)}: {errors[-2000:]}"
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            kills += 1
        current = resume_command
    finished(current, environment)
    return kills


def digests(folder: Path, pattern: str = "**/*") -> dict[str, str]:
    """The digest of each file of a folder, by its path in it."""
    return {str(path.relative_to(folder)): sha256_of(path) for path in folder.glob(pattern) if path.is_file()}
