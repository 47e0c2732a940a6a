"""WebShop's published checkpoints as policies.

``choice_il_epoch9.pth`` is the state of ``BertModelForWebshop`` (``baseline_models/models/bert.py``); the folder of the
search model is one of Transformers' BART.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForSeq2SeqLM, BertConfig

from shoprl.errors import PolicyError
from shoprl.policies.networks.backbone import DEFAULT, read_encoder
from shoprl.policies.networks.bi_attention import BiAttentionConfig, BiAttentionModel, BiAttentionPolicy, with_buttons
from shoprl.policies.networks.pickled import read_pickled
from shoprl.policies.networks.pretrained import read_network, read_tokenizer_of
from shoprl.policies.networks.weights import check_finite
from shoprl.policies.query.policy import QueryPolicy
from shoprl.policies.query.seq2seq import Seq2Seq
from shoprl.tasks.instruction import QueryStrategy

HEAD = 64  # width of an attention head in every BERT that Google published
_OURS = (  # beginning of a name in the checkpoint -> in our model
    ("bert.", "encoder."),
    ("attn.input_linear.", "attention.of_token."),
    ("attn.memory_linear.", "attention.of_memory."),
    ("attn.dot_scale", "attention.scale"),
    ("linear_1.", "join."),
    ("linear_2.", "score."),
    ("linear_3.", "value."),
    ("image_linear.", "picture."),
)
_UNUSED = re.compile(r"bert\.pooler\.|bert\.embeddings\.(position_ids|token_type_ids)$")  # read by nothing in it either
_FAULTS = (OSError, EOFError, RuntimeError, ValueError, TypeError, KeyError, UnpicklingError, SafetensorError)


@dataclass(frozen=True)
class Conversion:
    """What became of a checkpoint's weights; names are the checkpoint's, those of ``missing`` the model's.

    Attributes:
        matched: how many were taken over.
        unused: left out because neither model reads them.
        unmatched: without a place in the model.
        other_shape: name, shape there and shape here.
        missing: weights of the model that the checkpoint lacks; they are random.
    """

    matched: int
    unused: tuple[str, ...]
    unmatched: tuple[str, ...]
    other_shape: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every weight was taken over or is not needed."""
        return not (self.unmatched or self.other_shape or self.missing)

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}


def our_name(name: str) -> str | None:
    """What a weight of the checkpoint is called in :class:`BiAttentionModel`, or None."""
    return next((ours + name[len(theirs) :] for theirs, ours in _OURS if name.startswith(theirs)), None)


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """The weights in a checkpoint.

    Raises:
        PolicyError: the file cannot be read, holds code, or is not a state of a model.
    """
    state = read_pickled(path, PolicyError)
    if not isinstance(state, Mapping) or not all(isinstance(weight, torch.Tensor) for weight in state.values()):
        raise PolicyError(f"{path}: not a model's state_dict(). Give choice_il_epoch9.pth.")
    check_finite(state, path, PolicyError)
    return dict(state)


