"""Nothing that comes with a model is run, whatever its files say, and nobody is asked whether it may be."""

import ast
import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, BertModel

import shoprl
from shoprl.errors import BackboneError, PolicyError
from shoprl.policies.networks.pretrained import filled, new_encoder, read_network, read_tokenizer_of
from tests.support.tiny_bert import tiny_bert, tiny_config

SOURCE = Path(shoprl.__file__).parent
LOADING = ("from_pretrained", "from_config")
ALONE = "policies/networks/pretrained.py"
PICKLES = "policies/networks/pickled.py"


def calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]


def named(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def test_transformers_loads_in_one_place_and_never_with_code() -> None:
    found = []
    for path in SOURCE.rglob("*.py"):
        for call in calls(path):
            if named(call) in LOADING:
                found.append(str(path.relative_to(SOURCE)))
                given = {word.arg: word.value for word in call.keywords}
                value = given.get("trust_remote_code")
                assert isinstance(value, ast.Constant), f"{path}:{call.lineno}: without trust_remote_code"
                assert value.value is False, f"{path}:{call.lineno}: trusts code"
    assert set(found) == {ALONE}


def test_pickles_are_opened_in_one_place() -> None:
    for path in SOURCE.rglob("*.py"):
        loads = [
            call for call in calls(path) if ast.unparse(call.func) in ("torch.load", "pickle.load", "pickle.loads")
        ]
        assert not loads or str(path.relative_to(SOURCE)) == PICKLES
        for call in loads:
            assert any(word.arg == "weights_only" and ast.unparse(word.value) == "True" for word in call.keywords)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model that would say so if its code ran; whoever asks is told yes."""
    copy = shutil.copytree(tiny_bert(), tmp_path / "model")
    (copy / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nModel = Config = Words = None\n")
    monkeypatch.setattr("builtins.input", lambda question: "y")
    yield copy
    assert not (tmp_path / "ran").exists()


def change(path: Path, **fields: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_a_models_code_is_not_run(folder: Path) -> None:
    change(folder / "config.json", auto_map={"AutoConfig": "code.Config", "AutoModel": "code.Model"}, model_type="new")
    with pytest.raises(BackboneError, match="field 'auto_map' has code or files from elsewhere loaded"):
        read_network(AutoModel, str(folder))


def test_a_tokenizers_code_is_not_run(folder: Path) -> None:
    change(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["code.Words", None]}, tokenizer_class="Words")
    with pytest.raises(BackboneError, match="field 'auto_map' has code or files from elsewhere loaded"):
        read_tokenizer_of(str(folder))


def test_a_hubs_files_are_looked_at_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(folder / "config.json", auto_map={"AutoModel": "code.Model"})
    monkeypatch.setattr("shoprl.policies.networks.pretrained.cached_file", lambda name, file: str(folder / file))
    with pytest.raises(BackboneError, match=r"somebody/model/config\.json: its configuration: field 'auto_map'"):
        read_network(AutoModel, "somebody/model")


def test_an_encoder_described_in_a_configuration_is_transformers_own(folder: Path) -> None:
    row = tiny_config(12).to_dict() | {"auto_map": {"AutoModel": f"{folder}--code.Model"}}
    assert type(new_encoder(row)) is BertModel
    with pytest.raises((KeyError, ValueError)):
        new_encoder({"model_type": "new", "auto_map": {"AutoConfig": "code.Config"}})


def test_adapters_are_not_followed(folder: Path) -> None:
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "elsewhere"}')
    with pytest.raises(PolicyError, match="adapters are not loaded"):
        read_network(AutoModel, str(folder), PolicyError)


def test_a_hubs_adapters_are_not_followed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "elsewhere"}')
    monkeypatch.setattr("shoprl.policies.networks.pretrained.cached_file", lambda name, file: str(folder / file))
    with pytest.raises(BackboneError, match=r"somebody/adapter/adapter_config\.json: adapters are not loaded"):
        read_network(AutoModel, "somebody/adapter")


def test_pickled_weights_are_not_opened(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"cposix\nsystem\n(S'touch ran'\ntR.")
    with pytest.raises(OSError, match=r"no file named model\.safetensors"):
        read_network(AutoModel, str(folder))


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"])
@pytest.mark.parametrize("kind", ["pipe", "device", "size"])
def test_what_is_no_file_is_refused_at_once(folder: Path, name: str, kind: str) -> None:
    path = folder / name
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with path.open("wb") as stream:
            stream.truncate(2**40)
    for load in (lambda: read_network(AutoModel, str(folder)), lambda: read_tokenizer_of(str(folder))):
        with pytest.raises(BackboneError, match=name):
            load()


def test_a_network_is_filled_without_files() -> None:
    weights = BertModel(tiny_config(12)).state_dict()
    found = filled(BertModel, tiny_config(12), weights)
    assert all(torch.equal(tensor, found.state_dict()[name]) for name, tensor in weights.items())
