"""One forking process for each worker, and how many attacks were made."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.attacks import Attack
from tests.support.cli import tree
from tests.support.forked import Ended, Forks, Withstand
from tests.support.world import World, shared_world

SECONDS = 30.0
MEGABYTES = 1_024.0
SAID = {
    "parity": (1,),
    "trajectories import": (1,),
    "replay-decision": (1,),
}  # answers: something differs, nothing is of use


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    with Forks() as forks:
        yield forks


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return shared_world(tmp_path_factory)


@pytest.fixture
def withstand(forks: Forks, tmp_path: Path, record_property: Callable[[str, object], None]) -> Withstand:
    """Run an attack in an empty folder and check what holds for each: how it ends, what it prints, what it leaves."""
    work = tmp_path / "work"
    work.mkdir()

    def run(attack: Attack, watched: Path | None = None) -> Ended:
        before = tree(watched) if watched else {}
        ended = forks.run([*attack.command.split(), *attack.words], work, SECONDS)
        record_property("attack", attack.command)
        problems = _problems(attack, ended)
        left = sorted(path.name for path in work.rglob("*"))
        if ended.code == 2 and left:
            problems.append(f"left behind: {left}")
        if watched and tree(watched) != before:
            problems.append("changed what it was given")
        assert not problems, f"{attack}\n{problems}\ncode {ended.code}\n{ended.err[-3000:]}"
        return ended

    return run


def _problems(attack: Attack, ended: Ended) -> list[str]:
    problems = []
    if ended.code is None:
        problems.append(f"still running after {SECONDS:g} s")
    elif ended.code not in ((2,) if attack.refused else (0, 2, *SAID.get(attack.command, ()))):
        problems.append(f"exit code {ended.code}")
    for text in (ended.out, ended.err):
        if "Traceback" in text or "Exception ignored" in text:
            problems.append("a traceback")
        if any(not char.isprintable() and char not in "\n\t\r" for char in text):
            problems.append("raw characters on the terminal")
    if ended.code == 2:
        if ended.out:
            problems.append("printed something on stdout")
        if not named(ended.err):
            problems.append("no named error")
    if ended.megabytes > MEGABYTES:
        problems.append(f"{ended.megabytes:.0f} MB")
    return problems


def named(text: str) -> bool:
    """Whether the last line is ``SomeError: what``."""
    last = text.strip().splitlines()[-1:] or [""]
    name, colon, said = last[0].rsplit("\r", 1)[-1].partition(": ")
    return bool(colon and said and name.endswith("Error") and name.isidentifier())


def pytest_terminal_summary(terminalreporter: Any) -> None:
    counts: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                counts.update(str(value) for key, value in report.user_properties if key == "attack")
    if counts:
        terminalreporter.write_line(f"{counts.total()} attacks: {json.dumps(dict(sorted(counts.items())))}")
