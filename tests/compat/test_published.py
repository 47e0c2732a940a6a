from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra train")

import torch
from torch import nn
from transformers import BertModel

from shoprl.compat.published import bert_config, convert_choice, convert_search, read_state
from shoprl.errors import PolicyError
from shoprl.policies.networks.backbone import read_encoder
from shoprl.policies.networks.bi_attention import BiAttentionPolicy, with_buttons
from shoprl.policies.networks.token_batch import action_texts, plain
from shoprl.policies.query.loading import load_query_policy
from shoprl.policies.saving import load_policy, save_policy
from shoprl.tasks.base import Observation
from shoprl.tasks.instruction import parse_instruction
from tests.support.published import Weights, bart_folder, checkpoint, write
from tests.support.tiny_bert import WIDTH, tiny_bert, tiny_config, tiny_tokenizer, toy_states

HEADS = 2
KINDS_OF_EMBEDDINGS = ("word_embeddings", "position_embeddings", "token_type_embeddings")


def by_formula(weights: Weights, policy: BiAttentionPolicy, state: Observation) -> tuple[torch.Tensor, torch.Tensor]:
    """One decision, one candidate at a time, by the original's formulas and under its names."""
    bert = BertModel(tiny_config(len(weights["bert.embeddings.word_embeddings.weight"]))).eval()
    bert.load_state_dict(
        {name[5:]: w for name, w in weights.items() if name.startswith("bert.") and "_ids" not in name}
    )

    def states(text: str) -> torch.Tensor:
        ids = policy.tokenizer(text, truncation=True, max_length=256)["input_ids"]
        found: torch.Tensor = bert(torch.tensor([ids])).last_hidden_state[0]
        return found

    page = states(plain(state.page))
    hidden = nn.functional.leaky_relu(weights["linear_3.0.weight"] @ page[0] + weights["linear_3.0.bias"])
    value = weights["linear_3.2.weight"] @ hidden + weights["linear_3.2.bias"]
    if "image_linear.bias" in weights:
        page = torch.cat([weights["image_linear.bias"][None], page])  # no picture: 512 zeros
    logits = []
    for text in action_texts(state):
        action = states(text)
        match = action @ weights["attn.input_linear.weight"].T + weights["attn.memory_linear.weight"] @ page.T
        match = match + (action * weights["attn.dot_scale"]) @ page.T
        found = match.softmax(dim=-1) @ page
        summary = match.amax(dim=-1).softmax(dim=-1) @ action
        joined = torch.cat([action, found, action * found, summary * found], dim=-1)
        read = torch.relu(joined @ weights["linear_1.weight"].T + weights["linear_1.bias"]).mean(dim=0)
        logits.append(weights["linear_2.weight"] @ read + weights["linear_2.bias"])
    return torch.cat(logits), value


@pytest.mark.parametrize("image", [True, False])
@torch.inference_mode()
def test_a_converted_policy_computes_what_the_original_does(tmp_path: Path, image: bool) -> None:
    weights = checkpoint(image)
    policy, report = convert_choice(write(tmp_path, weights), str(tiny_bert()), HEADS)
    assert report.complete
    assert set(report.unused) == {name for name in weights if "pooler" in name or "position_ids" in name}
    assert report.matched == len(weights) - 3
    assert (policy.model.config.image, policy.name, policy.strategy) == (image, "choice_il_epoch9", "instruction")
    batch = list(toy_states()[:5])
    logits, values = policy.logits_and_values(batch)
    for row, value, state in zip(logits, values, batch, strict=True):
        expected, worth = by_formula(weights, policy, state)
        torch.testing.assert_close(row[: len(state.texts)], expected, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(value, worth[0], atol=1e-4, rtol=1e-4)
    save_policy(policy, tmp_path / "policy")
    loaded = load_policy(str(tmp_path / "policy"))
    assert isinstance(loaded, BiAttentionPolicy)
    assert torch.equal(loaded.logits(batch), logits)


def test_what_does_not_fit_is_reported(tmp_path: Path) -> None:
    weights = checkpoint()
    weights["linear_2.bias"] = torch.zeros(3)
    weights["something.else"] = torch.zeros(1)
    del weights["linear_3.2.bias"]
    before = torch.get_rng_state()
    policy, report = convert_choice(write(tmp_path, weights), str(tiny_bert()), HEADS)
    assert torch.equal(torch.get_rng_state(), before)
    assert not report.complete
    assert report.other_shape == ("linear_2.bias (3,) (1,)",)
    assert report.unmatched == ("something.else",)
    assert report.missing == ("value.2.bias",)
    again, _ = convert_choice(tmp_path / "choice_il_epoch9.pth", str(tiny_bert()), HEADS)
    first, second = policy.model.state_dict(), again.model.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert report.to_json()["missing"] == ["value.2.bias"]


def test_sizes_come_from_the_shapes() -> None:
    weights = checkpoint()
    config = bert_config(weights)
    sizes = (config.hidden_size, config.num_hidden_layers, config.intermediate_size, config.max_position_embeddings)
    assert sizes == (WIDTH, 2, 2 * WIDTH, 256)
    assert config.num_attention_heads == 1
    wide = {name: w for name, w in weights.items() if "embeddings" not in name}
    wide |= {f"bert.embeddings.{name}.weight": torch.zeros(9, 768) for name in KINDS_OF_EMBEDDINGS}
    assert bert_config(wide).num_attention_heads == 12  # bert-base-uncased
    with pytest.raises(PolicyError, match="5 attention heads"):
        bert_config(weights, 5)


class Code:
    """What a pickle can run."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('code was run')",)


@pytest.mark.parametrize("content", [Code(), {"bert.a": Code()}, [torch.zeros(1)], {"epoch": 9}, nn.Linear(2, 2)])
def test_what_is_no_state_is_refused_and_not_run(tmp_path: Path, content: Any) -> None:
    with pytest.raises(PolicyError, match=r"choice_il_epoch9\.pth"):
        read_state(write(tmp_path, content))


@pytest.mark.parametrize("content", [b"", b"abc", b"PK\x03\x04", b"\x80\x02K"])
def test_broken_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "choice_il_epoch9.pth"
    path.write_bytes(content)
    with pytest.raises(PolicyError, match=r"choice_il_epoch9\.pth"):
        read_state(path)


def test_another_model_and_another_tokenizer_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="Not WebShop's choice model"):
        convert_choice(write(tmp_path, {"linear_1.weight": torch.zeros(2, 8)}), str(tiny_bert()))
    weights = checkpoint()
    weights["bert.embeddings.word_embeddings.weight"] = torch.zeros(30, WIDTH)
    with pytest.raises(PolicyError, match="30 tokens"):
        convert_choice(write(tmp_path, weights), str(tiny_bert()), HEADS)


@pytest.mark.parametrize("form", ["safetensors", "bin"])
def test_a_search_model_becomes_a_query_policy(tmp_path: Path, form: str) -> None:
    source = bart_folder(tmp_path / "checkpoint-800", form)
    policy, report = convert_search(source)
    assert report.complete
    policy.save(tmp_path / "policy")
    assert (tmp_path / "policy" / "model.safetensors").is_file()
    wish = parse_instruction("i want a red mug")
    assert load_query_policy(tmp_path / "policy").queries(wish, 3) == policy.queries(wish, 3)


def test_a_tokenizer_is_asked_for(tmp_path: Path) -> None:
    source = bart_folder(tmp_path / "checkpoint-800", "bin", with_tokenizer=False)
    with pytest.raises(PolicyError, match="Give its own tokenizer"):
        convert_search(source)
    other = tmp_path / "tokenizer"
    tiny_tokenizer(["i want a red mug"]).save_pretrained(other)
    assert convert_search(source, str(other))[1].complete


def test_what_a_search_model_lacks_is_reported(tmp_path: Path) -> None:
    source = bart_folder(tmp_path / "checkpoint-800", "bin")
    weights = torch.load(source / "pytorch_model.bin", weights_only=True)
    del weights["model.encoder.layers.0.fc1.bias"]
    torch.save(weights | {"more": torch.zeros(1)}, source / "pytorch_model.bin")
    _, report = convert_search(source)
    assert (report.missing, report.unmatched) == (("model.encoder.layers.0.fc1.bias",), ("more",))


def test_what_is_no_search_model_is_refused_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PolicyError, match="sequence-to-sequence"):
        convert_search(tmp_path / "empty")
    source = bart_folder(tmp_path / "checkpoint-800", "bin")
    torch.save({"model.shared.weight": Code()}, source / "pytorch_model.bin")
    with pytest.raises(PolicyError, match="sequence-to-sequence"):
        convert_search(source)


def test_the_default_tokenizer_is_that_of_the_published_model() -> None:
    words = with_buttons(read_encoder()[1])
    assert len(words) == 30_526
    ids = words("[button] buy now [button_] [SEP] [clicked button] x [clicked button_]")["input_ids"]
    assert ids == [101, 30_522, 4965, 2085, 30_523, 102, 30_524, 1060, 30_525, 102]


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    weights = checkpoint()
    weights["linear_2.weight"][0, 0] = float("inf")
    with pytest.raises(PolicyError, match=r"choice_il_epoch9\.pth: tensor 'linear_2\.weight' holds NaN or infinity"):
        convert_choice(write(tmp_path, weights), str(tiny_bert()))
