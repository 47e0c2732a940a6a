"""Generated catalogues of any size in WebShop's file format; the same seed gives the same bytes."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from shoprl.catalog.colloquial import phrase_said, say_attribute, say_option
from shoprl.catalog.phrasing import find_me, keywords, phrase
from shoprl.catalog.rules import Rules, write_rules
from shoprl.catalog.style import Style
from shoprl.catalog.vocabulary.blueprint import Blueprint, draw_blueprint, near_duplicate, stock
from shoprl.catalog.vocabulary.draws import Draws
from shoprl.catalog.vocabulary.nouns import singular
from shoprl.catalog.vocabulary.prose import bullets, description, title, told
from shoprl.errors import ConfigError
from shoprl.files import write_atomic
from shoprl.progress import track

DEFAULT = Style()
_RECENT = 200  # products that a look-alike is made after one of
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
        text, names = find_me(blueprint.query, asked)
        entry |= {"instruction": text, "instruction_attributes": list(names)}
    return entry


def _requests(blueprint: Blueprint, draws: Draws, rng: np.random.Generator, style: Style) -> list[dict[str, Any]]:
    """One to four requests for the product in a shopper's words; none where no attribute is asked for."""
    if not blueprint.asked:
        return []
    requests = []
    for _ in range(draws.between(1, 4)):
        asked = draws.sample(blueprint.attributes[: blueprint.asked], draws.between(1, blueprint.asked))
        chosen = {name: draws.pick(values) for name, values in blueprint.options.items() if draws.chance(0.8)}
        noun = blueprint.kind if draws.chance(0.6) else blueprint.query
        if style.keywords and draws.chance(style.keywords):
            text, asked, chosen = _keywords(blueprint, noun, asked, chosen, draws, rng)
        elif style.everyday and draws.chance(style.everyday):
            text = _everyday(blueprint, noun, asked, chosen, draws, rng)
        else:
            text = phrase(rng, noun, asked, {name: value.lower() for name, value in chosen.items()})
        requests.append(
            {
                "instruction": text,
                "instruction_attributes": asked,
                "instruction_options": [value.lower() for value in chosen.values()],
            }
        )
    return requests


def _everyday(
    blueprint: Blueprint, noun: str, asked: list[str], chosen: dict[str, str], draws: Draws, rng: np.random.Generator
) -> str:
    """A request in other words than the shop's."""
    said = [say_attribute(draws, name) for name in asked]
    plain = blueprint.plain
    shown = {}
    for name, value in chosen.items():
        values = [plain.get(other, other).lower() for other in blueprint.options[name]]
        shown[name] = say_option(draws, name, plain.get(value, value).lower(), values)
    return phrase_said(draws, rng, noun, said, shown)


def _keywords(
    blueprint: Blueprint, noun: str, asked: list[str], chosen: dict[str, str], draws: Draws, rng: np.random.Generator
) -> tuple[str, list[str], dict[str, str]]:
    """A request as typed into a search box, and what it asks for: an attribute or two, and often no option."""
    asked = asked[:2]
    chosen = {name: value for name, value in chosen.items() if draws.chance(0.6)}
    words = [blueprint.plain.get(value, value).lower() for value in chosen.values()]
    return keywords(rng, noun, [say_attribute(draws, name) for name in asked], words), asked, chosen


def _listing(blueprint: Blueprint, asin: str, draws: Draws, rng: np.random.Generator, style: Style) -> Listing:
    """The file entries of a product. The order of the draws is part of the format: it fixes a seed's bytes."""
    pricing, low, high = "", 0.0, 0.0
    if blueprint.prices:
        low, high = blueprint.prices
        pricing = f"${low:.2f}" if low == high else f"${low:.2f} - ${high:.2f}"
    listed, described = told(blueprint, draws, style)
    item = {
        "name": title(blueprint, draws, style),
        "full_description": description(blueprint, draws, style, described),
        "images": [f"https://img.shop.example/{asin}/{place}.jpg" for place in range(draws.between(2, 8))],
        "product_category": "" if draws.chance(0.01) else blueprint.family.path,
        "average_rating": "" if draws.chance(0.36) else round(5.0 - 2.2 * draws.uniform() ** 2, 1),
        "small_description": bullets(blueprint, draws, style, listed),
        "customization_options": _option_files(blueprint.options, asin, draws),
        "asin": asin,
        "category": blueprint.department,
        "query": blueprint.query,
        "page": 1 + int(300 * draws.uniform() ** 2),
        "pricing": pricing,
    }
    price = round(low if low == high else low + (high - low) * draws.uniform(), 2)
    return Listing(
        item, price if pricing else None, _wording(blueprint, draws), _requests(blueprint, draws, rng, style)
    )


def generate(count: int, rng: np.random.Generator, style: Style = DEFAULT) -> Iterator[Listing]:
    """Draw products one by one; memory does not grow with ``count``, and a longer shop begins with a shorter one.

    Args:
        count: how many products, at least one.
        rng: the source of all draws; it is read in blocks, up to some thousand numbers ahead.
        style: what the shop is like.

    Raises:
        ConfigError: ``count`` is below one.
    """
    if count < 1:
        raise ConfigError(f"count {count}: a shop needs at least one product.")
    return _generate(count, rng, style)


def _generate(count: int, rng: np.random.Generator, style: Style) -> Iterator[Listing]:
    draws = Draws(rng)
    sold = stock(draws, style)
    number = draws.below(_ASINS)
    recent: deque[Blueprint] = deque(maxlen=_RECENT)
    for _ in range(count):
        again = len(recent) >= _EARLIEST and draws.chance(style.alike)
        blueprint = near_duplicate(draws, draws.pick(recent), style) if again else draw_blueprint(draws, style, sold)
        recent.append(blueprint)
        number = (number + _STRIDE) % _ASINS
        yield _listing(blueprint, _asin(number), draws, rng, style)


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


def write_catalog(folder: Path, count: int, seed: int, style: Style = DEFAULT) -> None:
    """Write a generated catalogue of ``count`` products to ``folder``, in WebShop's own files.

    The files are ``items_shuffle_{count}.json``, ``items_ins_v2_{count}.json``, ``prices.json``,
    ``items_human_ins.json``, and ``shop.json``, by which a missing price is unknown. The same ``count``, ``seed``
    and ``style`` give the same bytes.

    Raises:
        ConfigError: ``count`` is below one, or ``seed`` is negative.
        StorageError: a file cannot be written; those that were there are then as before.
    """
    if seed < 0:
        raise ConfigError(f"seed {seed}: must be at least 0.")
    listings = track(
        generate(count, np.random.default_rng(seed), style), "Writing products", total=count, unit="product"
    )
    names = (f"items_shuffle_{count}.json", f"items_ins_v2_{count}.json", "prices.json", "items_human_ins.json")
    _write_together([folder / name for name in names], partial(_write_listings, listings=listings))
    write_rules(folder, Rules(missing_price="unknown", prices="strict"))
