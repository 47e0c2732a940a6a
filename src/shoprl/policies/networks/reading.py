"""Loads a network and all its weights from a folder."""

from pathlib import Path
from typing import Any, TypeVar

import torch
from transformers import PreTrainedModel
from transformers.utils import logging as transformers_logging

from shoprl.errors import PolicyError

Model = TypeVar("Model", bound=PreTrainedModel)


def read_model(kind: type[Model], folder: Path) -> Model:
    """Load a network, in evaluation mode.

    Args:
        kind: its class.
        folder: with ``config.json`` and ``model.safetensors``.

    Raises:
        PolicyError: it cannot be loaded, or lacks weights.
    """
    transformers_logging.disable_progress_bar()
    try:
        with torch.random.fork_rng(devices=[]):  # constructors initialise weights that are then replaced
            loaded: Any = kind.from_pretrained(folder, use_safetensors=True, output_loading_info=True)
    except Exception as error:  # inconsistent sizes may raise any exception
        raise PolicyError(f"{folder}: cannot be loaded ({error}). Train it again with this version.") from error
    model, missing = loaded[0], loaded[1]["missing_keys"]
    if missing:
        raise PolicyError(f"{folder}: lacks the weights {sorted(missing)[:3]}. Train it again.")
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data = tensor.data.clone()  # a memory-mapped file is not aligned, which changes last bits of products
    ready: Model = model.eval()
    return ready
