"""A BERT with random weights and a word tokenizer, as a folder that is loaded like any backbone; small policies."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from shoprl.policies.networks.backbone import load_backbone
from shoprl.policies.networks.bi_attention import BiAttentionPolicy, new_bi_attention
from shoprl.policies.networks.choice import ChoicePolicy
from shoprl.policies.networks.encoder import TokenStore
from shoprl.policies.networks.rnn import RNNPolicy, new_rnn, texts_of
from shoprl.policies.networks.token_batch import BUTTONS
from shoprl.policies.networks.vocabulary import words_of
from shoprl.tasks.base import Observation
from tests.support.fakes import fake_policy, random_walk
from tests.support.toyshop import toy_data

WIDTH = 32
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


@cache
def toy_states() -> tuple[Observation, ...]:
    """What random walks through the toy shop meet."""
    shop, goals = toy_data().shop, toy_data().goals
    return tuple(state.observe() for seed in range(8) for state in random_walk(shop, goals[seed], seed).states)


def tiny_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    words = sorted({word for text in texts for word in words_of(text.lower())} - {each.lower() for each in SPECIAL})
    numbers = {word: i for i, word in enumerate((*SPECIAL, *(word for word in words if word not in BUTTONS)))}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [("[CLS]", 2), ("[SEP]", 3)]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), SPECIAL, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def tiny_config(vocabulary: int, layers: int = 2) -> BertConfig:
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=2 * WIDTH,
        max_position_embeddings=256,
    )


def write_tiny_bert(folder: Path, texts: list[str], layers: int = 2) -> Path:
    """Write config, weights and tokenizer; the same ones each time."""
    tokenizer = tiny_tokenizer(texts)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        BertModel(tiny_config(len(tokenizer), layers)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@cache
def tiny_bert() -> Path:
    """The folder for the toy shop's texts, one for all tests of a session."""
    folder = Path(tempfile.mkdtemp(prefix="tiny-bert-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return write_tiny_bert(folder, list(texts_of(toy_states())))


def tiny_policy(seed: int = 0, **settings: Any) -> BiAttentionPolicy:
    return new_bi_attention(torch.Generator().manual_seed(seed), str(tiny_bert()), **settings)


def tiny_store(tuned: int) -> TokenStore:
    return TokenStore(load_backbone(str(tiny_bert())), tuned_layers=tuned)


def tuned_policy(seed: int = 0, tuned: int = 1, **sizes: Any) -> ChoicePolicy:
    """The fast head on the tiny BERT, some of whose layers are tuned."""
    return fake_policy(seed, tiny_store(tuned), **sizes)


def tiny_rnn(seed: int = 0, **sizes: Any) -> RNNPolicy:
    small = {"hidden": 8, "embedding": 12} | sizes
    return new_rnn(toy_states(), torch.Generator().manual_seed(seed), **small)
