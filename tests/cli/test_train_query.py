"""``shoprl train-query``: what it prints and writes, resuming, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

from shoprl.cli.train_query import RESULTS
from shoprl.policies.query.loading import load_query_policy
from shoprl.runlog import RUN
from shoprl.shop.data import read_data
from shoprl.tasks.instruction import parse_instruction
from tests.support.cli import Answer, Call, tree
from tests.support.fakequery import fake_backbone, find_me, write_tiny_bart
from tests.support.killing import digests, finished, killed_and_resumed, moments, shoprl


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    pairs, goals = tmp_path / "pairs.json", tmp_path / "goals.json"
    data = find_me()[:48]
    pairs.write_text(json.dumps({typed.instruction: list(typed.queries) for typed in data}))
    goals.write_text(json.dumps([typed.instruction for typed in data]))
    return pairs, goals


@pytest.fixture
def train(call: Call, files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("shoprl.policies.networks.backbone.load_backbone", lambda *name: fake_backbone())

    def run(*arguments: object, out: str = "run") -> Answer:
        given = ("--pairs", files[0], "--goals", files[1], "--out", tmp_path / out, "--threads", 1)
        return call("train-query", *given, "--updates", 12, "--batch-size", 4, *arguments)

    return run


def policy_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "policy").iterdir()}


def test_extractive(train: Any, toy_folder: Path, tmp_path: Path) -> None:
    answer = train("--data", toy_folder, "--json")
    assert answer.code == 0, answer.err
    row = answer.json()
    assert row["instructions"] == {"train": 35, "eval": 9, "test": 4}
    assert row["words"]["instructions"] == 9
    assert set(row["words"]["query"]) == {"precision", "recall", "f1", "exact"}
    data = read_data(toy_folder)
    assert row["search"]["goals"] == len(data.split.eval)
    assert [each["n"] for each in row["search"]["rows"]] == [1, 2, 3, 5]
    assert row["hashes"] == {"pairs": row["hashes"]["pairs"], **data.hashes()}
    policy = load_query_policy(Path(row["policy"]), fake_backbone())
    assert policy.writer.kind == "extractive"
    assert len(policy.queries(parse_instruction("find me red mug"), 3)) == 3
    manifest = json.loads((tmp_path / "run" / "policy" / "policy.json").read_text())
    assert manifest["about"]["config"]["updates"] == 12
    assert json.loads((tmp_path / "run" / RUN).read_text())["status"] == "done"
    stored = json.loads((tmp_path / "run" / "results.json").read_text())
    assert {name: row[name] for name in stored} == stored


def test_seq2seq(train: Any, tmp_path: Path) -> None:
    base = write_tiny_bart(tmp_path / "bart")
    answer = train("--model", "seq2seq", "--base", base, "--split", "test", "--eval-too", "--json")
    assert answer.code == 0, answer.err
    row = answer.json()
    assert (row["model"], row["instructions"]["train"], row["words"]["instructions"]) == ("seq2seq", 44, 4)
    assert row["last"]["update"] == 12
    policy = load_query_policy(Path(row["policy"]))
    assert policy.writer.kind == "seq2seq"
    assert policy.queries(parse_instruction("find me red mug"), 1)


def test_the_text(train: Any, toy_folder: Path, tmp_path: Path) -> None:
    answer = train("--data", toy_folder)
    assert answer.code == 0
    assert "9 eval instructions" in answer.out
    assert "queries_and_wish_50" in answer.out
    assert str(tmp_path / "run" / "policy") in answer.out


def test_trained_twice_and_resumed(train: Any, tmp_path: Path) -> None:
    for name in "ab":
        assert train(out=name).code == 0
    assert policy_bytes(tmp_path / "a") == policy_bytes(tmp_path / "b")
    (tmp_path / "a" / "results.json").unlink()
    assert train("--resume", out="a").code == 0
    assert policy_bytes(tmp_path / "a") == policy_bytes(tmp_path / "b")


def refused(answer: Answer, error: str, said: str) -> None:
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.strip().splitlines()[-1].startswith(f"{error}: ")
    assert said in answer.err


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (("--threads", 0), "ConfigError", "--threads"),
        (("--seed", -1), "ConfigError", "--seed"),
        (("--updates", 0), "ConfigError", "--updates 0"),
        (("--learning-rate", -1), "ConfigError", "--learning-rate -1"),
        (("--eval-too",), "ConfigError", "--split test"),
        (("--data", "nowhere"), "CatalogError", "nowhere"),
        (("--pairs", "nowhere.json"), "TrajectoryError", "nowhere.json"),
        (("--goals", "nowhere.json"), "GoalError", "nowhere.json"),
        (("--model", "seq2seq", "--base", "./nowhere"), "BackboneError", "nowhere"),
    ],
)
def test_bad_input_is_named_before_any_work(
    train: Any, tmp_path: Path, arguments: tuple[object, ...], error: str, said: str
) -> None:
    refused(train(*arguments), error, said)
    assert not (tmp_path / "run").exists()


def test_a_folder_in_use_is_refused(train: Any, tmp_path: Path) -> None:
    assert train().code == 0
    before = policy_bytes(tmp_path / "run")
    refused(train(), "RunError", "--resume")
    refused(train("--resume", "--seed", 1), "RunError", "other settings")
    assert policy_bytes(tmp_path / "run") == before


def test_a_run_that_fails_says_so(train: Any, tmp_path: Path) -> None:
    first = train("--json")
    assert first.code == 0
    before = tree(tmp_path / "run")
    assert train("--json", "--resume").out == first.out  # it is finished
    assert tree(tmp_path / "run") == before
    (tmp_path / "run" / RESULTS).unlink()
    (tmp_path / "run" / "training" / "checkpoint.safetensors").write_bytes(b"x")
    before = tree(tmp_path / "run")
    refused(train("--resume"), "RunError", "not a checkpoint")
    assert tree(tmp_path / "run") == before


def test_a_part_without_pairs_is_not_scored(train: Any, files: tuple[Path, Path]) -> None:
    pairs = json.loads(files[0].read_text())
    files[0].write_text(json.dumps(dict(list(pairs.items())[20:])))
    answer = train("--json")
    assert answer.code == 0
    assert answer.json()["instructions"] == {"train": 28, "eval": 0, "test": 0}
    assert "words" not in answer.json()


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("model", ["extractive", "seq2seq"])
def test_killed_at_random_moments_and_resumed(
    files: tuple[Path, Path], tmp_path: Path, model: str, threads: int
) -> None:
    base = ("--base", write_tiny_bart(tmp_path / "bart"), "--split", "test") if model == "seq2seq" else ()
    settings = ("--model", model, *base, "--updates", 800, "--batch-size", 4, "--threads", threads)  # 4 checkpoints
    command = shoprl("train-query", "--pairs", files[0], "--goals", files[1], *settings)
    seconds = finished([*command, "--out", str(tmp_path / "whole")])
    cut = [*command, "--out", str(tmp_path / "cut")]
    killed_and_resumed(cut, [*cut, "--resume"], moments(threads, seconds))
    assert digests(tmp_path / "cut" / "policy") == digests(tmp_path / "whole" / "policy")
