"""Generated catalogues of any size in WebShop's file format; the same seed gives the same bytes."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from shoprl.catalog.phrasing import find_me, phrase
from shoprl.catalog.rules import Rules, write_rules
from shoprl.catalog.vocabulary.blueprint import Blueprint, draw_blueprint, near_duplicate
from shoprl.catalog.vocabulary.draws import Draws
from shoprl.catalog.vocabulary.nouns import singular
from shoprl.catalog.vocabulary.prose import bullets, description, title
from shoprl.errors import ConfigError
from shoprl.files import write_atomic
from shoprl.progress import track

_NEAR_DUPLICATES = 0.42  # share of products made after one of the last _RECENT
_RECENT = 200
_EARLIEST = 25  # products before the first near-duplicate; else a few early ones would be copied over and over
_NO_OPTIONS = ""  # WebShop's files write an empty string here

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ASINS = 36**8
_STRIDE = 1_290_714_236_551  # coprime to 36, so that no ASIN occurs twice
_dump = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Listing:
    """One product as WebShop's four data files hold it.

    Attributes:
        item: its entry in ``items_shuffle_N.json``.
        price: its entry in ``prices.json``, in dollars; None for a product without a price.
        wording: its entry in ``items_ins_v2_N.json``: attributes and, mostly, a synthetic instruction.
        requests: its entry in ``items_human_ins.json``; empty for a product without requests.
    """

    item: dict[str, Any]
    price: float | None
    wording: dict[str, Any]
    requests: list[dict[str, Any]]


def _asin(number: int) -> str:
    """ "B0" and eight characters: a different one for each number below 36 ** 8."""
    code = ""
    for _ in range(8):
        number, digit = divmod(number, 36)
        code += _DIGITS[digit]
    return f"B0{code}"


def _option_files(options: Mapping[str, Sequence[str]], asin: str, draws: Draws) -> dict[str, Any] | str:
    """The field ``customization_options``."""
    if not options:
        return _NO_OPTIONS
    field: dict[str, Any] = {}
    for group, (name, values) in enumerate(options.items()):
        pictured = name == "Color"
        field[name] = [
            {
                "value": value,
                "asin": f"B1{asin[2:7]}{_DIGITS[group]}{_DIGITS[place // 36]}{_DIGITS[place % 36]}",
                "image": f"https://img.shop.example/{asin}/{group}-{place}.jpg" if pictured else None,
            }
            for place, value in enumerate(values)
        ]
    if draws.chance(0.04):  # a group that a seller left empty
        field.setdefault("Style", None)
    return field


def _wording(blueprint: Blueprint, draws: Draws) -> dict[str, Any]:
    """The product's entry in ``items_ins_v2_N.json``."""
    attributes = list(blueprint.attributes)
    kind = singular(blueprint.kind)
    if attributes and " " in kind and draws.chance(0.2):
        attributes.append(kind)  # mined attributes name the product itself now and then
    entry: dict[str, Any] = {"attributes": draws.sample(attributes, len(attributes))}
    if blueprint.asked:
        asked = blueprint.attributes[: blueprint.asked]
        text, names = find_me(blueprint.family.query, asked)
        entry |= {"instruction": text, "instruction_attributes": list(names)}
    return entry


def _requests(blueprint: Blueprint, draws: Draws, rng: np.random.Generator) -> list[dict[str, Any]]:
    """One to four requests for the product in a shopper's words; none where no attribute is asked for."""
    if not blueprint.asked:
        return []
    requests = []
    for _ in range(draws.between(1, 4)):
        asked = draws.sample(blueprint.attributes[: blueprint.asked], draws.between(1, blueprint.asked))
        chosen = {name: draws.pick(values).lower() for name, values in blueprint.options.items() if draws.chance(0.8)}
        noun = blueprint.kind if draws.chance(0.6) else blueprint.family.query
        requests.append(
            {
                "instruction": phrase(rng, noun, asked, chosen),
                "instruction_attributes": asked,
                "instruction_options": list(chosen.values()),
            }
        )
    return requests


