"""Progress bars, on stderr only, so that stdout stays one JSON document or one table."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from tqdm import tqdm

from shoprl.terminal import raw, shown

T = TypeVar("T")
# Of several processes that train together the first alone has bars.
SILENT = os.environ.get("WORLD_SIZE", "1") != "1" and os.environ.get("RANK", "0") != "0"


def bar(total: int, what: str, unit: str = "it", hidden: bool = False) -> "tqdm[Any]":
    """A bar of ``total`` units that the caller updates (a context manager); ``hidden`` inside another one."""
    return tqdm(
        disable=hidden or SILENT,
        total=total,
        desc=shown(what),
        unit=unit,
        unit_scale=unit == "B",
        file=raw(sys.stderr),
        delay=1.0,
        mininterval=0.5,
        dynamic_ncols=True,
    )


def track(items: Iterable[T], what: str, total: int | None = None, unit: str = "it") -> Iterator[T]:
    """Iterate over ``items`` with a bar that appears after a second."""
    return iter(
        tqdm(
            items,
            disable=SILENT,
            desc=shown(what),
            total=total,
            unit=unit,
            file=raw(sys.stderr),
            delay=1.0,
            mininterval=0.5,
            dynamic_ncols=True,
        )
    )
