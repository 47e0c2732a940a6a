"""What commands on files share: options refused before any work, and texts of files made fit for a terminal."""

from pathlib import Path

from shoprl.errors import ConfigError

LONGEST = 200  # characters of one text on the screen


def shown(text: str, longest: int = LONGEST) -> str:
    """A text from a file as a terminal may show it: cut, without control characters."""
    plain = "".join(char if char.isprintable() else "?" for char in text[: longest + 1])
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def new_file(path: Path) -> Path:
    """Refuse a file that exists."""
    if path.exists():
        raise ConfigError(f"{path}: exists already. Choose another file with --out.")
    return path


def check_seed(seed: int) -> None:
    """Refuse a seed outside the range of the random generators."""
    if not 0 <= seed < 2**32:
        raise ConfigError(f"--seed {seed}: must be from 0 to {2**32 - 1}.")


def at_least_one(**options: int | None) -> None:
    """Refuse counts below 1; None is one that was left out."""
    for name, value in options.items():
        if value is not None and value < 1:
            raise ConfigError(f"--{name.replace('_', '-')} {value}: must be at least 1.")
