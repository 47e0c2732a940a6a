"""LoRA adapters of language models: read from their folder and merged into the model they were trained on.

An adapter's files say neither where its model is loaded from nor what else is imported: of its configuration only the
fields below are used, and its weights are safetensors. ``peft`` computes the rest.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from shoprl.errors import PolicyError
from shoprl.policies.networks.limits import check_encoder, check_file
from shoprl.policies.networks.pretrained import ADAPTER
from shoprl.policies.networks.weights import read_tensors
from shoprl.reading import read_json

WEIGHTS = "adapter_model.safetensors"
MOST_RANK = 4_096
_NAMES = ("target_modules", "modules_to_save")  # lists of parts of the model
_USED = ("r", "lora_alpha", "fan_in_fan_out", "use_rslora", "use_dora", "layers_to_transform", *_NAMES)
# What other fields hold where they change nothing once the weights are there: how the training began, and notes.
_NOTES = (
    *("peft_type", "task_type", "base_model_name_or_path", "revision", "peft_version", "inference_mode"),
    *("lora_dropout", "megatron_core", "qalora_group_size", "layers_pattern"),
    "auto_mapping",  # names a class; as of the others, nothing is loaded by it
)
_STARTS = (None, True, False, "gaussian", "orthogonal")  # of the weights, none of which changes the model's own


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter rather than a model."""
    return (folder / ADAPTER).is_file()


def base_of(folder: Path) -> str:
    """What an adapter calls the model that it was trained on, for messages and to tell several named ones apart.

    Raises:
        PolicyError: its configuration cannot be read.
    """
    return str(_config(folder).get("base_model_name_or_path"))


def with_adapter(model: Any, folder: Path) -> Any:
    """A model with an adapter merged into its weights.

    Args:
        model: the model that the adapter was trained on; it is changed.
        folder: of the adapter.

    Raises:
        PolicyError: ``peft`` is not installed; the adapter is none of LoRA, uses what is not supported, or does not
            fit the model.
    """
    try:
        from peft import LoraConfig, get_peft_model, set_peft_model_state_dict
    except ModuleNotFoundError as error:
        raise PolicyError(f"{folder}: adapters need peft. Run `pip install 'shoprl[lora]'`.") from error
    settings = _settings(_config(folder), folder)
    tensors, _ = read_tensors(folder / WEIGHTS, PolicyError)
    try:
        with torch.random.fork_rng(devices=[]):  # new weights are drawn before the adapter's replace them
            wrapped = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **settings))
        left: Any = set_peft_model_state_dict(wrapped, tensors)
    except Exception as error:  # what does not fit the model may raise any exception
        first = (str(error).splitlines() or [type(error).__name__])[0][:300]
        raise PolicyError(f"{folder}: does not fit the model ({first}). Name the model it was trained on.") from error
    missing = [name for name in left.missing_keys if "lora_" in name or "modules_to_save" in name]
    if left.unexpected_keys or missing:
        odd = [*left.unexpected_keys, *missing][0]
        raise PolicyError(f"{folder}: does not fit the model (at {odd}). Name the model it was trained on.")
    return wrapped.merge_and_unload()


def _config(folder: Path) -> Mapping[str, Any]:
    check_file(folder / ADAPTER)
    row = read_json(folder / ADAPTER, PolicyError)
    check_encoder(row, folder / ADAPTER, PolicyError)
    found: Mapping[str, Any] = row
    return found


def _settings(row: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The fields that are used, checked; every other one must be empty or harmless."""
    if row.get("peft_type") != "LORA":
        raise PolicyError(f"{folder}: an adapter of the kind {str(row.get('peft_type'))[:40]!r}; only LORA is read.")
    used = {name: row[name] for name in _USED if row.get(name) is not None}
    odd = [name for name, value in row.items() if value and name not in (*_USED, *_NOTES, "init_lora_weights", "bias")]
    if row.get("init_lora_weights") not in _STARTS:
        odd.append("init_lora_weights")
    if row.get("bias", "none") != "none":
        odd.append("bias")
    for name in _NAMES:
        value = used.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            odd.append(name)  # a pattern
    rank, layers = used.get("r"), used.get("layers_to_transform", [])
    if type(rank) is not int or not 1 <= rank <= MOST_RANK:
        odd.append("r")
    if not isinstance(layers, list) or not all(type(each) is int for each in layers):
        odd.append("layers_to_transform")
    if odd:
        raise PolicyError(
            f"{folder / ADAPTER}: field {odd[0][:80]!r} holds what is not supported. Merge the adapter into its model "
            "with peft (merge_and_unload, save_pretrained), and give that folder."
        )
    return used
