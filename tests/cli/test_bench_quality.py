import sys
from pathlib import Path

import pytest

from shoprl.policies.simple import RulePolicy
from shoprl.shop.goal import write_goals
from tests.support.cli import Call, refused
from tests.support.toyshop import toy_goals


def test_agent_and_searches_are_measured_on_goals(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    write_goals(tmp_path / "goals.jsonl", toy_goals()[:12])
    arguments = ("bench", "quality", "--data", toy_folder, "--goals", tmp_path / "goals.jsonl")
    answer = call(*arguments, "--policy", "rule-options", "--runs", 2, "--json")
    assert answer.code == 0, answer.err
    row = answer.json()
    assert row["methods"].keys() == {"agent", "bm25", "rule"}  # the others need a store
    assert "shoprl catalog build" in row["note"]
    for figures in row["methods"].values():
        assert figures["goals"] == 12
        for name in ("hit1", "mrr", "type5", "reward5", "length"):
            low, high = figures[f"{name}_interval"]
            assert low <= figures[name] <= high
    assert row["methods"]["rule"]["reward5"] > row["methods"]["bm25"]["reward5"]
    assert (row["policy"], row["runs"], row["seed"]) == ("rule-options", 2, 0)
    own = call(
        "bench", "quality", "--data", toy_folder, "--split", "test", "--first", 2, "--policy", "none", "--json"
    ).json()
    assert {each["goals"] for each in own["methods"].values()} == {2}
    few = call(*arguments, "--policy", "none", "--first", 3)
    assert "reward5" in few.out
    assert few.out.splitlines()[7].split() == ["goals", "3", "3"]


def test_goals_and_judgements_go_together(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    write_goals(tmp_path / "goals.jsonl", toy_goals()[:3])
    judgements = tmp_path / "judgements.csv"
    judgements.write_text("query,docid,rating\nsneaker,B0SHOE0002,3\nlamp,B0LAMP0001,1\n")
    files = ("--goals", tmp_path / "goals.jsonl", "--judgements", judgements)
    row = call("bench", "quality", "--data", toy_folder, *files, "--policy", "rule", "--first", 1, "--json").json()
    assert set(row["methods"]["agent"]) >= {"hit1", "mrr", "type5", "reward5", "length", "ndcg10", "ndcg10_judged"}
    assert {(each["goals"], each["queries"]) for each in row["methods"].values()} == {(1, 1)}
    assert row["methods"]["agent"]["ndcg10"] == row["methods"]["bm25"]["ndcg10"] == row["methods"]["rule"]["ndcg10"]


def test_the_quality_of_searches_is_measured_by_one_command(call: Call, toy_folder: Path) -> None:
    judgements = toy_folder / "judgements.csv"
    judgements.write_text("query,docid,rating\nsneakers,B0SHOE0002,3\nsneakers,B0LAMP0001,0\nx,B0SHOE0001,0\nx,Z,1\n")
    arguments = ("bench", "quality", "--data", toy_folder, "--judgements", judgements, "--policy", "none")
    assert call(*arguments, "--json").json()["methods"].keys() == {"bm25", "rule"}
    assert call("catalog", "build", "--data", toy_folder).code == 0
    row = call(*arguments, "--json").json()
    assert row["methods"].keys() == {"bm25", "vectors", "hybrid", "rule"}
    assert {each["queries"] for each in row["methods"].values()} == {1}
    assert row["methods"]["hybrid"]["ndcg10"] == 1
    assert (row["irrelevant_queries"], row["unknown_products"], row["products"]) == (1, 1, 12)
    assert row["encoder"]["name"] == "fake"
    assert row["vectors"]["encoded"] == 12
    text = call(*arguments)
    assert "hybrid" in text.out
    assert "1 ratings are of products that the shop does not hold" in text.out


def test_without_torch_only_terms_are_measured(call: Call, toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shoprl.policies.networks.sentences", None)
    judgements = toy_folder / "judgements.csv"
    judgements.write_text("query,docid,rating\nsneaker,B0SHOE0002,3\n")
    assert call("catalog", "build", "--data", toy_folder).code == 0
    row = call(
        "bench", "quality", "--data", toy_folder, "--judgements", judgements, "--policy", "none", "--json"
    ).json()
    assert row["methods"].keys() == {"bm25", "rule"}
    assert "need the extra train" in row["note"]


def test_something_to_measure_on_is_needed(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    arguments = ("bench", "quality", "--data", toy_folder)
    refused(call(*arguments), "ConfigError", "--judgements", "--goals")
    refused(call(*arguments, "--goals", tmp_path / "none.jsonl"), "GoalError", "none.jsonl")
    write_goals(tmp_path / "goals.jsonl", toy_goals()[:1])
    files = ("--goals", tmp_path / "goals.jsonl")
    refused(call(*arguments, *files, "--policy", tmp_path / "none"), "PolicyError", "no such policy")
    refused(call(*arguments, *files, "--runs", 1001), "ConfigError", "--runs 1001")


def test_the_pretrained_agent_is_measured_unless_another_is_named(
    call: Call, toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = []

    def found(name: str, *settings: object) -> RulePolicy:
        named.append(name)
        return RulePolicy()

    monkeypatch.setattr("shoprl.cli.bench_quality.policy_of_name", found)
    write_goals(tmp_path / "goals.jsonl", toy_goals()[:2])
    row = call(
        "bench", "quality", "--data", toy_folder, "--goals", tmp_path / "goals.jsonl", "--runs", 1, "--json"
    ).json()
    assert (named, row["policy"], row["search"]) == (["pretrained"], "pretrained", "bm25")
    assert row["methods"]["agent"]["goals"] == 2


def test_an_agent_without_its_libraries_is_left_out(
    call: Call, toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "shoprl.policies.saving", None)
    write_goals(tmp_path / "goals.jsonl", toy_goals()[:2])
    row = call("bench", "quality", "--data", toy_folder, "--goals", tmp_path / "goals.jsonl", "--json").json()
    assert row["methods"].keys() == {"bm25", "rule"}
    assert "the agent needs the extra train" in row["note"]
