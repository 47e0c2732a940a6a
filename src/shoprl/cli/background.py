"""A command line carried out by a process of its own, beside another command."""

import multiprocessing
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

NICENESS = 10  # the other command goes first
CHECKED = 0.5  # seconds between two looks at whether to give up


def in_background(words: Sequence[str], written: Path, closing: threading.Event) -> int:
    """Carry out a command line; its words, which may hold a password, are in no list of processes.

    Args:
        words: without ``shoprl``.
        written: a file for what it prints.
        closing: when set, the process is killed.

    Returns:
        Its exit code; below 0 the signal that ended it.
    """
    context: Any = multiprocessing.get_context("spawn")
    process = context.Process(target=_command, args=(list(words), written), name="shoprl-background", daemon=True)
    process.start()
    while process.is_alive() and not closing.wait(CHECKED):
        pass
    if process.is_alive():
        process.kill()
    process.join()
    return int(process.exitcode or 0)


def _command(words: list[str], written: Path) -> None:
    from shoprl.cli.main import main

    with suppress(OSError, AttributeError):  # not on every system
        os.nice(NICENESS)
    with written.open("w", encoding="utf-8") as stream:
        sys.stdout = sys.stderr = stream
        sys.argv = ["shoprl", *words]
        main()
