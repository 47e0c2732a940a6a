from pathlib import Path

import pytest

from shoprl.cli.compare import Compare
from shoprl.errors import RunError
from shoprl.files import write_json
from shoprl.policies.saving import save_policy
from shoprl.reading import read_json
from shoprl.shop.data import read_data
from tests.support.cli import Call, refused, tree
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
    command = words(toy_folder, tmp_path / "out", "rule", f"network={tmp_path / 'policy'}")
    answer = call(*command, "--allocation", "uniform", "--objective", "success", "--json")
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
    again = call(*command, "--allocation", "uniform", "--objective", "success", "--resume")
    assert again.code == 0
    assert again.out.splitlines()[2].startswith("rule")
    assert "2 run(s) of 12 rollouts, uniform allocation by success" in again.out


def test_resume_wants_the_same_settings_and_policies(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    out, policy = tmp_path / "out", tmp_path / "policy"
    save_policy(fake_policy(0), policy)
    command = words(toy_folder, out, "rule", f"network={policy}")
    first = call(*command, "--json").json()
    before = tree(out)
    refused(call(*command), "RunError", "not empty", "--resume")
    refused(call(*command, "--resume", "--seed", 1), "RunError", "other settings")
    save_policy(fake_policy(1), policy)
    refused(call(*command, "--resume"), "RunError", "other settings")
    assert tree(out) == before
    save_policy(fake_policy(0), policy)
    write_json(out / "run.json", {**read_json(out / "run.json", RunError), "status": "failed"})
    assert call(*command, "--resume", "--json").json()["arms"] == first["arms"]


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
