import json
import subprocess

import pytest

pytest.importorskip("torch", reason="needs the extra train")

from shoprl.cli.learn import Learn
from shoprl.cli.parsing import parse
from shoprl.service.learner import learn_once


def test_a_real_process_says_why_it_learned_nothing(toy_folder, tmp_path):
    found = learn_once(f"sqlite:///{tmp_path / 'new.db'}", toy_folder, tmp_path / "out")
    assert (found.code, found.registered) == (2, None)
    assert found.said.startswith("TrajectoryError: The log holds 0 preference pairs")


@pytest.mark.parametrize(
    ("answer", "registered", "said"),
    [
        ({"registered": "learned-1"}, "learned-1", ""),
        ({"registered": None, "reason": "Too little"}, None, "Too little"),
    ],
)
def test_its_answer_is_read(monkeypatch, tmp_path, answer, registered, said):
    called = []

    def run(words, **given):
        called.append((words, given["timeout"]))
        return subprocess.CompletedProcess(words, 0, json.dumps(answer), "progress")

    monkeypatch.setattr(subprocess, "run", run)
    found = learn_once("sqlite:///a.db", tmp_path, tmp_path / "out", ("--activate", "candidate"), 9.0)
    assert (found.code, found.registered, found.said) == (0, registered, said)
    words, timeout = called[0]
    parsed = parse(Learn, "shoprl learn", words[4:])
    assert (parsed.from_, parsed.activate, parsed.json, timeout) == ("sqlite:///a.db", "candidate", True, 9.0)


def test_one_that_takes_too_long_is_ended(monkeypatch, tmp_path):
    def run(words, **given):
        raise subprocess.TimeoutExpired(words, given["timeout"])

    monkeypatch.setattr(subprocess, "run", run)
    found = learn_once("sqlite:///a.db", tmp_path, tmp_path / "out", timeout=2.0)
    assert (found.code, found.said) == (-1, "not done after 2 seconds")
