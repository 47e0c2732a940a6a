"""Options refused before any work."""

from pathlib import Path

from shoprl.errors import ConfigError


def new_file(path: Path) -> Path:
    """Refuse a file that exists."""
    if path.exists():
        raise ConfigError(f"{path}: exists already. Choose another file with --out.")
    return path
