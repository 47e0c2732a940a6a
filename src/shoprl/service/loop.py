"""The learning loop: `shoprl learn`, again and again."""

import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shoprl.errors import ConfigError, ShopRLError

log = logging.getLogger(__name__)

IDLE, QUIET = "idle", 300.0  # seconds without a list after which a service is idle
CHECKED = 1.0  # seconds between two looks at the time
LAST = 500  # characters of the end of a log
Run = Callable[[Sequence[str], Path, threading.Event], int]
_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


@dataclass(frozen=True)
class Every:
    """When to learn.

    Attributes:
        seconds: between the end of one time and the beginning of the next.
        idle: only when nobody has asked for a list for as long.
    """

    seconds: float
    idle: bool = False

    @classmethod
    def parse(cls, text: str) -> "Every":
        """Read ``90s``, ``30m``, ``1h``, ``1d`` or ``idle``.

        Raises:
            ConfigError: it is none of these.
        """
        if text == IDLE:
            return cls(QUIET, True)
        match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)([smhd])", text)
        if match is None or not float(match[1]):
            raise ConfigError(f"every {text[:40]!r}: give a time such as 30m, 1h or 1d, or `{IDLE}`.")
        return cls(float(match[1]) * _UNITS[match[2]])


class Loop:
    """Learns again and again until it is closed; what goes wrong is logged, and tried again the next
    time.

    Args:
        every: when.
        words: the command line of ``shoprl learn``, without ``--out``.
        folder: where the runs go, each in a folder of its own, with its log beside it.
        quiet: seconds since the last list was asked for.
        settle: gives candidates whose comparison is over their roles, and tells whether none is left; while one is,
            nothing is learned, as each new one would begin the comparison anew.
        run: carries out a command line, writes what it prints to a file, gives up when told to, and returns its exit
            code.
    """

    def __init__(
        self,
        every: Every,
        words: Sequence[str],
        folder: Path,
        quiet: Callable[[], float],
        settle: Callable[[], bool],
        run: Run,
    ) -> None:
        self._every, self._words, self._folder, self._quiet = every, list(words), folder, quiet
        self._settle, self._run = settle, run
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="learning", daemon=True)

    def start(self) -> None:
        """Begin; the first time comes after the interval."""
        self._thread.start()

    def close(self) -> None:
        """End; a training that is under way is given up."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join(10)

    def _loop(self) -> None:
        began = time.monotonic()
        while not self._closing.wait(CHECKED):
            due = time.monotonic() - began >= self._every.seconds
            if due and (not self._every.idle or self._quiet() >= self._every.seconds):
                if self._settled():
                    self._learn()
                began = time.monotonic()

    def _settled(self) -> bool:
        try:
            return self._settle()
        except ShopRLError as error:
            log.error("%s", error)
            return False

    def _learn(self) -> None:
        out = self._folder / time.strftime("learned-%Y%m%d-%H%M%S", time.gmtime())
        written = out.with_suffix(".log")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            code = self._run([*self._words, "--out", str(out)], written, self._closing)
            last = written.read_text(encoding="utf-8", errors="replace").strip()[-LAST:] if written.is_file() else ""
        except OSError as error:
            log.error("learning failed: %s", error)
            return
        if not self._closing.is_set():
            log.log(logging.INFO if code in (0, 2) else logging.ERROR, "learning ended with %d: %s", code, last)
