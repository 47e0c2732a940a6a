"""Every command on good input: what it prints and writes."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shoprl.catalog.webshop import read_catalog
from shoprl.shop.data import read_data
from shoprl.shop.splits import read_split
from tests.support.cli import ATTRIBUTES, BUILD, GENERATE, SPLIT, Call, words


def test_the_installed_command_answers() -> None:
    shoprl = Path(sys.executable).with_name("shoprl")
    done = subprocess.run([shoprl, "--help"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    for command in ("reproduce", "evaluate", "recommend", "catalog"):
        assert command in done.stdout


@pytest.mark.parametrize("name", [GENERATE, BUILD, ATTRIBUTES, SPLIT])
def test_subcommands_of_catalog_are_two_words(call: Call, name: str) -> None:
    answer = call(*name.split(), "--help")
    assert answer.code == 0
    assert "--out" in answer.out


def test_generate(call: Call, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    answer = call(*words(GENERATE), "--out", folder, "--products", 40, "--seed", 3, "--json")
    assert answer.code == 0
    row = answer.json()
    data = read_data(folder, strict=True)
    assert (row["products"], row["goals"]) == (40, len(data.goals)) == (len(data.catalog), len(data.goals))
    assert row["hashes"] == data.hashes()
    again = call(*words(GENERATE), "--out", tmp_path / "again", "--products", 40, "--seed", 3)
    assert again.code == 0
    assert "40 products" in again.out
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_attributes(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "items_ins_v2.json"
    row = call(*words(ATTRIBUTES), "--data", toy_folder, "--out", out, "--top", 3, "--json").json()
    written = json.loads(out.read_text())
    assert row["products"] == len(written) == 12
    assert row["attributes"] == sum(len(each["attributes"]) for each in written.values())
    assert all(len(each["attributes"]) <= 3 for each in written.values())


@pytest.mark.parametrize("kind", ["webshop", "disjoint"])
def test_split(call: Call, toy_folder: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "split.json"
    row = call(*words(SPLIT), "--data", toy_folder, "--out", out, "--kind", kind, "--json").json()
    goals = read_data(toy_folder).goals
    split = read_split(out, goals)
    assert split.kind == row["kind"] == kind
    assert (row["train"], row["eval"], row["test"]) == (len(split.train), len(split.eval), len(split.test))
    assert row["split_sha256"] == split.to_json()["split_sha256"]


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


def test_reproduce_prints_its_results(finished_run: tuple[Path, str]) -> None:
    folder, out = finished_run
    assert json.loads(out) == json.loads((folder / "results.json").read_text())
    assert (folder / "report.html").stat().st_size > 1_000
    assert not list(folder.rglob(".*"))  # no temporary file is left


def test_evaluate_a_trained_policy(call: Call, finished_run: tuple[Path, str]) -> None:
    folder, out = finished_run
    results = json.loads(out)
    policy = folder / results["best_policy"]
    row = call("evaluate", "--policy", policy, "--data", folder / "data", "--json").json()
    own = results["agents"][policy.name]
    assert (row["success_rate"], row["score"], row["episodes"]) == (own["success_rate"], own["score"], own["episodes"])
    assert row["hashes"] == results["hashes"]


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
    shares = [each["share"] for each in row["recommendations"]]
    assert shares == sorted(shares, reverse=True)
    assert call(*arguments, "--json").json() == row
    text = call(*arguments, "--top", 1)
    assert row["recommendations"][0]["asin"] in text.out
    assert len(text.out.splitlines()) == 3  # header, rule, one line


def test_recommend_in_another_shop(call: Call, finished_run: tuple[Path, str], toy_folder: Path) -> None:
    answer = call("recommend", "tisane früchte", "--run", finished_run[0], "--data", toy_folder, "--runs", 3, "--json")
    found = answer.json()["recommendations"]
    assert {each["asin"] for each in found} <= {product.asin for product in read_catalog(toy_folder)}
    nothing = call("recommend", "xyzzy", "--run", finished_run[0], "--data", toy_folder, "--runs", 2)
    assert (nothing.code, nothing.out) == (0, "Nothing was bought in any run. Try other words.\n")


def test_build(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    memory = read_data(toy_folder)
    answer = call(*words(BUILD), "--data", toy_folder, "--json")
    assert answer.code == 0
    row = answer.json()
    size = sum(path.stat().st_size for path in (toy_folder / "store").rglob("*") if path.is_file())
    assert row == {
        "folder": str(toy_folder / "store"),
        "products": 12,
        "goals": len(memory.goals),
        "bytes": size,
        "skipped": {},
    }
    evaluate = ("evaluate", "--policy", "rule", "--split", "train", "--json", "--data")
    found = call(*evaluate, toy_folder).json()
    assert found["hashes"] == memory.hashes()
    assert found["episodes"] == len(memory.split.train)
    text = call(*words(BUILD), "--data", toy_folder, "--out", tmp_path / "out")
    assert text.out == f"12 products and {len(memory.goals)} goals in {tmp_path / 'out'} ({size / 1e6:.1f} MB)\n"
    alone = call(*evaluate, tmp_path / "out").json()
    del found["decisions_per_second"], alone["decisions_per_second"]
    assert alone == found


def test_build_with_other_goals_and_products_left_out(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    items = toy_folder / "items_shuffle_12.json"
    items.write_text(json.dumps([*json.loads(items.read_text()), {"asin": "B1"}]))
    arguments = (*words(BUILD), "--data", toy_folder, "--out", tmp_path / "out", "--goals", "human", "--json")
    row = call(*arguments).json()
    assert row["skipped"] == {"'name' is missing": 1}
    assert (row["products"], row["goals"]) == (12, 12)
    assert call(*arguments).json() == row  # a store is replaced
    assert not (toy_folder / "store").exists()
