"""`shoprl catalog` on good input; test_errors.py has the bad."""

import json
from pathlib import Path

import pytest

from shoprl.shop.data import read_data
from shoprl.shop.splits import read_split
from tests.support.cli import ATTRIBUTES, BUILD, GENERATE, SPLIT, Call, refused, words

VERIFY, VECTORS = ("catalog", "verify"), ("catalog", "vectors")


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
    for each in written.values():
        assert set(each["instruction_attributes"]) <= set(each["attributes"])
        assert all(name in each["instruction"] for name in each["instruction_attributes"])


@pytest.mark.parametrize("kind", ["webshop", "disjoint"])
def test_split(call: Call, toy_folder: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "split.json"
    row = call(*words(SPLIT), "--data", toy_folder, "--out", out, "--kind", kind, "--json").json()
    goals = read_data(toy_folder).goals
    split = read_split(out, goals)
    assert split.kind == row["kind"] == kind
    assert (row["train"], row["eval"], row["test"]) == (len(split.train), len(split.eval), len(split.test))
    assert row["split_sha256"] == split.to_json()["split_sha256"]


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


def test_split_overwrites_nothing(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "split.json"
    out.write_text("mine")
    refused(call(*words(SPLIT), "--data", toy_folder, "--out", out), "ConfigError", "split.json", "exists already")
    assert out.read_text() == "mine"


def test_it_verifies_a_store(call: Call, toy_folder: Path) -> None:
    refused(call(*VERIFY, "--data", toy_folder), "CatalogError", "holds no store", f"catalog build --data {toy_folder}")
    assert call("catalog", "build", "--data", toy_folder).code == 0
    row = call(*VERIFY, "--data", toy_folder, "--json").json()
    files = [path for path in (toy_folder / "store").rglob("*") if path.is_file()]
    assert row["files"] == len(files) - 2  # but for the description and the digests themselves
    assert row["bytes"] == sum(path.stat().st_size for path in files if path.parent != toy_folder / "store")
    assert call(*VERIFY, "--data", toy_folder / "store").out.startswith(f"{row['files']} files of the store of")
    impacts = toy_folder / "store" / "index" / "impacts.npy"
    data = bytearray(impacts.read_bytes())
    data[300] ^= 1
    impacts.write_bytes(data)
    said = f"impacts.npy: bytes 0 to {len(data) - 1} are not what was written. Run `shoprl catalog build` again."
    refused(call(*VERIFY, "--data", toy_folder), "CatalogError", said)
    refused(call("evaluate", "--policy", "rule", "--data", toy_folder), "CatalogError", said)


def test_vectors_are_made_brought_up_to_date_and_verified(call: Call, toy_folder: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra train")
    refused(call(*VECTORS, "--data", toy_folder), "CatalogError", "shoprl catalog build --data")
    assert call(*words(BUILD), "--data", toy_folder).code == 0
    assert "vectors" not in call(*VERIFY, "--data", toy_folder, "--json").json()
    row = call(*VECTORS, "--data", toy_folder, "--threads", 1, "--json").json()
    assert (row["products"], row["encoded"], row["kept"]) == (12, 12, 0)
    assert row["encoder"]["name"] == "fake"
    assert row["folder"] == str(toy_folder / "store" / "hybrid")
    assert call(*VECTORS, "--data", toy_folder, "--json").json()["encoded"] == 0
    assert call(*VERIFY, "--data", toy_folder, "--json").json()["vectors"]["files"] > 5
    path = toy_folder / "store" / "hybrid" / "vectors.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    refused(call(*VERIFY, "--data", toy_folder), "CatalogError", "vectors.npy", "shoprl catalog vectors")


def test_words_are_encoded_for_a_policy(call: Call, toy_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra train")
    from shoprl.policies.saving import save_policy
    from tests.support.fakes import fake_policy
    from tests.support.matching import match_policy

    for name, policy in (("match", match_policy()), ("choice", fake_policy())):
        save_policy(policy, tmp_path / name)
    given = ("catalog", "words", "--data", toy_folder, "--threads", 1, "--policy")
    refused(call(*given, tmp_path / "match"), "CatalogError", "shoprl catalog build --data")
    assert call(*words(BUILD), "--data", toy_folder).code == 0
    row = call(*given, tmp_path / "match", "--json").json()
    assert row["words"] > 12
    assert row["bytes"] == Path(row["file"]).stat().st_size
    assert call(*VERIFY, "--data", toy_folder).code == 0  # the store is as it was
    refused(call(*given, tmp_path / "choice"), "ConfigError", "no match network")
    refused(call(*given, "rule"), "ConfigError", "no match network")
    found = call("recommend", "red running shoes", "--data", toy_folder, "--policy", tmp_path / "match", "--runs", 2)
    assert found.code == 0, found.err
