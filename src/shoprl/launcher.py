"""What a launcher of torch (``accelerate launch``, ``torchrun``) tells a process by environment variables."""

import os

from shoprl.errors import ConfigError

MOST_PROCESSES = 100_000
_NEEDED = ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")  # where there are several processes


def processes() -> int:
    """How many processes train together; one without a launcher.

    Raises:
        ConfigError: one of the launcher's variables cannot be what a launcher sets.
    """
    count = _number("WORLD_SIZE", 1, MOST_PROCESSES, 1)
    if count == 1:  # the other variables may be somebody else's
        return 1
    for name in ("RANK", "LOCAL_RANK"):
        _number(name, 0, count - 1, 0)
    _number("MASTER_PORT", 0, 65_535, 0)
    address = os.environ.get("MASTER_ADDR", "localhost")
    if not address or len(address) > 253 or not address.isascii() or not address.isprintable() or " " in address:
        raise _refused("MASTER_ADDR", "must be the name or the address of a machine")
    return count


def check_launched() -> None:
    """Check that a process that trains with others was told all that it needs to find them.

    Raises:
        ConfigError: one of the launcher's variables is missing.
    """
    for name in _NEEDED:
        if name not in os.environ:
            raise ConfigError(f"WORLD_SIZE is set, but {name} is not. Start with `accelerate launch`.")


def _number(name: str, low: int, high: int, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and low <= int(text) <= high):
        raise _refused(name, f"must be a number from {low} to {high}")
    return int(text)


def _refused(name: str, what: str) -> ConfigError:
    return ConfigError(
        f"Environment variable {name}={os.environ[name][:40]!r}: {what}. Unset it, or start with `accelerate launch`."
    )
