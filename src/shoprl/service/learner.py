"""Has ``shoprl learn`` run in a process of its own, as a server does now and then."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LONGEST = 2_000  # characters kept of what it said


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended.

    Attributes:
        code: its exit code: 0 where a policy was registered, or nothing new was there to learn.
        registered: name of the new policy; None where none was.
        said: why not; the end of its error output where it failed.
    """

    code: int
    registered: str | None
    said: str


def learn_once(
    database: str, data: Path, out: Path, options: Sequence[str] = (), timeout: float | None = None
) -> Outcome:
    """Learn from a service's feedback, and wait for it.

    Args:
        database: the service's.
        data: its shop.
        out: a new folder.
        options: of the command, such as ``("--activate", "candidate")``.
        timeout: seconds after which the process is ended.
    """
    words = ["learn", f"--from={database}", f"--data={data}", f"--out={out}", "--json", *options]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "shoprl.cli.main", *words], capture_output=True, text=True, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        return Outcome(-1, None, f"not done after {timeout:g} seconds")
    if done.returncode:
        return Outcome(done.returncode, None, done.stderr.strip()[-LONGEST:])
    answer: Mapping[str, Any] = json.loads(done.stdout)
    return Outcome(0, answer["registered"], str(answer.get("reason", ""))[:LONGEST])
