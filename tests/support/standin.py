"""A second device for machines without a GPU: tensors that hold values, are computed on the CPU, and call themselves
tensors of ``meta``, with the rule of every real device that its tensors meet no others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

DEVICE = torch.device("meta")
COPIES = (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)
SEQUENCES = (torch.ops.aten._pack_padded_sequence.default, torch.ops.aten._pad_packed_sequence.default)


class There(torch.Tensor):
    """A tensor on the stand-in device."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> "There":
        return torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined, no-any-return]
            cls, inner.shape, inner.stride(), inner.storage_offset(), dtype=inner.dtype, device=DEVICE
        )

    def __init__(self, inner: torch.Tensor) -> None:
        self.inner = inner

    def __repr__(self) -> str:  # type: ignore[override]
        return f"There({self.inner})"

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _computed(func, args, kwargs or {})


def _computed(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor)]
    inside = any(isinstance(each, There) for each in tensors)
    device = kwargs.get("device")
    if inside and func not in COPIES + SEQUENCES:  # a sequence's lengths are on the CPU wherever its tensors are
        others = [each for each in tensors if not isinstance(each, There) and each.dim() > 0]
        if others:
            raise RuntimeError(f"{func}: tensors on two devices")
    args, kwargs = tree_map_only(There, lambda each: each.inner, (args, kwargs))
    if device is not None:
        kwargs["device"] = torch.device("cpu")
    found = func(*args, **kwargs)
    there = inside if device is None else torch.device(device) == DEVICE
    if func is torch.ops.aten.copy_.default:
        return tensors[0]
    if inside and func in SEQUENCES:
        return There(found[0]), found[1]
    return tree_map_only(torch.Tensor, There, found) if there else found


class _Standin(TorchDispatchMode):
    """Sends what is created on the stand-in device there."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _computed(func, args, kwargs or {})


def _without_gradients(mode: Any) -> None:
    mode._inference_mode_context = torch.no_grad()
    mode._inference_mode_context.__enter__()


@contextmanager
def standin() -> Iterator[torch.device]:
    """Tensors may be created on the device inside; inference mode, which such tensors do not know, is ``no_grad``."""
    with _Standin(), patch.object(torch.inference_mode, "__enter__", _without_gradients):
        yield DEVICE
