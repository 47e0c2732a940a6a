from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, BertConfig, BertModel

from shoprl.errors import BackboneError
from shoprl.policies.query.policy import MAX_QUERIES, QueryPolicy
from shoprl.policies.query.seq2seq import IGNORED, read_seq2seq
from shoprl.tasks.instruction import parse_instruction
from tests.support.fakequery import tiny_bart, tiny_tokenizer, write_tiny_bart


def test_inputs_and_labels() -> None:
    writer = tiny_bart()
    batch = writer.inputs(["red mug", "hello find me blue lamp"])
    assert batch["input_ids"].shape == (2, 7)  # with a start and an end
    assert batch["attention_mask"].sum(dim=1).tolist() == [4, 7]
    labels = writer.labels(["red mug", "lamp"])
    assert labels[1, -1] == IGNORED
    assert (labels[0] == batch["input_ids"][0, :4]).all()
    assert writer.inputs(["red " * 500])["input_ids"].shape == (1, 60)  # what the model has places for


def test_beams_are_repeatable() -> None:
    asked = parse_instruction('Find me "red" mug, and price lower than 5.00 dollars')
    first = tiny_bart().write(asked)
    assert len(first) == MAX_QUERIES
    assert tiny_bart().write(asked) == first
    assert tiny_bart().write(parse_instruction("find me red mug")) == first  # plain text, no price
    assert tiny_bart(seed=1).write(asked) != first
    assert not any(mark in text for text in first for mark in ("<s>", "</s>", "<pad>"))


def test_reading_is_repeatable_and_leaves_the_generator(tmp_path: Path) -> None:
    folder = write_tiny_bart(tmp_path / "bart")
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second = (read_seq2seq(str(folder)) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    pairs = zip(first.model.state_dict().values(), tiny_bart().model.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    asked = parse_instruction("find me red mug")
    assert QueryPolicy(first).queries(asked, 5) == QueryPolicy(second).queries(asked, 5)
    assert not first.model.training


def test_weights_that_a_checkpoint_lacks_are_drawn_alike(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = write_tiny_bart(tmp_path / "bart") / "model.safetensors"
    weights = {name: tensor for name, tensor in load_file(path).items() if "fc1" not in name}
    save_file(weights, path, metadata={"format": "pt"})
    first, second = (read_seq2seq(str(path.parent)).model.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_what_is_no_such_model_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(BackboneError, match="nowhere"):
        read_seq2seq(str(tmp_path / "nowhere"))
    encoder = tmp_path / "encoder"
    tiny_tokenizer().save_pretrained(encoder)
    sizes = {"vocab_size": 30, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    BertModel(BertConfig(**sizes, intermediate_size=8)).save_pretrained(encoder)
    with pytest.raises(BackboneError, match="sequence-to-sequence"):
        read_seq2seq(str(encoder))


def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    folder = write_tiny_bart(tmp_path / "bart")
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens(["one", "two"])
    tokenizer.save_pretrained(folder)
    with pytest.raises(BackboneError, match="more tokens"):
        read_seq2seq(str(folder))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    folder = write_tiny_bart(tmp_path / "bart")
    assert AutoConfig.from_pretrained(folder).model_type == "bart"
    (folder / "model.safetensors").write_bytes(b"x" * 50)
    with pytest.raises(BackboneError, match="bart"):
        read_seq2seq(str(folder))
