import json
from pathlib import Path

import pytest
import torch

from shoprl.policies.networks.bi_attention import BiAttentionPolicy
from shoprl.policies.saving import load_policy
from tests.support.cli import Call
from tests.support.published import bart_folder, checkpoint, write
from tests.support.tiny_bert import tiny_bert


@pytest.fixture
def options(tmp_path: Path) -> tuple[object, ...]:
    return "convert", "--tokenizer", tiny_bert(), "--heads", 2, "--out", tmp_path / "policy", "--checkpoint"


def test_convert(call: Call, tmp_path: Path, options: tuple[object, ...]) -> None:
    answer = call(*options, write(tmp_path, checkpoint()))
    assert answer.code == 0, answer.err
    assert f"bi_attention policy in {tmp_path / 'policy'}" in answer.out
    loaded = load_policy(str(tmp_path / "policy"))
    assert isinstance(loaded, BiAttentionPolicy)
    assert loaded.model.config.image
    manifest = json.loads((tmp_path / "policy" / "policy.json").read_text())
    assert manifest["about"]["converted"] == "choice_il_epoch9.pth"
    assert len(manifest["about"]["unused"]) == 3


def test_what_does_not_fit_stops_it_unless_partial(call: Call, tmp_path: Path, options: tuple[object, ...]) -> None:
    weights = checkpoint()
    weights["more"], weights["linear_2.weight"] = torch.zeros(1), torch.zeros(2, 2)
    del weights["linear_1.bias"]
    path = write(tmp_path, weights)
    answer = call(*options, path, "--json")
    assert answer.code == 2
    row = answer.json()
    assert (row["policy"], row["unmatched"], row["missing"]) == (None, ["more"], ["join.bias"])
    assert "--partial" in answer.err
    assert not (tmp_path / "policy").exists()
    text = call(*options, path).out
    assert "other shape: linear_2.weight (2, 2) (1, 32)" in text
    partial = call(*options, path, "--partial", "--json")
    assert partial.code == 0
    assert partial.json() == row | {"policy": str(tmp_path / "policy")}
    load_policy(str(tmp_path / "policy"))


def test_a_search_model(call: Call, tmp_path: Path) -> None:
    source, out = bart_folder(tmp_path / "checkpoint-800", "bin"), tmp_path / "policy"
    row = call("convert", "--checkpoint", source, "--out", out, "--json").json()
    assert (row["kind"], row["policy"], row["missing"]) == ("query", str(out), [])
    assert json.loads((out / "policy.json").read_text())["kind"] == "query"


def test_bad_input(call: Call, tmp_path: Path, options: tuple[object, ...]) -> None:
    answer = call(*options, tmp_path / "nothing.pth")
    assert (answer.code, answer.out) == (2, "")
    assert "PolicyError" in answer.err
    (tmp_path / "policy").mkdir()
    answer = call(*options, write(tmp_path, checkpoint()))
    assert (answer.code, answer.out) == (2, "")
    assert "exists already" in answer.err
