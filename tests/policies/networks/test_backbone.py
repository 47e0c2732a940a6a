import importlib.metadata
from pathlib import Path

import pytest
import torch

from shoprl.errors import BackboneError
from shoprl.files import sha256_of
from shoprl.policies.networks.backbone import OFFICIAL_SHA256, Backbone, default_folder, load_backbone, read_encoder


@pytest.fixture(scope="session")
def backbone() -> Backbone:
    return load_backbone()


class FakeFile:
    name = "model.safetensors"

    def __init__(self, path: Path) -> None:
        self.path = path

    def locate(self) -> Path:
        return self.path


def test_the_default_is_the_official_file() -> None:
    assert sha256_of(default_folder() / "model.safetensors") == OFFICIAL_SHA256


@pytest.mark.parametrize("content", [None, b"", b"other weights"])
def test_another_file_in_its_place_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    path = tmp_path / "model.safetensors"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(importlib.metadata, "files", lambda package: [FakeFile(path)])
    with pytest.raises(BackboneError, match="not the official weights"):
        default_folder()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(package: str) -> None:
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(importlib.metadata, "files", missing)
    with pytest.raises(BackboneError, match="pip install"):
        default_folder()
    monkeypatch.setattr(importlib.metadata, "files", lambda package: [])
    with pytest.raises(BackboneError, match="Reinstall"):
        default_folder()


def test_unknown_names_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(BackboneError, match="nowhere"):
        load_backbone(str(tmp_path / "nowhere"))
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(BackboneError, match=r"config\.json: line 1, column 2: not valid JSON"):
        load_backbone(str(tmp_path))


def test_token_states(backbone: Backbone) -> None:
    texts = ["a red mug", "", "many words " * 60, "mug"]
    found = backbone.token_states(texts, 64)
    assert [len(ids) for _, ids in found] == [3, 0, 64, 1]
    for states, ids in found:
        assert states.shape == (len(ids), 384)
        assert states.dtype == torch.float16
        assert ids.dtype == torch.int32
        assert torch.isfinite(states).all()
    assert found[0][1][2] == found[3][1][0]  # "mug" has one id
    alone = backbone.token_states(["a red mug"], 64)[0]
    torch.testing.assert_close(alone[0], found[0][0], atol=5e-3, rtol=0)


def test_it_is_frozen(backbone: Backbone) -> None:
    assert not backbone.model.training
    assert not any(weight.requires_grad for weight in backbone.model.parameters())
    assert (backbone.width, backbone.sha256) == (384, OFFICIAL_SHA256)


def test_a_local_folder_works_in_its_place(backbone: Backbone, tmp_path: Path) -> None:
    before = torch.get_rng_state()
    load_backbone.cache_clear()
    copy = load_backbone(str(default_folder()))
    assert torch.equal(torch.get_rng_state(), before)
    assert copy.sha256 != OFFICIAL_SHA256  # a digest of tensors, whatever the file
    first, second = (each.token_states(["tea"], 8)[0][0] for each in (backbone, copy))
    assert torch.equal(first, second)


def test_a_fresh_copy_is_nobody_elses(backbone: Backbone) -> None:
    model, tokenizer = read_encoder()
    assert all(weight.requires_grad for weight in model.parameters())
    assert tokenizer is not backbone.tokenizer
    weight = model.get_input_embeddings().weight
    assert torch.equal(weight, backbone.model.get_input_embeddings().weight)
    assert weight.data_ptr() != backbone.model.get_input_embeddings().weight.data_ptr()