def bert_config(state: Mapping[str, torch.Tensor], heads: int | None = None) -> BertConfig:
    """The BERT a checkpoint holds, by the shapes of its weights; heads, which leave no trace, are ``HEAD`` wide.

    Raises:
        PolicyError: it holds no BERT, or the heads do not divide its width.
    """
    layers = {int(match[1]) for name in state if (match := re.match(r"bert\.encoder\.layer\.(\d+)\.", name))}
    try:
        rows, width = state["bert.embeddings.word_embeddings.weight"].shape
        places = len(state["bert.embeddings.position_embeddings.weight"])
        kinds = len(state["bert.embeddings.token_type_embeddings.weight"])
        inner = len(state["bert.encoder.layer.0.intermediate.dense.weight"])
    except (KeyError, ValueError) as error:
        raise PolicyError(f"Not WebShop's choice model: {error} is missing or of another shape.") from error
    heads = heads if heads is not None else max(1, width // HEAD)
    if heads < 1 or width % heads:
        raise PolicyError(f"{heads} attention heads do not divide a width of {width}. Give another number of heads.")
    return BertConfig(
        vocab_size=rows,
        hidden_size=width,
        num_hidden_layers=len(layers),
        num_attention_heads=heads,
        intermediate_size=inner,
        max_position_embeddings=places,
        type_vocab_size=kinds,
    )


def convert_choice(
    path: Path, tokenizer: str = DEFAULT, heads: int | None = None, strategy: QueryStrategy = "instruction"
) -> tuple[BiAttentionPolicy, Conversion]:
    """Read ``choice_il_epoch9.pth``.

    Args:
        path: the checkpoint.
        tokenizer: the encoder whose tokenizer is taken; the default's has the words of ``bert-base-uncased``.
        heads: attention heads of its BERT; the width divided by ``HEAD`` where left out.
        strategy: the searches the policy may make.

    Returns:
        The policy, and what became of each weight; the policy is to be used only if the conversion is complete, or
        knowingly in part.

    Raises:
        PolicyError: the checkpoint cannot be read, or the tokenizer is not its BERT's.
        BackboneError: the tokenizer's model cannot be loaded.
    """
    state = read_state(path)
    config = bert_config(state, heads)
    words = with_buttons(read_encoder(tokenizer)[1])
    if len(words) != config.vocab_size:
        raise PolicyError(
            f"{path}: its BERT knows {config.vocab_size} tokens, {tokenizer} with the four button marks {len(words)}. "
            "Give the model it was trained from as tokenizer."
        )
    places = config.max_position_embeddings
    settings = BiAttentionConfig(
        tokenizer,
        config.to_dict(),
        page_tokens=min(512, places),
        action_tokens=min(128, places),
        image="image_linear.weight" in state,
    )
    with torch.random.fork_rng(devices=[]):  # weights that the checkpoint lacks are the same each time
        torch.manual_seed(0)
        model = BiAttentionModel(settings)
    return BiAttentionPolicy(model.eval(), words, strategy, path.stem), _fill(model, state)


def _fill(model: BiAttentionModel, state: Mapping[str, torch.Tensor]) -> Conversion:
    """Take over what fits."""
    own = model.state_dict()
    taken: dict[str, torch.Tensor] = {}
    unused, unmatched, other_shape = [], [], []
    for name, weight in sorted(state.items()):
        ours = our_name(name)
        if _UNUSED.match(name):
            unused.append(name)
        elif ours not in own:
            unmatched.append(name)
        elif own[ours].shape != weight.shape:
            other_shape.append(f"{name} {tuple(weight.shape)} {tuple(own[ours].shape)}")
            own.pop(ours)
        else:
            taken[ours] = weight
    model.load_state_dict(taken, strict=False)
    missing = sorted(own.keys() - taken.keys())
    return Conversion(len(taken), tuple(unused), tuple(unmatched), tuple(other_shape), tuple(missing))


def convert_search(folder: Path, tokenizer: str | None = None) -> tuple[QueryPolicy, Conversion]:
    """Read the search model's folder, with ``model.safetensors`` or ``pytorch_model.bin``.

    Args:
        folder: as Transformers saves a sequence-to-sequence model.
        tokenizer: hub id or folder of its tokenizer, where the folder has none.

    Raises:
        PolicyError: the folder is not of that form.
    """
    try:
        with torch.random.fork_rng(devices=[]):  # weights that a checkpoint lacks are drawn
            torch.manual_seed(0)
            model, loading = read_network(
                AutoModelForSeq2SeqLM,
                str(folder),
                PolicyError,
                local_files_only=True,
                use_safetensors=None,  # the published folder holds a pickle, of which only tensors are read
                weights_only=True,
                output_loading_info=True,
            )
        words = read_tokenizer_of(tokenizer or str(folder), PolicyError)  # without words where the folder has none
    except _FAULTS as error:
        raise PolicyError(
            f"{folder}: cannot be loaded as a sequence-to-sequence model ({_line(error)}). "
            "Give the unpacked folder of search_il_checkpoints_800.zip, and a tokenizer that can be found."
        ) from error
    check_finite(model.state_dict(), folder, PolicyError)
    rows = model.get_input_embeddings().num_embeddings
    if words.pad_token_id is None or len(words) != rows:
        raise PolicyError(
            f"{folder}: the model knows {rows} tokens, {tokenizer or 'its folder'} {len(words)}. "
            "Give its own tokenizer; WebShop's is facebook/bart-large."
        )
    missing, unmatched = sorted(loading["missing_keys"]), sorted(loading["unexpected_keys"])
    report = Conversion(len(model.state_dict()) - len(missing), (), tuple(unmatched), (), tuple(missing))
    return QueryPolicy(Seq2Seq(model.eval(), words), folder.name), report


def _line(error: BaseException) -> str:
    """The first line of an error, or its name where it has none."""
    lines = str(error).splitlines()
    return lines[0][:200] if lines else type(error).__name__
