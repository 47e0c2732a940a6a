"""The code blocks of a Markdown page, and how they are run: in order, as one session in one folder.

A block that cannot run in a test says why in a comment before it: ``<!-- not run: REASON -->``.
"""

import contextlib
import io
import logging
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

PYTHON, SHELL = ("python",), ("bash", "sh", "shell", "console")
OTHER = (
    "text",
    "json",
    "javascript",
    "toml",
    "math",
    "{math}",
    "{toctree}",
    "{include}",
    "{literalinclude}",
    "{image}",
)
START_SECONDS = 60  # that a server may take until it answers
NOT_RUN = re.compile(r"<!--\s*not run:\s*(\S.*?)\s*-->", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A code block of a page.

    Attributes:
        language: the first word of its info string, ``indented`` where it has no fence.
        text: the code.
        line: where it stands in the page, from 1.
        reason: why it is not run; None where it is.
    """

    language: str
    text: str
    line: int
    reason: str | None

    @property
    def code(self) -> bool:
        return self.language in PYTHON + SHELL


def blocks_of(page: Path) -> list[Block]:
    """Every code block of a page, with the reason in the comment right before it."""
    blocks, reason = [], None
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")):
        if token.type == "html_block":
            match = NOT_RUN.search(token.content)
            reason = match[1] if match else None
        elif token.type in ("fence", "code_block"):
            language = token.info.split()[0] if token.info.strip() else "indented"
            blocks.append(Block(language, token.content, (token.map or [0])[0] + 1, reason))
            reason = None
        elif token.level == 0:
            reason = None
    return blocks


def commands_of(text: str) -> Iterator[str]:
    """The commands of a shell block: one a line, lines that end in a backslash joined, comments left out."""
    for line in text.replace("\\\n", " ").splitlines():
        command = line.removeprefix("$ ").strip()
        if command and not command.startswith("#"):
            yield command


def expanded(command: str) -> list[str]:
    """The words of a command as a shell would hand them over, its variables, quotes and comments resolved."""
    script = "words() { printf '%s\\0' \"$@\"; }; words " + command
    out = subprocess.run(["bash", "-euc", script], check=True, capture_output=True, text=True).stdout
    return out.split("\0")[:-1]


def run_shoprl(words: list[str], monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """Run a ``shoprl`` command in this process; its exit code and what it printed."""
    from shoprl.cli.main import main

    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setattr(logging, "basicConfig", lambda **settings: None)  # it would hold on to the captured stderr
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            main()
        except SystemExit as exit_:
            if exit_.code not in (None, 0):
                return (exit_.code if isinstance(exit_.code, int) else 1), printed.getvalue()
    return 0, printed.getvalue()


@contextlib.contextmanager
def in_background(command: str) -> Iterator[None]:
    """A ``shoprl`` server in a process of its own, from when it answers to the end of its page."""
    words = expanded(command.removesuffix("&"))
    port = int(words[words.index("--port") + 1])
    script = "import sys; from shoprl.cli.main import main; sys.argv[0] = 'shoprl'; main()"
    server = subprocess.Popen([sys.executable, "-c", script, *words[1:]], stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert server.poll() is None, server.stderr and server.stderr.read()
            assert time.monotonic() < deadline, f"{command}: no answer in {START_SECONDS} seconds"
            time.sleep(0.1)
        yield
    finally:
        server.kill()
        server.communicate()


def run_command(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run one command of a shell block and check that it succeeds."""
    if re.search(r'"[^"]*\$[0-9]', command):
        raise AssertionError(f"A shell reads the price in double quotes as a variable: {command}")
    if shlex.split(command, comments=True)[0] == "shoprl":
        code, printed = run_shoprl(expanded(command), monkeypatch)
    else:
        done = subprocess.run(["bash", "-euc", command], capture_output=True, text=True)
        code, printed = done.returncode, done.stdout + done.stderr
    assert code == 0, f"{command}\n{printed}"


def run_page(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a page's blocks in the working directory: Python in one namespace, commands one after another."""
    names: dict[str, Any] = {"__name__": "__page__"}
    with contextlib.ExitStack() as servers:
        for block in blocks_of(page):
            if block.reason is not None or not block.code:
                continue
            if block.language in PYTHON:
                # Line numbers of a traceback are those of the page.
                source = compile("\n" * block.line + block.text, str(page), "exec")
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(source, names)
                continue
            for command in commands_of(block.text):
                if command.endswith("&"):
                    servers.enter_context(in_background(command))
                else:
                    run_command(command, monkeypatch)
