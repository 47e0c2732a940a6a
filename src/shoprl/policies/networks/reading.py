"""Loads a network and all its weights from a folder."""

from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from shoprl.errors import PolicyError
from shoprl.policies.networks.limits import check_file, check_network
from shoprl.policies.networks.weights import check_shapes, read_tensors
from shoprl.reading import read_json

Model = TypeVar("Model", bound=nn.Module)


def read_model(kind: type[Model], folder: Path) -> Model:
    """Load a network, in evaluation mode, from ``config.json`` and ``model.safetensors``; no other file is opened.

    Args:
        kind: its class, with a configuration class of this package: of Transformers, or one that is made alike.
        folder: of the two files.

    Raises:
        PolicyError: it cannot be loaded, its configuration is out of bounds, or its weights are not those that the
            configuration describes.
    """
    check_file(folder / "config.json")
    row = read_json(folder / "config.json", PolicyError)
    settings: Any = kind.config_class  # type: ignore[attr-defined]
    check_network(row, settings.model_type, signature(settings).parameters.keys(), folder)
    weights, _ = read_tensors(folder / "model.safetensors", PolicyError)
    try:
        config = settings.from_dict(row)
    except Exception as error:  # inconsistent values may raise any exception
        raise PolicyError(f"{folder}: cannot be loaded ({error}). Train it again with this version.") from error
    check_shapes(weights, lambda: kind(config), folder)
    try:
        with torch.random.fork_rng(devices=[]):  # constructors initialise weights that are then replaced
            model = _filled(kind, config, weights)
    except Exception as error:  # so may sizes
        raise PolicyError(f"{folder}: cannot be loaded ({error}). Train it again with this version.") from error
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data = tensor.data.clone()  # a memory-mapped file is not aligned, which changes last bits of products
    return model.eval()


def _filled(kind: type[Model], config: Any, weights: Mapping[str, torch.Tensor]) -> Model:
    if hasattr(kind, "from_pretrained"):
        from shoprl.policies.networks.pretrained import filled  # Transformers, which other networks need not wait for

        made: Model = filled(kind, config, weights)
    else:
        (made := kind(config)).load_state_dict(weights)
    return made
