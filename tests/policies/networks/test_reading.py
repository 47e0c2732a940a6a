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
    ("file", "content"),
    [
        ("config.json", b"{"),
        ("config.json", b'{"hidden_size": 7, "num_attention_heads": 2}'),
        ("model.safetensors", b"\xff" * 100),
        ("model.safetensors", None),
    ],
)
def test_what_cannot_be_loaded_is_named(written: tuple[Path, BertModel], file: str, content: bytes | None) -> None:
    path = written[0] / file
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(PolicyError, match=rf"{written[0]}: cannot be loaded"):
        read_model(BertModel, written[0])


def test_a_pickle_is_never_opened(written: tuple[Path, BertModel]) -> None:
    folder, model = written
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(PolicyError, match="cannot be loaded"):
        read_model(BertModel, folder)
