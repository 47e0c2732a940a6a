"""Reads a catalogue from a data folder in WebShop's file formats."""

import hashlib
import logging
import math
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.product import Product, Request
from shoprl.catalog.records import StoredMapping
from shoprl.catalog.rules import Rules, read_rules
from shoprl.errors import CatalogError
from shoprl.json_stream import JsonArray, Position, iter_object
from shoprl.progress import track

log = logging.getLogger(__name__)

MAX_ASIN = 10
MAX_TITLE = 2_000  # characters
MAX_TEXT = 100_000  # characters of a description, or of all bullet points together
MAX_OPTION = 500  # characters of an option's name or value
MAX_OPTIONS = 1_000  # values of one product
PRODUCTS, INSTRUCTIONS = "items_shuffle*.json", "items_ins_v2*.json"
DEFAULT_PRICE = 100.0  # WebShop's price where a product names none


class _FaultError(Exception):
    """A fault of one product, in its ``field``; ``asin`` where that is in another file than the product."""

    def __init__(self, field: str, what: str, asin: str = "") -> None:
        super().__init__(f"field {field!r} {what}{f' (ASIN {asin})' if asin else ''}")
        self.kind = f"{field!r} {what}"


@dataclass(frozen=True)
class _Extras:
    """The files beside the products file, by ASIN, and how prices are read."""

    instructions: Mapping[str, Any] = field(default_factory=dict)
    human: Mapping[str, Any] = field(default_factory=dict)
    prices: Mapping[str, Any] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)


def _one_file(folder: Path, pattern: str) -> Path | None:
    paths = sorted(path for path in folder.iterdir() if fnmatchcase(path.name, pattern))  # links to nowhere too
    if len(paths) > 1:
        names = ", ".join(path.name for path in paths)
        raise CatalogError(
            f"{folder}: more than one {pattern} ({names}). Keep the one you mean, or name the products file."
        )
    return paths[0] if paths else None


def folder_and_products(data: Path) -> tuple[Path, Path | None]:
    """The data folder, and the ``items_shuffle*.json`` in it that was named in its place.

    A file that is the only one stands for its folder. Of several, as after WebShop's ``setup.sh -d all``, each has its
    attributes and instructions beside it, in the ``items_ins_v2*.json`` that is named alike, else in
    ``items_ins_v2.json``.
    """
    if not fnmatchcase(data.name, PRODUCTS) or not data.is_file():
        return data, None
    several = sum(fnmatchcase(path.name, PRODUCTS) for path in data.parent.iterdir()) > 1
    return data.parent, data if several else None


def instructions_file(folder: Path, products: Path | None = None) -> Path | None:
    """The ``items_ins_v2*.json`` that is read with a products file; see :func:`folder_and_products`.

    Raises:
        CatalogError: there are several, and none is the one.
    """
    if products is None:
        return _one_file(folder, INSTRUCTIONS)
    alike = folder / products.name.replace("items_shuffle", "items_ins_v2", 1)
    whole = folder / "items_ins_v2.json"
    if not any(fnmatchcase(path.name, INSTRUCTIONS) for path in folder.iterdir()):
        return None
    if not alike.is_file() and not whole.is_file():
        raise CatalogError(f"{folder}: holds no {alike.name}, which goes with {products.name}. Put it there.")
    return alike if alike.is_file() else whole


def _in_memory(path: Path) -> Mapping[str, Any]:
    return dict(iter_object(path, CatalogError))


def stored_mapping(folder: Path, path: Path) -> Mapping[str, Any]:
    """A file from ASIN to values, copied below ``folder`` once and read from there: none of it stays in memory."""
    own = folder / path.name
    if not own.is_dir():
        part = folder / f"{path.name}.part"  # an unfinished copy is started again
        shutil.rmtree(part, ignore_errors=True)
        StoredMapping.copy(iter_object(path, CatalogError), part, longest=MAX_ASIN)
        part.rename(own)
    return StoredMapping(own)


_EXTRA_FILES = {"human": "items_human_ins.json", "prices": "prices.json"}


