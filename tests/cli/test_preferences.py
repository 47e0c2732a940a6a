"""``shoprl preferences``: what it prints and writes, and how it ends."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from shoprl.trajectories.preferences import Preference, read_preferences, write_preferences
from tests.support.cli import Call, refused, tree
from tests.support.preferences import HASH, some_preferences
from tests.support.toyshop import toy_data


@pytest.fixture(scope="module")
def pairs() -> list[Preference]:
    return some_preferences(toy_data())


@pytest.fixture
def file(tmp_path: Path, pairs: list[Preference]) -> Path:
    write_preferences(tmp_path / "pairs.jsonl", pairs, HASH)
    return tmp_path / "pairs.jsonl"


def test_show(call: Call, file: Path, pairs: list[Preference]) -> None:
    answer = call("preferences", "show", file, "--first", 2)
    assert answer.code == 0
    assert answer.out.count("pair ") == 2
    assert f"chosen    {pairs[0].chosen}" in answer.out
    assert f"rejected  {pairs[1].rejected}" in answer.out
    assert "margin 0.250" in answer.out
    assert "Available actions" not in answer.out
    assert "Available actions" in call("preferences", "show", file, "--first", 1, "--prompts").out
    rows = call("preferences", "show", file, "--json").json()
    assert rows == [pair.to_json() for pair in pairs]


def test_stats(call: Call, tmp_path: Path, pairs: list[Preference]) -> None:
    turned = replace(pairs[0], chosen=pairs[0].rejected, rejected=pairs[0].chosen, about={})
    write_preferences(tmp_path / "more.jsonl", [*pairs, turned], HASH)
    row = call("preferences", "stats", tmp_path / "more.jsonl", "--json").json()
    assert (row["pairs"], row["contradicted"]) == (len(pairs) + 1, 2)
    assert row["states"] == len({pair.prompt for pair in pairs})
    assert row["pages"]["unknown"] == 1
    assert sum(row["pages"].values()) == len(pairs) + 1
    assert row["margin"]["pairs"] == len(pairs)
    assert row["goals_sha256"] == HASH
    text = call("preferences", "stats", tmp_path / "more.jsonl")
    assert "also in the opposite order" in text.out
    write_preferences(tmp_path / "one.jsonl", [turned], HASH)
    assert call("preferences", "stats", tmp_path / "one.jsonl", "--json").json()["margin"] is None


def test_export(call: Call, file: Path, tmp_path: Path, pairs: list[Preference]) -> None:
    out = tmp_path / "trl.jsonl"
    row = call("preferences", "export", file, "--out", out, "--json").json()
    assert (row["read"], row["kept"], row["format"]) == (len(pairs), len(pairs), "trl")
    assert [json.loads(line) for line in out.read_text().splitlines()] == [pair.texts() for pair in pairs]
    chat = tmp_path / "chat.jsonl"
    call("preferences", "export", file, "--format", "trl-chat", "--out", chat)
    assert [json.loads(line) for line in chat.read_text().splitlines()] == [pair.messages() for pair in pairs]
    kept = tmp_path / "kept.jsonl"
    arguments = ("--format", "shoprl", "--page", "item", "--min-margin", 0.75)
    text = call("preferences", "export", file, "--out", kept, *arguments)
    wanted = [pair for pair in pairs if pair.about["page"] == "item" and pair.about["margin"] >= 0.75]
    assert read_preferences(kept, HASH) == wanted
    assert text.out == f"{len(wanted)} of {len(pairs)} pairs in {kept}\n"


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (("show", "FILE", "--first", 0), "ConfigError", "--first 0"),
        (("stats", "NEW"), "TrajectoryError", "no such file"),
        (("export", "FILE", "--out", "FILE"), "ConfigError", "exists already"),
        (("export", "FILE", "--out", "NEW", "--min-margin", "nan"), "ConfigError", "--min-margin nan"),
        (("export", "FILE", "--out", "NEW", "--page", "search"), "TrajectoryError", "none of its"),
        (("export", "FILE", "--out", "NEW", "--min-margin", 99), "TrajectoryError", "none of its"),
    ],
)
def test_bad_input(
    call: Call, file: Path, tmp_path: Path, arguments: tuple[object, ...], error: str, said: str
) -> None:
    names = {"FILE": file, "NEW": tmp_path / "new.jsonl"}
    before = tree(tmp_path)
    refused(call("preferences", *(names.get(str(each), each) for each in arguments)), error, said)
    assert tree(tmp_path) == before


def test_a_malformed_file(call: Call, file: Path, tmp_path: Path) -> None:
    file.write_text(file.read_text() + '{"prompt": "x"}\n')
    for command in (("show", file), ("stats", file), ("export", file, "--out", tmp_path / "out.jsonl")):
        refused(call("preferences", *command, "--json"), "TrajectoryError", "'goals_sha256' is missing")
