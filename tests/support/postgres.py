"""A PostgreSQL server of a test's own, from Debian's packages."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "s3cret/word"
QUOTED = "s3cret%2Fword"


def _program(name: str) -> str:
    """The path of one of the server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        pytest.skip(f"needs PostgreSQL ({name}), as Debian's package postgresql brings it")
    return path


def _as_server(*command: str) -> None:
    """Run a program as a user that may run the server: not as root."""
    start = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    done = subprocess.run([*start, *command], capture_output=True, text=True, timeout=120, cwd="/")
    if done.returncode:
        pytest.skip(f"PostgreSQL does not start here: {(done.stderr or done.stdout)[-300:]}")


@contextmanager
def server(sync: bool = False) -> Iterator[str]:
    """The address of a server that is stopped afterwards; ``{password}`` stands for the password.

    Args:
        sync: whether a commit waits for the disk.
    """
    initdb, control = _program("initdb"), _program("pg_ctl")
    if os.getuid() == 0 and shutil.which("runuser") is None:
        pytest.skip("PostgreSQL does not run as root, and there is no runuser")
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # the path of a socket is short
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if os.getuid() == 0:
            try:
                shutil.chown(folder, "postgres")
                shutil.chown(secret, "postgres")
            except LookupError:
                pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        data = str(folder / "data")
        settings = ["--auth=scram-sha-256", "--encoding=UTF8", "--no-sync", "--username=shop"]
        _as_server(initdb, "-D", data, *settings, f"--pwfile={secret}")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync={'on' if sync else 'off'}"
        _as_server(control, "-D", data, "-w", "-t", "60", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://shop:{{password}}@/postgres?host={folder}"
        finally:
            _as_server(control, "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