def _text(row: Mapping[str, Any], name: str, bound: int, default: str | None = None) -> str:
    value = row.get(name, default)
    if value is None:
        value = default
    if not isinstance(value, str):
        raise _FaultError(name, "is missing" if name not in row else "is not text")
    if len(value) > bound:
        raise _FaultError(name, f"is longer than {bound} characters")
    return value


def _asin(row: Mapping[str, Any]) -> str:
    asin = _text(row, "asin", 200).strip()
    if not asin or asin == "nan":
        raise _FaultError("asin", "is missing")
    if not asin.isprintable():
        raise _FaultError("asin", "holds control characters")
    if len(asin) > MAX_ASIN:  # WebShop leaves such products out
        raise _FaultError("asin", f"is longer than {MAX_ASIN} characters")
    return asin


def _bullets(row: Mapping[str, Any]) -> tuple[str, ...]:
    value = row.get("small_description", "")
    bullets = value if isinstance(value, list) else [value or ""]
    if not all(isinstance(bullet, str) for bullet in bullets):
        raise _FaultError("small_description", "is not a text or a list of texts")
    if sum(map(len, bullets)) > MAX_TEXT:
        raise _FaultError("small_description", f"is longer than {MAX_TEXT} characters")
    return tuple(bullets)


def _options(row: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    raw = row.get("customization_options") or {}
    if not isinstance(raw, dict):
        raise _FaultError("customization_options", "is not an object from name to values")
    options: dict[str, tuple[str, ...]] = {}
    for name, contents in raw.items():
        if contents is None:
            continue
        if not isinstance(contents, list) or len(name) > MAX_OPTION:
            raise _FaultError("customization_options", "holds something other than a list of values")
        values = []
        for content in contents:
            value = content.get("value") if isinstance(content, dict) else content
            if not isinstance(value, str):
                raise _FaultError("customization_options", "holds a value that is not text")
            if len(value) > MAX_OPTION:
                raise _FaultError("customization_options", f"holds a value longer than {MAX_OPTION} characters")
            values.append(value.strip().replace("/", " | ").lower())
        options[name.lower()] = tuple(values)
    if sum(map(len, options.values())) > MAX_OPTIONS:
        raise _FaultError("customization_options", f"holds more than {MAX_OPTIONS} values")
    return options


def parse_pricing(text: str) -> tuple[float, ...]:
    """One price, or the ends of a range, from a text such as ``$19.99 - $27.99``; WebShop's rule.

    Raises:
        ValueError: the text holds no price.
    """
    if not text:
        return (DEFAULT_PRICE,)
    parts = text.split("$")[1:] if "$" in text else [text]
    try:
        prices = tuple(float(Decimal(re.sub(r"[^\d.]", "", part))) for part in parts)[:2]
    except InvalidOperation as error:
        raise ValueError(f"not a price: {text!r}") from error
    if not all(map(math.isfinite, prices)):
        raise ValueError(f"not a price: {text!r}")
    return prices


def _amount(value: object) -> float:
    """A finite number of dollars from a JSON number; ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")
    try:
        amount = float(value)
    except OverflowError as error:
        raise ValueError("too large") from error
    if not math.isfinite(amount) or amount < 0:
        raise ValueError("not an amount")
    return amount


def _price(row: Mapping[str, Any], asin: str, extras: _Extras) -> tuple[float | None, str]:
    raw, frozen, rules = row.get("pricing"), extras.prices.get(asin), extras.rules
    if not raw and isinstance(raw, str | None) and rules.missing_price == "unknown":
        return None, ""
    if isinstance(raw, str) and not rules.allow(raw):
        raise _FaultError("pricing", "is not a price such as '$1,299.00' or '$12.99 - $24.99'")
    try:
        pricing = parse_pricing(raw or "") if isinstance(raw, str | None) else (_amount(raw),)
    except ValueError:
        pricing = ()
    if not pricing:
        raise _FaultError("pricing", "is not a price such as '$12.99' or '$12.99 - $24.99'")
    tag = f"${pricing[0]}" if len(pricing) == 1 else f"${pricing[0]} to ${pricing[1]}"
    if frozen is not None:
        try:
            return _amount(frozen), tag
        except ValueError as error:
            raise _FaultError("price in prices.json", "is not a number of dollars") from error
    if len(pricing) == 1:
        return pricing[0], tag
    # A price inside the range that depends on the ASIN alone is equal in every process and draws from no shared state.
    seed = int.from_bytes(hashlib.sha256(f"price:{asin}".encode()).digest()[:8])
    return float(np.random.default_rng(seed).uniform(min(pricing), max(pricing))), tag


def _strings(value: object, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _FaultError(name, "is not a list of texts")
    return tuple(value)


_SYNTHETIC = ("instruction", "instruction_attributes")
_HUMAN = (*_SYNTHETIC, "instruction_options")


def _check_fields(entry: object, asin: str, names: Sequence[str]) -> dict[str, Any]:
    """Refuse an entry of an ASIN's instructions that is no object or lacks fields, all of which are named."""
    if not isinstance(entry, dict):
        raise _FaultError("instructions of this ASIN", "are not in WebShop's form", asin)
    if missing := [name for name in names if name not in entry]:
        raise _FaultError("instructions of this ASIN", f"lack {' and '.join(map(repr, missing))}", asin)
    return entry


def _requests(asin: str, extras: _Extras) -> tuple[Request, ...]:
    requests = []
    synthetic = extras.instructions.get(asin, {})
    if synthetic.get("instruction"):
        synthetic = _check_fields(synthetic, asin, _SYNTHETIC)
        attributes = _strings(synthetic["instruction_attributes"], "instruction_attributes")
        requests.append(Request(_text(synthetic, "instruction", MAX_TITLE), attributes))
    for entry in extras.human.get(asin, ()):
        human = _check_fields(entry, asin, _HUMAN)
        attributes = _strings(human["instruction_attributes"], "instruction_attributes")
        options = _strings(human["instruction_options"], "instruction_options")
        requests.append(Request(_text(human, "instruction", MAX_TITLE), attributes, options))
    return tuple(request for request in requests if request.attributes)


def _product(row: object, extras: _Extras) -> Product:
    if not isinstance(row, dict):
        raise _FaultError("product", "is not an object")
    asin = _asin(row)
    attributes_row = extras.instructions.get(asin, {})
    if not isinstance(attributes_row, dict) or not isinstance(extras.human.get(asin, []), list):
        raise _FaultError("instructions of this ASIN", "are not in WebShop's form")
    price, tag = _price(row, asin, extras)
    images = row.get("images") or [""]
    return Product(
        asin=asin,
        title=_text(row, "name", MAX_TITLE),
        description=_text(row, "full_description", MAX_TEXT, ""),
        bullets=_bullets(row),
        category=_text(row, "category", MAX_TITLE, ""),
        query=_text(row, "query", MAX_TITLE, "").lower().strip(),
        product_category=_text(row, "product_category", MAX_TITLE, ""),
        price=price,
        price_tag=tag,
        options=_options(row),
        attributes=_strings(attributes_row.get("attributes", []), "attributes"),
        image=images[0] if isinstance(images, list) and isinstance(images[0], str) else "",
        requests=_requests(asin, extras),
    )


def products_file(folder: Path) -> Path:
    """The ``items_shuffle*.json`` of a data folder.

    Raises:
        CatalogError: there is none, or more than one.
    """
    if folder.is_file() and fnmatchcase(folder.name, PRODUCTS):
        raise CatalogError(f"{folder}: is a file. A store is built of a folder: give one that holds this file alone.")
    if folder.is_file():
        raise CatalogError(f"{folder}: is a file. Make a shop of a product feed with `shoprl catalog import`.")
    if not folder.is_dir():
        raise CatalogError(f"{folder}: no such file or folder. Give a shop, a data folder or a product feed.")
    path = _one_file(folder, PRODUCTS)
    if path is None:
        raise CatalogError(
            f"{folder}: holds no items_shuffle*.json. Put WebShop's files there, or make a catalogue with "
            "`shoprl catalog generate`."
        )
    return path


class ProductReader:
    """Reads the products of a data folder one by one; see :func:`read_catalog`.

    Args:
        folder: the data folder.
        strict: a product that cannot be used is an error; otherwise it is left out and counted in ``skipped``.
        open_mapping: reads a file from ASIN to values.
        start: ``position`` and ``number`` of an earlier reader, to continue from.
        products: the products file, where the folder holds several.

    Attributes:
        path: the products file.
        skipped: reason -> how many products were left out.
        number: entries read so far.

    Raises:
        CatalogError: a file is missing or malformed.
    """

    def __init__(
        self,
        folder: Path,
        strict: bool = False,
        open_mapping: Callable[[Path], Mapping[str, Any]] = _in_memory,
        start: tuple[Position, int] | None = None,
        products: Path | None = None,
    ) -> None:
        self.path, self.strict = products or products_file(folder), strict
        position, self.number = start or (None, 0)
        self.skipped: Counter[str] = Counter()
        self._asked_for = 0
        self._rows = JsonArray(self.path, CatalogError, position)
        paths = {name: _one_file(folder, pattern) for name, pattern in _EXTRA_FILES.items()}
        paths["instructions"] = instructions_file(folder, products)
        files = {name: open_mapping(path) for name, path in paths.items() if path}
        self._extras = _Extras(**files, rules=read_rules(folder))

    def position(self) -> Position:
        """The place in the products file behind the last product that was read."""
        return self._rows.position()

    def read(self, seen: set[str]) -> Iterator[Product]:
        """Yield the products whose ASIN is not among ``seen``, which they are added to."""
        for row in self._rows:
            self.number += 1
            try:
                product = _product(row, self._extras)
                if product.asin in seen:
                    raise _FaultError("asin", "occurs twice")
            except _FaultError as fault:
                if self.strict:
                    raise CatalogError(
                        f"{self.path}: product {self.number}: {fault}. Fix it, or read without strict to skip it."
                    ) from fault
                self.skipped[fault.kind] += 1
                self._asked_for += self._has_requests(row, fault)
                continue
            seen.add(product.asin)
            yield product

    def _has_requests(self, row: object, fault: _FaultError) -> bool:
        """Whether goals are missing that WebShop, which leaves out faulty ASINs alone, makes of a product."""
        asin = row.get("asin") if isinstance(row, dict) and not fault.kind.startswith("'asin'") else None
        return isinstance(asin, str) and any(asin.strip() in x for x in (self._extras.instructions, self._extras.human))

    def report(self, usable: int) -> None:
        """Log how many products were left out and why.

        Raises:
            CatalogError: no product is usable.
        """
        if not usable:
            reasons = ", ".join(f"{kind} ({count})" for kind, count in self.skipped.most_common(3))
            raise CatalogError(
                f"{self.path}: holds no usable product: {reasons or 'the list is empty'}. Fix the products in it."
            )
        for kind, count in self.skipped.items():
            log.warning("%s: %d products skipped: %s (strict names the first)", self.path.name, count, kind)
        if self._asked_for:
            text = "%s: %d of them have instructions, so goals made of this folder do not stand at WebShop's indices"
            log.warning(text, self.path.name, self._asked_for)


def read_catalog(folder: Path, strict: bool = False) -> Catalog:
    """Read the catalogue of a data folder.

    The folder holds ``items_shuffle*.json`` (a list of products in WebShop's fields) and optionally
    ``items_ins_v2*.json`` (attributes and synthetic instructions), ``items_human_ins.json`` (human instructions) and
    ``prices.json`` (ASIN -> price). Without ``prices.json`` a price range becomes one price drawn from the ASIN. Where
    ``shop.json`` (:class:`shoprl.catalog.rules.Rules`) says so, a product without a price has none in place of $100.

    Args:
        folder: the data folder, or one of several products files in it (:func:`folder_and_products`).
        strict: a product that cannot be used is an error; otherwise it is left out, counted and logged.

    Raises:
        CatalogError: a file is missing, truncated or malformed, or no product can be used; with ``strict`` also when
            one product cannot.
    """
    folder, named = folder_and_products(folder)
    reader = ProductReader(folder, strict, products=named)
    products = list(track(reader.read(set()), "catalogue", unit="product"))
    reader.report(len(products))
    return Catalog(products, skipped=dict(reader.skipped))
