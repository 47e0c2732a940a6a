"""The one place where Transformers loads anything: no code of a model's own is run, and nobody is asked whether to.

A test finds calls of ``from_pretrained`` and ``from_config`` elsewhere, and any without ``trust_remote_code=False``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging
from transformers.utils.hub import cached_file

from shoprl.errors import BackboneError, ShopRLError
from shoprl.policies.networks.limits import check_encoder, check_file
from shoprl.reading import read_json

CONFIGS = ("config.json", "tokenizer_config.json", "generation_config.json")
ADAPTER = "adapter_config.json"  # by which other weights are loaded in place of the folder's
OF_TRAININGS = ("optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin")  # beside a model; never opened


def read_network(kind: Any, name: str, error: type[ShopRLError] = BackboneError, **settings: Any) -> Any:
    """Load a network in float32 from safetensors alone.

    Args:
        kind: a class of Transformers with ``from_pretrained``.
        name: a hub id or a local folder.
        error: the class of what is raised for files that are not used.
        settings: of ``from_pretrained``; ``use_safetensors=None`` also takes a pickle of tensors.

    Raises:
        ShopRLError: of class ``error``; a file is not plain or too large, or has code or files from elsewhere loaded.
    """
    settings = {"use_safetensors": True, "dtype": torch.float32, **settings}
    return _load(kind, name, error, settings)


def read_tokenizer_of(name: str, error: type[ShopRLError] = BackboneError) -> Any:
    """Load the tokenizer of a model; see :func:`read_network`."""
    return _load(AutoTokenizer, name, error, {})


def _load(kind: Any, name: str, error: type[ShopRLError], settings: Mapping[str, Any]) -> Any:
    transformers_logging.disable_progress_bar()
    _check(name, error)
    return kind.from_pretrained(name, trust_remote_code=False, **settings)


def filled(kind: Any, config: Any, weights: Mapping[str, torch.Tensor]) -> Any:
    """A network of a class and configuration with given weights; no file is read."""
    transformers_logging.disable_progress_bar()
    given = {"config": config, "state_dict": dict(weights), "dtype": torch.float32}
    return kind.from_pretrained(None, trust_remote_code=False, **given)


def new_encoder(config: Mapping[str, Any], kind: Any = AutoModel) -> Any:
    """An encoder with new weights, of a class that comes with Transformers."""
    return kind.from_config(AutoConfig.for_model(**config), trust_remote_code=False)


def _check(name: str, error: type[ShopRLError]) -> None:
    """Look at a model's files before Transformers does; of a hub id only at those that say what else is loaded."""
    folder = Path(name)
    local = folder.is_dir()
    if local:
        for file in folder.iterdir():
            if not file.is_dir() and file.name not in OF_TRAININGS:
                check_file(file, error)
    adapter: Path | None = folder / ADAPTER if local else _from_hub(name, ADAPTER)
    if adapter is not None and adapter.exists():
        raise error(f"{folder / ADAPTER}: adapters are not loaded. Merge it into the model.")
    for each in CONFIGS:
        path: Path | None = folder / each if local else _from_hub(name, each)
        if path is not None and path.is_file():
            if not local:  # whose files were all looked at
                check_file(path, error)
            check_encoder(read_json(path, error), path if local else f"{name}/{each}", error)


def _from_hub(name: str, file: str) -> Path | None:
    try:
        found = cached_file(name, file)
    except (OSError, ValueError):  # not there, or not reached: loading says so
        return None
    return None if found is None else Path(found)
