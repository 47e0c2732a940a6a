"""The installed command: ended by Ctrl-C without a traceback from its first moment on, and with any streams."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SHOPRL = str(Path(sys.executable).with_name("shoprl"))
CODE = """
import builtins, os, signal, sys
own, wanted = builtins.__import__, sys.argv.pop(1)
def late(name, *rest):
    if name == wanted:
        os.kill(os.getpid(), signal.SIGINT)
    return own(name, *rest)
builtins.__import__ = late
from shoprl.cli.entry import main
main()
"""


@pytest.mark.parametrize("module", ["shoprl.cli.main", "textwrap", "tyro", "numpy"])
def test_ctrl_c_while_modules_are_imported(module: str) -> None:
    words = [sys.executable, "-c", CODE, module, "evaluate", "--help"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode in (130, -signal.SIGINT)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_ctrl_c_after_a_moment(tmp_path: Path) -> None:
    words = ["catalog", "generate", "--products", "20000", "--out", f"{tmp_path}/shop"]
    with subprocess.Popen([SHOPRL, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        time.sleep(2)
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=60)
    assert (started.returncode, out) == (130, "")
    assert "Interrupted. A command that has --resume continues with it." in err
    assert "Traceback" not in err


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(closed: str, tmp_path: Path) -> None:
    line = f"{SHOPRL} catalog generate --products 20 --out {tmp_path}/shop {closed}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "shop").is_dir()


def test_a_full_output_is_named() -> None:
    done = subprocess.run(["bash", "-c", f"{SHOPRL} --help >/dev/full"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("StorageError: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_reader_that_has_seen_enough() -> None:
    line = f"{SHOPRL} catalog --help | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "u", "")
