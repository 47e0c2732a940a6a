"""The one place where a pickle is opened: files that WebShop published, with ``weights_only=True``."""

import zipfile
from pathlib import Path
from typing import Any

import torch

from shoprl.errors import ShopRLError


def read_pickled(path: Path, error: type[ShopRLError]) -> Any:
    """Tensors, numbers and texts in a file that ``torch.save`` wrote; tensors stay on disk until they are looked at.

    Raises:
        ShopRLError: as ``error``: the file cannot be read, or holds something else, which is not run.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as cause:  # a broken pickle raises anything
        lines = str(cause).splitlines() or [type(cause).__name__]
        raise error(f"{path}: cannot be read as tensors ({lines[0][:200]}). Fetch the file again.") from cause
