"""Runs command lines in forks of one process that has imported everything: quickly, apart, in bounded time and memory.

``python -m tests.support.forked`` is that process; :class:`Forks` starts it and talks to it.
"""

import contextlib
import gc
import io
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ADDRESS_SPACE = 12 << 30  # bytes, so that an attack that succeeds does not take the machine down


@dataclass(frozen=True)
class Ended:
    """How a command line ended.

    Attributes:
        code: exit code; below 0 the signal that ended it, None if it ran out of time.
        out, err: what it printed.
        seconds: how long it took.
        megabytes: the memory it took on top of what was imported.
    """

    code: int | None
    out: str
    err: str
    seconds: float
    megabytes: float


Withstand = Callable[..., Ended]  # runs an attack and checks what holds for each


class Forks:
    """The process that forks (a context manager)."""

    def __enter__(self) -> "Forks":
        words = [sys.executable, "-m", "tests.support.forked"]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONHASHSEED": "0"}
        self._process = subprocess.Popen(
            words, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(60)

    def run(
        self, words: Sequence[object], cwd: Path, seconds: float = 60, environment: Mapping[str, str] | None = None
    ) -> Ended:
        """Run ``shoprl`` with words in a folder."""
        asked = {"words": [os.fsencode(str(word)).hex() for word in words], "cwd": str(cwd), "seconds": seconds}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({**asked, "environment": dict(environment or {})}) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))


def _child(asked: Mapping[str, Any], out: int, err: int) -> None:
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.chdir(asked["cwd"])
    os.environ.update(asked["environment"])
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    sys.stdin, sys.stdout, sys.stderr = (
        io.TextIOWrapper(open(number, mode, closefd=False), encoding="utf-8")  # noqa: SIM115
        for number, mode in ((0, "rb"), (1, "wb"), (2, "wb"))
    )
    sys.argv = ["shoprl", *(os.fsdecode(bytes.fromhex(word)) for word in asked["words"])]
    from shoprl.cli.main import main

    code: object = 0
    try:
        main()
    except SystemExit as exit_:
        code = exit_.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 70
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 1 if code else 0)


def _run(asked: Mapping[str, Any], base: float) -> dict[str, object]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        child = os.fork()
        if child == 0:
            _child(asked, out.fileno(), err.fileno())
        ended, status, used = os.wait4(child, os.WNOHANG)
        late = False
        while not ended:
            time.sleep(0.003)
            if not late and time.monotonic() - start > asked["seconds"]:
                late = True
                os.killpg(child, signal.SIGKILL)
            ended, status, used = os.wait4(child, os.WNOHANG)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what it started must not go on
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read(1 << 20).decode(errors="backslashreplace"))
        return {
            "code": None if late else os.waitstatus_to_exitcode(status),
            "out": texts[0],
            "err": texts[1],
            "seconds": time.monotonic() - start,
            "megabytes": max(0.0, used.ru_maxrss / 1024 - base),
        }


def _serve() -> None:
    import pytest

    from shoprl.cli import main
    from shoprl.cli.parsing import parse
    from tests.support.fakerun import use_fake_backbone

    for name in main.COMMANDS:
        main.load(name)
    for module in ("matplotlib.pyplot", "transformers", "textblob", "shoprl.cli.parsing", "shoprl.experiments.quick"):
        __import__(module)
    with pytest.MonkeyPatch.context() as patch:
        use_fake_backbone(patch)
        with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
            parse(main.load("train ppo"), "warm", ["--help"])  # so that no child is the first to do it
        gc.collect()
        gc.freeze()  # what is here is not looked at again, which would copy its pages
        base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        answers = os.fdopen(os.dup(1), "w")
        answers.write("ready\n")
        answers.flush()
        for line in sys.stdin:
            answers.write(json.dumps(_run(json.loads(line), base)) + "\n")
            answers.flush()


if __name__ == "__main__":
    _serve()
