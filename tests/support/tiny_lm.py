"""Causal language models with random weights and a byte-level tokenizer made on the spot, as folders."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from shoprl.policies.prompts import prompt_of
from shoprl.tasks.shop.state import ShopState
from tests.support.fakes import random_walk
from tests.support.toyshop import toy_data

SPECIAL = ("<|end|>", "<|start|>", "<|endoftext|>")  # the last as Qwen has it
CHAT_TEMPLATE = (
    "{% for message in messages %}<|start|>{{ message['role'] }}\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
SIZES = {
    "qwen2": {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 48,
        "max_position_embeddings": 4096,
    },
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 2048},
    "mistral": {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 48,
        "sliding_window": 24,
        "max_position_embeddings": 4096,
    },
    "bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 4},
    "mamba": {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4},
    "rwkv": {"hidden_size": 32, "num_hidden_layers": 2, "attention_hidden_size": 32, "intermediate_size": 48},
    "recurrent_gemma": {
        "hidden_size": 32,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "intermediate_size": 48,
        "lru_width": 32,
        "attention_window_size": 64,
    },
    "jamba": {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 48,
        "attn_layer_period": 2,
        "attn_layer_offset": 1,
        "num_experts": 2,
        "num_experts_per_tok": 1,
        "mamba_d_state": 4,
        "use_mamba_kernels": False,
    },
}


@cache
def toy_walks() -> tuple[ShopState, ...]:
    """States of random walks through the toy shop, with several candidates each."""
    data = toy_data()
    states = [state for seed in range(4) for state in random_walk(data.shop, data.goals[seed], seed).states]
    return tuple(state for state in states if len(state.candidates) > 1)


@cache
def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE of 600 tokens, with a chat template."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=list(SPECIAL), initial_alphabet=alphabet)
    tokenizer.train_from_iterator([prompt_of(state) for state in toy_walks()], trainer)
    end, _, pad = SPECIAL
    made = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=end, pad_token=pad)
    made.chat_template = CHAT_TEMPLATE
    return made


def tiny_model(kind: str = "qwen2", seed: int = 0) -> Any:
    """A model with random weights, large enough that actions differ in probability."""
    words = len(tiny_tokenizer())
    config = AutoConfig.for_model(kind, vocab_size=words, bos_token_id=0, eos_token_id=0, pad_token_id=2, **SIZES[kind])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(config)
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.data.normal_(0, 0.3)
    return model.eval()


@cache
def tiny_lm() -> Path:
    """The folder of a tiny Qwen2, one for all tests of a session."""
    folder = Path(tempfile.mkdtemp(prefix="tiny-lm-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    tiny_model().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder
