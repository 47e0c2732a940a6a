"""What produced a result: versions, commit, machine."""

import contextlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from shoprl.version import __version__

PACKAGES = ("numpy", "torch", "transformers", "gymnasium", "rapidfuzz", "regex", "textblob", "nltk", "scikit-learn")


def versions() -> dict[str, str]:
    """Versions of ShopRL, Python and the packages that results depend on."""
    named = {"shoprl": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            named[package] = importlib.metadata.version(package)
    return named


def _git(*arguments: str) -> str | None:
    folder = Path(__file__).parent
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def commit() -> dict[str, Any] | None:
    """The commit ShopRL runs from and whether its files were changed; None for an installed package."""
    if _git("ls-files", "--error-unmatch", Path(__file__).name) is None:
        return None
    return {"sha": _git("rev-parse", "HEAD"), "dirty": bool(_git("status", "--porcelain", "--untracked-files=no"))}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def machine() -> dict[str, Any]:
    """What a run or a measurement ran on; ``threads`` are those of torch, where it is loaded."""
    torch = sys.modules.get("torch")
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads() if torch else 1,
        "system": platform.system(),
    }
