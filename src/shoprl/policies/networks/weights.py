"""The one place where weights are read: safetensors, of the expected shapes, of finite numbers."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from shoprl.errors import PolicyError, ShopRLError
from shoprl.policies.networks.limits import MEGABYTE, check_file

MOST_HEADER = 64 * MEGABYTE  # names, shapes and metadata, which are read at once; texts of token states are in them

Tensors = dict[str, torch.Tensor]


def read_tensors(
    path: Path, error: type[ShopRLError], what: str = "a safetensors file", advice: str = "Copy or make it again."
) -> tuple[Tensors, dict[str, str]]:
    """The tensors of a safetensors file, memory-mapped, and its metadata.

    Args:
        path: the file.
        error: the class of what is raised.
        what: it should be, for messages.
        advice: what to do if it is not.

    Raises:
        ShopRLError: of class ``error``; it is not such a file, or a tensor holds a number that is not finite.
    """
    check_file(path, error)
    try:
        with path.open("rb") as stream:
            header = int.from_bytes(stream.read(8), "little")
        if header > MOST_HEADER:
            raise error(f"{path}: not {what} (its header has {header} bytes). {advice}")
        with safe_open(str(path), framework="pt") as stored:
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118  (not a mapping)
            metadata = dict(stored.metadata() or {})
    except (OSError, SafetensorError, RuntimeError, ValueError, TypeError, KeyError, AttributeError) as cause:
        raise error(f"{path}: not {what} ({str(cause)[:200]}). {advice}") from cause
    check_finite(tensors, path, error, advice)
    return tensors, metadata


def check_finite(
    tensors: Mapping[str, torch.Tensor],
    where: Path | str,
    error: type[ShopRLError],
    advice: str = "Use the file as it was saved.",
) -> None:
    """Check that numbers are real and finite, in one pass that allocates nothing.

    Args:
        tensors: by name.
        where: they are from, for messages.
        error: the class of what is raised.
        advice: what to do if they are not.

    Raises:
        ShopRLError: of class ``error``; the message names the tensor.
    """
    for name, tensor in tensors.items():
        if tensor.is_complex():
            raise error(f"{where}: tensor {name[:80]!r} holds complex numbers. {advice}")
        if not tensor.is_floating_point() or tensor.numel() == 0:
            continue
        # Both ends are NaN where any number is.
        if not all(map(torch.isfinite, torch.aminmax(tensor.detach()))):
            raise error(f"{where}: tensor {name[:80]!r} holds NaN or infinity. {advice}")


def check_shapes(tensors: Mapping[str, torch.Tensor], build: Callable[[], nn.Module], folder: Path) -> None:
    """Compare tensors with the network that a configuration describes, which is built without memory for its weights.

    Args:
        tensors: by name.
        build: makes the network.
        folder: for messages.

    Raises:
        PolicyError: a tensor is missing, unknown, or of another shape or type.
    """
    try:
        with torch.device("meta"), torch.random.fork_rng(devices=[]):
            wanted = build().state_dict(keep_vars=True)
    except Exception as error:  # inconsistent sizes may raise any exception
        raise PolicyError(f"{folder}: cannot be loaded ({error}). Train it again with this version.") from error
    unknown = sorted(tensors.keys() - wanted.keys())
    if unknown:
        raise PolicyError(f"{folder}: has unknown weights {unknown[:3]}. Use the folder as it was saved.")
    held = {id(wanted[name]) for name in tensors}  # of tied weights one is saved
    missing = sorted(name for name, weight in wanted.items() if id(weight) not in held)
    if missing:
        raise PolicyError(f"{folder}: lacks the weights {missing[:3]}. Train it again.")
    for name, tensor in tensors.items():
        own = wanted[name]
        kind = torch.float32 if own.is_floating_point() else own.dtype
        if (tensor.shape, tensor.dtype) != (own.shape, kind):
            raise PolicyError(
                f"{folder}: cannot be loaded: weight {name!r} is {tuple(tensor.shape)} of {tensor.dtype}, the "
                f"configuration says {tuple(own.shape)} of {kind}. Use the folder as it was saved."
            )
