"""How a data folder's prices are read: WebShop's rules, or plainer ones that its ``shop.json`` names."""

import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal, get_args, get_type_hints

from shoprl.errors import CatalogError
from shoprl.files import optional_file, write_json
from shoprl.reading import read_json

FILE = "shop.json"
_PRICE = r"\$?\s*(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?"
_PLAIN = re.compile(rf"\s*{_PRICE}\s*(?:-\s*{_PRICE}\s*)?")


@dataclass(frozen=True, slots=True)
class Rules:
    """What prices mean; the defaults are WebShop's, for its own files.

    Attributes:
        missing_price: a product without ``pricing`` costs $100 (``webshop``), or nobody knows what (``unknown``).
        prices: commas and stray signs are left out, so that "41,75" is 4175 (``webshop``), or they are a fault of their
            product where they are no thousands' commas (``strict``).
    """

    missing_price: Literal["webshop", "unknown"] = "webshop"
    prices: Literal["webshop", "strict"] = "webshop"

    def allow(self, pricing: str) -> bool:
        """Whether the text of a price may be read."""
        return self.prices == "webshop" or not pricing or _PLAIN.fullmatch(pricing) is not None


def read_rules(folder: Path) -> Rules:
    """The rules of a data folder; WebShop's where it holds no ``shop.json``.

    Raises:
        CatalogError: the file is malformed, or names an unknown rule.
    """
    path = optional_file(folder / FILE, CatalogError)
    if path is None:
        return Rules()
    row = read_json(path, CatalogError)
    if not isinstance(row, dict):
        raise CatalogError(f"{path}: expected an object such as {asdict(Rules())}. Fix or remove it.")
    choices = get_type_hints(Rules)
    known = [item.name for item in fields(Rules)]
    for name, value in row.items():
        if name not in known:
            raise CatalogError(f"{path}: field {name!r} is unknown. Use {' and '.join(known)}.")
        if value not in get_args(choices[name]):
            allowed = " or ".join(map(repr, get_args(choices[name])))
            raise CatalogError(f"{path}: field {name!r} must be {allowed}, found {value!r:.40}.")
    return Rules(**row)


def write_rules(folder: Path, rules: Rules) -> None:
    """Write the ``shop.json`` of a data folder, atomically."""
    write_json(folder / FILE, asdict(rules))
