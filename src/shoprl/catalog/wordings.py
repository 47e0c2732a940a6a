"""Writes attributes and synthetic instructions in the form of WebShop's ``items_ins_v2.json``."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from shoprl.catalog.kinds import kind_of
from shoprl.catalog.phrasing import find_me
from shoprl.catalog.product import Product
from shoprl.files import write_atomic

MOST_ASKED = 3  # attributes of an instruction


def wording(product: Product, attributes: tuple[str, ...]) -> dict[str, object]:
    """A product's entry: its attributes, and an instruction that asks for the first of them."""
    if not attributes:
        return {"attributes": []}
    text, asked = find_me(kind_of(product), attributes[:MOST_ASKED])
    return {"attributes": list(attributes), "instruction": text, "instruction_attributes": list(asked)}


def write_wordings(path: Path, mined: Iterable[tuple[Product, tuple[str, ...]]]) -> int:
    """Write the entries of products as they come, atomically.

    Returns:
        How many attributes there are.

    Raises:
        StorageError: the file cannot be written.
    """
    count = 0

    def write(stream: IO[bytes]) -> None:
        nonlocal count
        lead = "{"
        for product, attributes in mined:
            entry = json.dumps(wording(product, attributes), ensure_ascii=False)
            stream.write(f"{lead}\n{json.dumps(product.asin)}: {entry}".encode(errors="replace"))
            lead, count = ",", count + len(attributes)
        stream.write(b"{}\n" if lead == "{" else b"\n}\n")

    write_atomic(path, write)
    return count
