"""`shoprl reproduce`: what it prints; tests/experiments has what it does."""

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from shoprl.cli.reproduce import _request
from shoprl.shop.data import read_data


def test_reproduce_prints_its_results(finished_run: tuple[Path, str]) -> None:
    folder, out = finished_run
    assert json.loads(out) == json.loads((folder / "results.json").read_text())
    assert (folder / "report.html").stat().st_size > 1_000
    assert not list(folder.rglob(".*"))  # no temporary file is left


def test_it_proposes_a_request_of_its_own_shop(toy_folder: Path) -> None:
    data = read_data(toy_folder)
    (request,) = shlex.split(_request(data))
    assert request in {data.goals[index].instruction for index in data.split.test}
    assert _request(data).startswith("'")


@pytest.mark.parametrize(
    ("instruction", "request_"),
    [
        ("a mug under $30 and `more`", "'a mug under $30 and `more`'"),
        ("it's $HOME", "'it'\"'\"'s $HOME'"),
        ("a mug\x1b[31m red", "'a mug?[31m red'"),
        ("word " * 100, f"'{'word ' * 23}word'"),
        ("ä" * 300, f"'{'ä' * 120}'"),
    ],
)
def test_a_request_is_safe_in_a_shell(toy_folder: Path, instruction: str, request_: str) -> None:
    data = read_data(toy_folder)
    goals = [replace(goal, instruction=instruction) for goal in data.goals]
    quoted = _request(replace(data, goals=goals))
    assert quoted.strip("'") == request_.strip("'")
    assert len(shlex.split(quoted)) == 1
