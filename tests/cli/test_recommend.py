"""`shoprl recommend` on good input; test_errors.py has the bad."""

from pathlib import Path

import pytest

from shoprl.catalog.webshop import read_catalog
from shoprl.cli.recommend import Recommend
from tests.support.cli import Call, refused
from tests.support.pretrained import carry_none, package


def test_recommend(call: Call, finished_run: tuple[Path, str]) -> None:
    folder, _ = finished_run
    arguments = ("recommend", "a cruelty free eyeshadow palette under $50", "--run", folder, "--runs", 8)
    answer = call(*arguments, "--json")
    assert answer.code == 0
    row = answer.json()
    assert row["runs"] == 8
    catalog = read_catalog(folder / "data")
    assert 0 < len(row["recommendations"]) <= 10
    assert all(each["asin"] in catalog for each in row["recommendations"])
    assert len({each["asin"] for each in row["recommendations"]}) == len(row["recommendations"])
    assert all(each["why"]["price"] != "exceeded" for each in row["recommendations"])
    assert call(*arguments, "--json").json() == row
    text = call(*arguments, "--top", 1)
    assert row["recommendations"][0]["asin"] in text.out
    assert len(text.out.splitlines()) == 3  # header, rule, one line
    drawn = call(*arguments, "--temperature", 0.5)
    assert "propensity" in drawn.out.splitlines()[0]


def test_recommend_in_another_shop(call: Call, finished_run: tuple[Path, str], toy_folder: Path) -> None:
    answer = call("recommend", "tisane früchte", "--run", finished_run[0], "--data", toy_folder, "--runs", 3, "--json")
    found = answer.json()["recommendations"]
    assert {each["asin"] for each in found} <= {product.asin for product in read_catalog(toy_folder)}
    nothing = call("recommend", "xyzzy", "--run", finished_run[0], "--data", toy_folder, "--runs", 2)
    assert (nothing.code, nothing.out) == (0, "Nothing in this shop fits the request. Try other words.\n")


def test_the_shop_is_the_given_one_then_the_runs_then_the_variables(
    finished_run: tuple[Path, str], toy_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPRL_DATA", str(toy_folder))
    folder = finished_run[0]
    assert Recommend(request="tea")._agent_and_shop()[1] == toy_folder
    assert Recommend(request="tea", run=folder)._agent_and_shop()[1] == folder / "data"
    assert Recommend(request="tea", data=folder / "data")._agent_and_shop()[1] == folder / "data"


def test_recommend_with_a_trained_policy(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    """The run of one learner is as good as that of an experiment."""
    shown = tmp_path / "shown.jsonl"
    call("trajectories", "demonstrate", "--data", toy_folder, "--count", 5, "--out", shown)
    small = ("--threads", 1, "--updates", 1, "--checkpoint-every", 1, "--log-every", 1, "--batch-size", 2)
    files = ("--data", toy_folder, "--demonstrations", shown, "--out", tmp_path / "run")
    assert call("train", "imitation", *files, *small).code == 0
    answer = call("recommend", "a red mug", "--run", tmp_path / "run", "--runs", 3, "--json")
    assert answer.code == 0, answer.err
    by_parts = ("--policy", tmp_path / "run" / "policy", "--data", toy_folder)
    assert call("recommend", "a red mug", *by_parts, "--runs", 3, "--json").json() == answer.json()


def test_recommend_by_a_rule(call: Call, toy_folder: Path) -> None:
    arguments = ("recommend", "früchte tee under $8", "--policy", "rule", "--data", toy_folder, "--runs", 2)
    row = call(*arguments, "--json").json()
    assert row["recommendations"] == []
    assert row["left_out"] == {"unfit": 0, "too_dear": 1}
    assert "Left out as more expensive than the request allows: 1 of the products seen." in call(*arguments).out


def test_recommend_by_the_pretrained_agent_needs_a_shop_alone(
    call: Call, finished_run: tuple[Path, str], toy_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(finished_run[0] / "policies" / "imitation", monkeypatch)
    given = ("recommend", "a red mug", "--data", toy_folder, "--runs", 3, "--json")
    answer = call(*given)
    assert answer.code == 0, answer.err
    assert call(*given, "--policy", "pretrained").json() == answer.json()
    own = call(*given, "--policy", finished_run[0] / "policies" / "imitation")
    assert own.json() == answer.json()


def test_a_run_comes_before_the_pretrained_agent(
    call: Call, finished_run: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    carry_none(monkeypatch)
    assert call("recommend", "a red mug", "--run", finished_run[0], "--runs", 2).code == 0
    said = "carries no pretrained agent"
    refused(call("recommend", "a red mug", "--run", finished_run[0], "--policy", "pretrained"), "PolicyError", said)


def test_recommend_needs_a_shop(call: Call) -> None:
    for given in ((), ("--policy", "rule"), ("--policy", "pretrained")):
        refused(call("recommend", "tea", *given), "ConfigError", "--run", "--data")


def test_a_run_without_a_policy(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    sizes = ("--rollouts", 4, "--runs", 1, "--split", "train", "--out", tmp_path / "run")
    assert call("compare", "--data", toy_folder, "--arms", "rule", "random", *sizes).code == 0
    said = "names no policy or no data folder. Give them with --policy and --data."
    refused(call("recommend", "tea", "--run", tmp_path / "run"), "RunError", said)
