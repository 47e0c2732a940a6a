import json
from pathlib import Path

import pytest

from shoprl.errors import BackboneError, PolicyError
from shoprl.files import sha256_of
from shoprl.policies.query.loading import load_query_policy
from shoprl.policies.query.policy import (
    QueryPolicy,
)
from shoprl.tasks.instruction import parse_instruction
from tests.support.fakequery import fake_backbone, fake_extractive, tiny_bart

ASKED = "please find me a red mug, or a blue lamp, and price lower than 30.00 dollars"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    QueryPolicy(tiny_bart()).save(tmp_path / "policy")
    return tmp_path / "policy"


def test_every_file_is_checked(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        path.write_bytes(data[:-3] + bytes([data[-3] ^ 1]) + data[-2:])
        with pytest.raises(PolicyError, match=path.name):
            load_query_policy(folder)
        path.unlink()
        with pytest.raises(PolicyError, match=path.name):
            load_query_policy(folder)
        path.write_bytes(data)
    load_query_policy(folder)


def test_a_file_that_does_not_belong_is_refused(folder: Path) -> None:
    (folder / "added_tokens.json").write_text("{}")
    with pytest.raises(PolicyError, match="added_tokens"):
        load_query_policy(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"about": "abc"},
        {"format": 2},
        {"kind": "choice"},
        {"model": "magic"},
        {"model": None},
        {"sha256": "abc"},
        {"sha256": {}},
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(folder: Path, change: dict[str, object]) -> None:
    path = folder / "policy.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(PolicyError, match="policy"):
        load_query_policy(folder)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no such policy"):
        load_query_policy(tmp_path / "nothing")


def test_a_model_of_the_other_kind_is_refused(folder: Path) -> None:
    path = folder / "policy.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model": "extractive"}))
    with pytest.raises(PolicyError, match="cannot be loaded"):
        load_query_policy(folder, fake_backbone())


def forge(folder: Path, change: dict[str, object]) -> None:
    config, manifest = folder / "config.json", folder / "policy.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | change))
    row = json.loads(manifest.read_text())
    row["sha256"]["config.json"] = sha256_of(config)
    manifest.write_text(json.dumps(row))


@pytest.mark.parametrize("change", [{"hidden": 8}, {"heads": 0}, {"threshold": 0.0}, {"threshold": "x"}])
def test_sizes_that_do_not_fit_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    QueryPolicy(fake_extractive()).save(tmp_path / "policy")
    forge(tmp_path / "policy", change)
    with pytest.raises(PolicyError, match="policy"):
        load_query_policy(tmp_path / "policy", fake_backbone())


def test_another_backbone_is_refused(tmp_path: Path) -> None:
    QueryPolicy(fake_extractive()).save(tmp_path / "policy")
    with pytest.raises(PolicyError, match="other weights"):
        load_query_policy(tmp_path / "policy", fake_backbone(sha256="1" * 64))


def test_the_backbone_is_loaded_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = QueryPolicy(fake_extractive())
    policy.save(tmp_path / "policy")
    named: list[str] = []
    monkeypatch.setattr(
        "shoprl.policies.networks.backbone.load_backbone", lambda name: named.append(name) or fake_backbone()
    )
    asked = parse_instruction(ASKED)
    with pytest.raises(BackboneError, match=r"policy: was trained on the backbone 'fake'.*as `backbone`"):
        load_query_policy(tmp_path / "policy")
    assert named == []
    assert load_query_policy(tmp_path / "policy", backbone="here").queries(asked, 3) == policy.queries(asked, 3)
    assert load_query_policy(tmp_path / "policy", fake_backbone(name="other")).queries(asked, 1)  # of the same weights
    assert named == ["here"]


@pytest.mark.parametrize(
    "name", ["adapter_config.json", "code.py", "pytorch_model.bin", "model.safetensors.index.json"]
)
def test_files_that_make_it_load_something_else_are_refused(folder: Path, name: str) -> None:
    (folder / name).write_text("{}")
    row = json.loads((folder / "policy.json").read_text())
    row["sha256"][name] = sha256_of(folder / name)
    (folder / "policy.json").write_text(json.dumps(row))
    with pytest.raises(PolicyError, match=f"{name}: no file of a query policy"):
        load_query_policy(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"auto_map": {"AutoModelForSeq2SeqLM": "code.Model"}},
        {"encoder_layers": 100_000},
        {"encoder_layers": 2},
        {"dropout": float("nan")},
        {"vocab_size": 10**9},
        {"attn_implementation": "somebody/kernel"},
    ],
)
def test_a_tampered_configuration_is_refused(folder: Path, change: dict[str, object]) -> None:
    forge(folder, change)
    with pytest.raises(PolicyError, match="policy"):
        load_query_policy(folder)


def test_a_tokenizers_code_is_refused(folder: Path) -> None:
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"auto_map": {"AutoTokenizer": ["code.Words", None]}}))
    row = json.loads((folder / "policy.json").read_text())
    row["sha256"][path.name] = sha256_of(path)
    (folder / "policy.json").write_text(json.dumps(row))
    with pytest.raises(PolicyError, match="field 'auto_map'"):
        load_query_policy(folder)


def test_weights_of_another_shape_are_refused(folder: Path) -> None:
    forge(folder, {"d_model": 64})
    with pytest.raises(PolicyError, match="cannot be loaded"):
        load_query_policy(folder)
