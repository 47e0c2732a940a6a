"""`shoprl evaluate` on good input; test_errors.py has the bad."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shoprl.shop.data import read_data
from tests.support.cli import Call, refused
from tests.support.pretrained import package
from tests.support.tiny_lm import tiny_lm


@pytest.mark.parametrize("decode", ["greedy", "sample"])
@pytest.mark.parametrize("policy", ["rule", "random"])
def test_evaluate(call: Call, toy_folder: Path, policy: str, decode: str) -> None:
    arguments = ("evaluate", "--policy", policy, "--data", toy_folder, "--split", "train", "--decode", decode)
    first, second = (call(*arguments, "--json").json() for _ in range(2))
    data = read_data(toy_folder)
    assert first["episodes"] == len(data.split.train)
    assert first["hashes"] == data.hashes()
    assert 0 <= first["success_rate_interval"][0] <= first["success_rate"] <= first["success_rate_interval"][1] <= 1
    assert first.pop("decisions_per_second") > 0
    second.pop("decisions_per_second")
    assert first == second
    text = call(*arguments)
    assert text.code == 0
    assert re.search(r"success +[\d.]+%", text.out)


def test_evaluate_on_a_goals_file(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    from shoprl.shop.goal import write_goals

    path = tmp_path / "goals.jsonl.gz"
    write_goals(path, read_data(toy_folder).goals[5:12])
    arguments = ("evaluate", "--policy", "rule", "--data", toy_folder, "--goals", path, "--json")
    assert call(*arguments).json()["episodes"] == 7
    assert call(*arguments, "--first", 2).json()["episodes"] == 2


@pytest.mark.parametrize("goals", ["human", "synthetic", "synthetic-numpy"])
def test_evaluate_on_goals_made_by_name(call: Call, toy_folder: Path, goals: str) -> None:
    row = call(
        "evaluate", "--policy", "rule", "--data", toy_folder, "--goals", goals, "--split", "train", "--json"
    ).json()
    data = read_data(toy_folder, goals=goals)
    assert (row["episodes"], row["hashes"]) == (len(data.split.train), data.hashes())


def test_evaluate_a_trained_policy(call: Call, finished_run: tuple[Path, str]) -> None:
    folder, out = finished_run
    results = json.loads(out)
    policy = folder / results["best_policy"]
    row = call("evaluate", "--policy", policy, "--data", folder / "data", "--json").json()
    own = results["agents"][policy.name]
    assert (row["success_rate"], row["score"], row["episodes"]) == (own["success_rate"], own["score"], own["episodes"])
    assert row["hashes"] == results["hashes"]


def test_evaluate_the_pretrained_agent(
    call: Call, finished_run: tuple[Path, str], toy_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = finished_run[0] / "policies" / "imitation"
    package(policy, monkeypatch)
    rows = [
        call("evaluate", "--policy", name, "--data", toy_folder, "--json").json() for name in ("pretrained", policy)
    ]
    assert [row["policy"] for row in rows] == ["pretrained", str(policy)]
    assert rows[0]["score"] == rows[1]["score"]


def test_evaluate_a_language_model(call: Call, toy_folder: Path) -> None:
    arguments = ("--data", toy_folder, "--first", 2, "--max-steps", 5, "--threads", 1, "--device", "cpu", "--json")
    rows = [call("evaluate", "--policy", f"{how}:{tiny_lm()}", *arguments).json() for how in ("lm", "lm", "chat")]
    assert all(row.pop("decisions_per_second") > 0 for row in rows)
    assert rows[0] == rows[1]
    assert [(row["policy"], row["episodes"]) for row in rows[1:]] == [
        (f"{how}:{tiny_lm()}", 2) for how in ("lm", "chat")
    ]
    wrong = call("evaluate", "--policy", f"lm:{toy_folder}", *arguments)
    refused(wrong, "PolicyError", "cannot be loaded as a causal language model")


def test_threads_are_those_asked_for(call: Call, finished_run: tuple[Path, str]) -> None:
    import torch

    folder, out = finished_run
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        policy = folder / json.loads(out)["best_policy"]
        assert call("evaluate", "--policy", policy, "--data", folder / "data", "--first", 1, "--threads", 1).code == 0
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.set_num_threads(before)


def test_a_rule_needs_no_torch(toy_folder: Path) -> None:
    code = "import sys; from shoprl.cli.main import main; main(); sys.exit('torch' in sys.modules)"
    arguments = ["evaluate", "--policy", "rule", "--data", str(toy_folder), "--json"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_shop_is_searched_as_asked(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    arguments = ("evaluate", "--policy", "rule", "--data", toy_folder, "--split", "train", "--json")
    refused(call(*arguments, "--search", "hybrid"), "CatalogError", "shoprl catalog build")
    assert call("catalog", "build", "--data", toy_folder).code == 0
    assert call("catalog", "vectors", "--data", toy_folder).code == 0
    rows = {search: call(*arguments, "--search", search).json() for search in ("bm25", "hybrid")}
    assert rows["bm25"] | {"decisions_per_second": 0} == call(*arguments).json() | {"decisions_per_second": 0}
    assert rows["hybrid"]["hashes"].keys() - rows["bm25"]["hashes"].keys() == {"search"}
    arms = ("compare", "--arms", "rule", "random", "--data", toy_folder, "--rollouts", 8, "--runs", 1)
    answer = call(*arms, "--search", "hybrid", "--out", tmp_path / "compared", "--json")
    assert answer.json()["hashes"]["search"] == rows["hybrid"]["hashes"]["search"]
