"""Shared by the benchmarks: their options, and calls of the command line."""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def shoprl(*arguments: object, seconds: float | None = None) -> dict[str, Any]:
    """Run a command, for so many seconds at most, and read what it prints; its progress goes to stderr."""
    command = [sys.executable, "-c", "from shoprl.cli.main import main; main()", *map(str, arguments), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=seconds)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def options(doc: str | None) -> argparse.ArgumentParser:
    """The options of every benchmark."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    return parser
