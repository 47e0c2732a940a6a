"""Loads causal language models as policies, by a name such as ``lm:Qwen/Qwen2.5-0.5B`` or ``chat:FOLDER``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from shoprl.errors import PolicyError
from shoprl.policies.causal.lora import base_of, is_adapter, with_adapter
from shoprl.policies.causal.policy import LanguagePolicy
from shoprl.policies.networks.pretrained import read_network, read_tokenizer_of
from shoprl.policies.networks.weights import check_finite
from shoprl.policies.packaged import CHAT, PLAIN


def load_language_policy(name: str, backbone: str | Sequence[str] = ()) -> LanguagePolicy:
    """Load a policy from its name.

    Args:
        name: ``lm:`` (prompts as plain texts) or ``chat:`` (under the model's chat template), and a hub id, a local
            folder with a model, or a local folder with a LoRA adapter.
        backbone: the model that an adapter was trained on, a hub id or folder; of several the one that the adapter
            names. An adapter's files never say where its model is loaded from.

    Raises:
        PolicyError: the model, its tokenizer or the adapter cannot be loaded or do not fit together, weights are
            missing or no safetensors, the model is not causal, or has no chat template where one is asked for.
    """
    prefix, source = name[: name.index(":") + 1], name.partition(":")[2]
    if prefix not in (PLAIN, CHAT) or not source:
        raise PolicyError(f"{name}: give {PLAIN} or {CHAT} and a hub id or a folder, as in {PLAIN}Qwen/Qwen2.5-0.5B.")
    folder = Path(source)
    if not is_adapter(folder):
        return LanguagePolicy(*read_causal(source), name, chat=prefix == CHAT)
    model, tokenizer = read_causal(_named(folder, [backbone] if isinstance(backbone, str) else list(backbone)))
    return LanguagePolicy(with_adapter(model, folder).eval(), tokenizer, name, chat=prefix == CHAT)


def _named(folder: Path, backbones: Sequence[str]) -> str:
    """The one among the models that the user named which an adapter was trained on."""
    own = base_of(folder)
    if len(backbones) == 1 or own in backbones:
        return own if own in backbones else backbones[0]
    raise PolicyError(
        f"{folder}: an adapter of the model {own[:200]!r}, which is loaded only if you name it yourself. If you trust "
        "it, give its hub id or folder as `backbone`."
    )


def read_causal(source: str) -> tuple[Any, Any]:
    """Load a causal language model, in evaluation mode, and its tokenizer.

    Args:
        source: a hub id, or a local folder with ``config.json``, safetensors and a tokenizer.

    Raises:
        PolicyError: see :func:`load_language_policy`.
    """
    try:
        tokenizer = read_tokenizer_of(source, PolicyError)
        with torch.random.fork_rng(devices=[]):  # weights that a checkpoint lacks would be drawn
            model, info = read_network(AutoModelForCausalLM, source, PolicyError, output_loading_info=True)
    except PolicyError:
        raise
    except Exception as error:  # damaged files may raise any exception
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise PolicyError(
            f"{source}: cannot be loaded as a causal language model ({first[:300]}). Give a hub id, or a folder with "
            "config.json, safetensors and a tokenizer."
        ) from error
    if info["missing_keys"] or info["mismatched_keys"]:
        odd = str(next(iter([*info["missing_keys"], *info["mismatched_keys"]])))
        raise PolicyError(f"{source}: lacks weights of a causal language model, such as {odd[:200]}. Use another one.")
    check_finite(model.state_dict(), source, PolicyError)
    model.requires_grad_(False).eval()
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        raise PolicyError(f"{source}: its tokenizer has more tokens than the model. Use its own.")
    if not _is_causal(model):
        raise PolicyError(f"{source}: reads texts in both directions, and so writes none. Use a causal language model.")
    return model, tokenizer


@torch.inference_mode()
def _is_causal(model: Any) -> bool:
    """Whether what follows a token leaves its logits as they are, as it does not in a BERT."""
    ids = torch.tensor([[0, 0, 0], [0, 1, 1]], device=model.device)
    first, other = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[:, 0].float()
    return torch.allclose(first, other, rtol=1e-3, atol=1e-3)
