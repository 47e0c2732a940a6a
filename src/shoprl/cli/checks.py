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
