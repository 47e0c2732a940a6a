import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from shoprl.cli.compare import Compare
from shoprl.errors import RunError
from shoprl.files import write_json
from shoprl.policies.saving import save_policy
from shoprl.reading import read_json
from shoprl.shop.data import read_data
from tests.support.cli import Call, refused, tree
from tests.support.fakerun import ROOT, command, environment
from tests.support.fakes import fake_policy

ROW = {"rollouts", "score", "score_interval", "success_rate", "success_rate_interval", "probability_best"}


@pytest.fixture(autouse=True)
def _needs_matplotlib() -> None:
    pytest.importorskip("matplotlib")


def words(data: Path, out: Path, *arms: object) -> tuple[object, ...]:
    sizes = ("--rollouts", 12, "--runs", 2, "--batch", 5, "--split", "train")
    return ("compare", "--data", data, "--arms", *(arms or ("rule", "random")), "--out", out, *sizes)


def test_it_compares(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    save_policy(fake_policy(), tmp_path / "policy")
    given = words(toy_folder, tmp_path / "out", "rule", f"network={tmp_path / 'policy'}")
    answer = call(*given, "--allocation", "uniform", "--objective", "success", "--json")
    assert answer.code == 0, answer.err
    row = answer.json()
    assert set(row["arms"]) == {"rule", "network"}
    assert all(set(arm) == ROW for table in (row, *row["runs"]) for arm in table["arms"].values())
    assert sum(arm["rollouts"] for arm in row["arms"].values()) == 24
    assert (row["config"]["allocation"], row["config"]["objective"], row["split"]) == ("uniform", "success", "train")
    assert row["hashes"] == read_data(toy_folder).hashes()
    assert {"machine", "wall_seconds", "seed", "versions"} < set(row)
    stored = read_json(tmp_path / "out" / "results.json", RunError)
    assert stored["thompson"]["arms"] == row["arms"]
    assert read_json(tmp_path / "out" / "run.json", RunError)["status"] == "done"
    before = tree(tmp_path / "out")
    again = call(*given, "--allocation", "uniform", "--objective", "success", "--resume", "--json")
    assert (again.code, again.out) == (0, answer.out)  # it is finished
    again = call(*given, "--allocation", "uniform", "--objective", "success", "--resume")
    assert again.code == 0
    assert tree(tmp_path / "out") == before
    assert again.out.splitlines()[2].startswith("rule")
    assert "2 run(s) of 12 rollouts, uniform allocation by success" in again.out


def test_resume_wants_the_same_settings_and_policies(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    out, policy = tmp_path / "out", tmp_path / "policy"
    save_policy(fake_policy(0), policy)
    given = words(toy_folder, out, "rule", f"network={policy}")
    first = call(*given, "--json").json()
    before = tree(out)
    refused(call(*given), "RunError", "not empty", "--resume")
    refused(call(*given, "--resume", "--seed", 1), "RunError", "other settings")
    save_policy(fake_policy(1), policy)
    refused(call(*given, "--resume"), "RunError", "other settings")
    assert tree(out) == before
    save_policy(fake_policy(0), policy)
    write_json(out / "run.json", {**read_json(out / "run.json", RunError), "status": "failed"})
    assert call(*given, "--resume", "--json").json()["arms"] == first["arms"]


@pytest.mark.parametrize(
    ("arms", "error", "said"),
    [
        (("rule",), "ConfigError", "at least two"),
        (("rule", "policy"), "ConfigError", "'policy'"),
        (("rule", "dpo=nowhere"), "PolicyError", "'dpo'"),
    ],
)
def test_bad_arms(call: Call, toy_folder: Path, tmp_path: Path, arms: tuple[str, ...], error: str, said: str) -> None:
    before = tree(tmp_path)
    refused(call(*words(toy_folder, tmp_path / "out", *arms)), error, said)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("option", [("--rollouts", 0), ("--workers", 0), ("--top-two-beta", 2), ("--seed", -1)])
def test_bad_options(call: Call, toy_folder: Path, tmp_path: Path, option: tuple[object, ...]) -> None:
    before = tree(tmp_path)
    refused(call(*words(toy_folder, tmp_path / "out"), *option), "ConfigError", str(option[0]))
    assert tree(tmp_path) == before


def test_nothing_is_chosen_on_test_goals(toy_folder: Path) -> None:
    assert Compare(data=toy_folder, arms=("rule", "random")).split == "eval"


@pytest.mark.parametrize(
    ("whom", "times"),
    [("all", 1), ("workers", 1), pytest.param("all", 12, marks=pytest.mark.slow)],  # each starts three processes
)
def test_ctrl_c_ends_with_one_line(toy_folder: Path, tmp_path: Path, whom: str, times: int) -> None:
    """At random moments: to the terminal's whole group, or to the workers, which go on."""
    draw, endless = random.Random(times), ("--rollouts", "100000", "--batch", "200")
    for delay in (6 * draw.random() for _ in range(times)):
        out = tmp_path / f"{delay}"
        arguments = ["compare", "--data", str(toy_folder), "--arms", "rule", "random", "--out", str(out), *endless]
        process = subprocess.Popen(
            command(*arguments, "--split", "train", "--workers", "2"),
            cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        end = time.monotonic() + 60
        while not (out / "run.json").is_file() and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(delay)
        if whom == "workers":
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            for child in children:
                os.kill(int(child), signal.SIGINT)
            time.sleep(0.2)
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        printed, said = process.communicate(timeout=60)
        lines = [line for line in re.split("[\r\n]+", said) if line.strip() and not re.match("comparing arms", line)]
        assert (process.returncode, printed) == (130, "")
        assert len(lines) == 1, said
        assert lines[0].startswith("Interrupted.")