def _listing(blueprint: Blueprint, asin: str, draws: Draws, rng: np.random.Generator) -> Listing:
    """The file entries of a product. The order of the draws is part of the format: it fixes a seed's bytes."""
    pricing, low, high = "", 0.0, 0.0
    if blueprint.prices:
        low, high = blueprint.prices
        pricing = f"${low:.2f}" if low == high else f"${low:.2f} - ${high:.2f}"
    item = {
        "name": title(blueprint, draws),
        "full_description": description(blueprint, draws),
        "images": [f"https://img.shop.example/{asin}/{place}.jpg" for place in range(draws.between(2, 8))],
        "product_category": "" if draws.chance(0.01) else blueprint.family.path,
        "average_rating": "" if draws.chance(0.36) else round(5.0 - 2.2 * draws.uniform() ** 2, 1),
        "small_description": bullets(blueprint, draws),
        "customization_options": _option_files(blueprint.options, asin, draws),
        "asin": asin,
        "category": blueprint.department,
        "query": blueprint.family.query,
        "page": 1 + int(300 * draws.uniform() ** 2),
        "pricing": pricing,
    }
    price = round(low if low == high else low + (high - low) * draws.uniform(), 2)
    return Listing(item, price if pricing else None, _wording(blueprint, draws), _requests(blueprint, draws, rng))


def generate(count: int, rng: np.random.Generator) -> Iterator[Listing]:
    """Draw products one by one; memory does not grow with ``count``, and a longer shop begins with a shorter one.

    Args:
        count: how many products, at least one.
        rng: the source of all draws; it is read in blocks, up to some thousand numbers ahead.

    Raises:
        ConfigError: ``count`` is below one.
    """
    if count < 1:
        raise ConfigError(f"count {count}: a shop needs at least one product.")
    return _generate(count, rng)


def _generate(count: int, rng: np.random.Generator) -> Iterator[Listing]:
    draws = Draws(rng)
    number = draws.below(_ASINS)
    recent: deque[Blueprint] = deque(maxlen=_RECENT)
    for _ in range(count):
        again = len(recent) >= _EARLIEST and draws.chance(_NEAR_DUPLICATES)
        blueprint = near_duplicate(draws, draws.pick(recent)) if again else draw_blueprint(draws)
        recent.append(blueprint)
        number = (number + _STRIDE) % _ASINS
        yield _listing(blueprint, _asin(number), draws, rng)


def _write_together(paths: Sequence[Path], write: Callable[[list[IO[bytes]]], None], *streams: IO[bytes]) -> None:
    """Open every path for an atomic write, then let ``write`` fill them side by side."""
    if not paths:
        write(list(streams))
        return
    write_atomic(paths[0], lambda stream: _write_together(paths[1:], write, *streams, stream))


def _write_listings(streams: Sequence[IO[bytes]], listings: Iterator[Listing]) -> None:
    """Write WebShop's four documents, a product at a time."""
    items, wordings, prices, requests = streams
    first = [True] * len(streams)  # nothing written to it yet

    def put(place: int, text: str) -> None:
        streams[place].write((("" if first[place] else ",\n") + text).encode())
        first[place] = False

    items.write(b"[")
    for stream in (wordings, prices, requests):
        stream.write(b"{")
    for listing in listings:
        key = _dump(listing.item["asin"])
        put(0, _dump(listing.item))
        put(1, f"{key}: {_dump(listing.wording)}")
        if listing.price is not None:
            put(2, f"{key}: {_dump(listing.price)}")
        if listing.requests:
            put(3, f"{key}: {_dump(listing.requests)}")
    items.write(b"]\n")
    for stream in (wordings, prices, requests):
        stream.write(b"}\n")


def write_catalog(folder: Path, count: int, seed: int) -> None:
    """Write a generated catalogue of ``count`` products to ``folder``, in WebShop's own files.

    The files are ``items_shuffle_{count}.json``, ``items_ins_v2_{count}.json``, ``prices.json``,
    ``items_human_ins.json``, and ``shop.json``, by which a missing price is unknown. The same ``count`` and ``seed``
    give the same bytes.

    Raises:
        ConfigError: ``count`` is below one, or ``seed`` is negative.
        StorageError: a file cannot be written; those that were there are then as before.
    """
    if seed < 0:
        raise ConfigError(f"seed {seed}: must be at least 0.")
    listings = track(generate(count, np.random.default_rng(seed)), "Writing products", total=count, unit="product")
    names = (f"items_shuffle_{count}.json", f"items_ins_v2_{count}.json", "prices.json", "items_human_ins.json")
    _write_together([folder / name for name in names], partial(_write_listings, listings=listings))
    write_rules(folder, Rules(missing_price="unknown", prices="strict"))
