from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertModel

from shoprl.errors import PolicyError
from shoprl.policies.networks.reading import read_model
from tests.support.tiny_bert import tiny_config


class Drawing(BertModel):
    """Draws from the global generator when it is made."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        torch.rand(1, device="cpu")


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, BertModel]:
    model = BertModel(tiny_config(12, layers=1))
    model.save_pretrained(tmp_path)
    return tmp_path, model


def test_written_and_read(written: tuple[Path, BertModel]) -> None:
    folder, model = written
    found = read_model(BertModel, folder)
    assert not found.training
    kept, read = model.state_dict(), found.state_dict()
    assert kept.keys() == read.keys()
    assert all(torch.equal(kept[name], read[name]) for name in kept)
    assert all(tensor.data_ptr() % 64 == 0 for tensor in found.parameters())  # as the products' last bits need it


def test_the_global_generator_is_left_alone(written: tuple[Path, BertModel]) -> None:
    before = torch.get_rng_state()
    read_model(Drawing, written[0])
    assert torch.equal(torch.get_rng_state(), before)


def test_weights_that_are_missing_are_named(written: tuple[Path, BertModel]) -> None:
    file = written[0] / "model.safetensors"
    weights = load_file(file)
    del weights["pooler.dense.bias"]
    save_file(weights, file, {"format": "pt"})
    with pytest.raises(PolicyError, match=r"lacks the weights \['pooler\.dense\.bias'\]"):
        read_model(BertModel, written[0])


@pytest.mark.parametrize(
    ("file", "content", "what"),
    [
        ("config.json", b"{", "not valid JSON"),
        ("config.json", b"[" * 100_000, "cannot be used"),
        ("config.json", b'{"model_type": "bert", "hidden_size": 7, "num_attention_heads": 2}', "cannot be loaded"),
        ("model.safetensors", b"\xff" * 100, "not a safetensors file"),
        ("model.safetensors", None, "missing"),
    ],
)
def test_what_cannot_be_loaded_is_named(
    written: tuple[Path, BertModel], file: str, content: bytes | None, what: str
) -> None:
    path = written[0] / file
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(PolicyError, match=rf"{written[0]}.*: .*{what}"):
        read_model(BertModel, written[0])


def test_no_other_file_is_opened(written: tuple[Path, BertModel]) -> None:
    """Each of these makes Transformers load something else, or hangs."""
    folder, model = written
    for name in ("adapter_config.json", "model.safetensors.index.json", "generation_config.json"):
        (folder / name).symlink_to("/dev/zero")
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    read_model(BertModel, folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(PolicyError, match=r"model\.safetensors: missing"):
        read_model(BertModel, folder)
