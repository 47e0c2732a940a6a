"""The sequence-to-sequence query model: any encoder-decoder of Transformers, fine-tuned to generate queries.

WebShop fine-tunes BART on (instruction, query) pairs and takes the ten sequences of a beam search (arXiv 2207.01206,
section 4.1; ``baseline_models/train_search_il.py`` and ``generate_search.py`` of its repository).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSeq2SeqLM

from shoprl.errors import BackboneError, PolicyError
from shoprl.policies.networks.limits import check_encoder
from shoprl.policies.networks.pretrained import new_encoder, read_network, read_tokenizer_of
from shoprl.policies.networks.weights import check_finite, check_shapes, read_tensors
from shoprl.policies.query.data import plain_instruction
from shoprl.policies.query.policy import MAX_QUERIES, QueryModel
from shoprl.reading import read_json
from shoprl.tasks.instruction import Instruction

DEFAULT = "facebook/bart-base"
MAX_TOKENS = 256  # of an instruction or a query in training, as in WebShop
MAX_WRITTEN = 64  # tokens of a generated query; a query of 256 characters never reaches WebShop's limit of 512
IGNORED = -100  # the label that Transformers ignores in the loss


class Seq2Seq:
    """A :class:`shoprl.policies.query.policy.QueryWriter` with an encoder-decoder.

    Args:
        model: a Transformers model for sequence-to-sequence language modelling.
        tokenizer: its tokenizer.
    """

    kind: QueryModel = "seq2seq"

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model, self.tokenizer = model, tokenizer

    def inputs(self, texts: Sequence[str]) -> dict[str, torch.Tensor]:
        """Vocabulary ids and mask of texts, each of shape (texts, tokens), on the model's device."""
        longest = min(MAX_TOKENS, self.tokenizer.model_max_length)
        batch = self.tokenizer(list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt")
        return {name: batch[name].to(self.model.device) for name in ("input_ids", "attention_mask")}

    def labels(self, queries: Sequence[str]) -> torch.Tensor:
        """Target vocabulary ids, shape (queries, tokens); padding is ignored in the loss."""
        batch = self.inputs(queries)
        return batch["input_ids"].masked_fill(batch["attention_mask"] == 0, IGNORED)

    @torch.inference_mode()
    def write(self, instruction: Instruction) -> list[str]:
        """The sequences of a beam search of width ``MAX_QUERIES``, best first."""
        self.model.eval()
        written = self.model.generate(
            **self.inputs([plain_instruction(instruction.wish)]),
            num_beams=MAX_QUERIES,
            num_return_sequences=MAX_QUERIES,
            max_length=MAX_WRITTEN,
            early_stopping=True,
            do_sample=False,
        )
        texts: list[str] = self.tokenizer.batch_decode(
            written, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return texts

    def save(self, folder: Path) -> None:
        """Write the model's and the tokenizer's files."""
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


def read_seq2seq(name: str = DEFAULT) -> Seq2Seq:
    """Load an encoder-decoder for fine-tuning.

    Args:
        name: a hub id or a local folder with ``config.json``, safetensors and a tokenizer.

    Raises:
        BackboneError: it cannot be found or loaded, has no padding token, or its tokenizer has more tokens than it.
    """
    try:
        tokenizer = read_tokenizer_of(name)
        with torch.random.fork_rng(devices=[]):  # weights that a checkpoint lacks are initialised randomly
            torch.manual_seed(0)
            model = read_network(AutoModelForSeq2SeqLM, name)
    except BackboneError:
        raise
    except Exception as error:  # damaged files may raise any exception
        raise BackboneError(
            f"{name}: cannot be loaded as a sequence-to-sequence model ({(str(error).splitlines() or [''])[0]}). "
            f"Give a hub id such as {DEFAULT}, or a folder with config.json, model.safetensors and a tokenizer."
        ) from error
    check_finite(model.state_dict(), name, BackboneError)
    if tokenizer.pad_token_id is None or len(tokenizer) > model.get_input_embeddings().num_embeddings:
        raise BackboneError(f"{name}: its tokenizer has no padding token, or more tokens than the model. Use its own.")
    return Seq2Seq(model.eval(), tokenizer)


def load_seq2seq(folder: Path) -> Seq2Seq:
    """Load a fine-tuned model whose files were checked; see :func:`shoprl.policies.query.loading.load_query_policy`."""
    row = read_json(folder / "config.json", PolicyError)
    check_encoder(row, folder, PolicyError)
    weights, _ = read_tensors(folder / "model.safetensors", PolicyError)
    check_shapes(weights, lambda: new_encoder(row, AutoModelForSeq2SeqLM), folder)
    try:
        return read_seq2seq(str(folder))
    except BackboneError as error:
        raise PolicyError(f"{folder}: cannot be loaded ({error}). Train it again with this version.") from error
