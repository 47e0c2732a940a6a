"""Language models are loaded by name from safetensors, and what is none is refused."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

import shoprl
from shoprl.errors import PolicyError
from shoprl.policies.causal.loading import load_language_policy, read_causal
from shoprl.policies.causal.policy import LanguagePolicy
from tests.support.tiny_bert import tiny_bert
from tests.support.tiny_lm import tiny_lm, tiny_model, tiny_tokenizer, toy_walks


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(tiny_lm(), tmp_path / "model")


@pytest.mark.parametrize(("prefix", "chat"), [("lm:", False), ("chat:", True)])
def test_a_folder_is_loaded_by_name(prefix: str, chat: bool) -> None:
    policy, state = shoprl.load_policy(f"{prefix}{tiny_lm()}"), toy_walks()[0]
    assert isinstance(policy, LanguagePolicy)
    assert (policy.chat, policy.name) == (chat, f"{prefix}{tiny_lm()}")
    tokenizer = AutoTokenizer.from_pretrained(tiny_lm())  # which splits texts in Qwen's way
    wanted = LanguagePolicy(tiny_model(), tokenizer, chat=chat).scores([state])[0]
    assert policy.scores([state])[0] == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("name", ["lm:", "other:folder"])
def test_names_that_name_nothing(name: str) -> None:
    with pytest.raises(PolicyError, match="give lm: or chat: and a hub id"):
        load_language_policy(name)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be loaded as a causal language model"):
        load_language_policy(f"lm:{tmp_path / 'nothing'}")


def test_a_checkpoint_of_a_training_is_loaded(folder: Path) -> None:
    with (folder / "optimizer.pt").open("wb") as stream:
        stream.truncate(2**30)
    (folder / "training_args.bin").write_bytes(b"cposix\nsystem\n(S'touch ran'\ntR.")
    assert load_language_policy(f"lm:{folder}")


def test_pickled_weights_are_not_opened(folder: Path) -> None:
    torch.save(tiny_model().state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(PolicyError, match=r"model\.safetensors"):
        load_language_policy(f"lm:{folder}")


def test_missing_weights_are_not_made_up(folder: Path) -> None:
    AutoModel.from_pretrained(folder).save_pretrained(folder)  # without what writes
    row = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(row | {"tie_word_embeddings": False}))
    with pytest.raises(PolicyError, match="lacks weights of a causal language model, such as"):
        read_causal(str(folder))


def test_weights_that_are_no_numbers(folder: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(folder)
    next(iter(model.parameters())).data.view(-1)[0] = float("nan")
    model.save_pretrained(folder)
    with pytest.raises(PolicyError, match="holds NaN"):
        read_causal(str(folder))


def test_what_reads_in_both_directions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"lacks weights|both directions"):
        read_causal(str(tiny_bert()))
    from transformers import BertConfig, BertLMHeadModel

    model = BertLMHeadModel(BertConfig(vocab_size=700, hidden_size=32, num_hidden_layers=1, num_attention_heads=2))
    model.save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(PolicyError, match="both directions"):
        read_causal(str(tmp_path))


def test_a_tokenizer_of_another_model(folder: Path) -> None:
    row = json.loads((folder / "tokenizer.json").read_text())
    words = row["model"]["vocab"]
    words |= {f"new{place}": len(words) + place for place in range(20)}
    (folder / "tokenizer.json").write_text(json.dumps(row))
    with pytest.raises(PolicyError, match="more tokens than the model"):
        read_causal(str(folder))
