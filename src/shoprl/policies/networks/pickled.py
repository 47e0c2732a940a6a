"""The only place where pickles are loaded: files published by WebShop, with ``weights_only=True``."""

import zipfile
from pathlib import Path
from typing import Any

import torch

from shoprl.errors import ShopRLError
from shoprl.reading import opened


def read_pickled(path: Path, error: type[ShopRLError]) -> Any:
    """Load tensors, numbers and texts from a file of ``torch.save``; tensors are memory-mapped.

    Raises:
        ShopRLError: of class ``error``; the file cannot be read, or holds other objects, which are not executed.
    """
    with opened(path, error):  # a pipe would be waited for
        pass
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as cause:  # a broken pickle may raise any exception
        lines = str(cause).splitlines() or [type(cause).__name__]
        raise error(f"{path}: cannot be read as tensors ({lines[0][:200]}). Fetch the file again.") from cause
