"""A generated shop in which some of what is asked for is to be seen in pictures alone.

Products come in families of four that are alike in every word and in price: two colours times two shapes, which only
their pictures show. A request names one colour and one shape; both are among the product's hidden attributes, so that
WebShop's reward, as it is, depends on them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product as pairs
from typing import NamedTuple

import numpy as np
import torch

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.phrasing import phrase_price
from shoprl.catalog.product import Product, Request
from shoprl.catalog.style import Style
from shoprl.errors import ConfigError
from shoprl.experiments.studies.pictures import COLOURS, SHAPES, draw, encode_pictures
from shoprl.shop.data import ShopData
from shoprl.shop.generated import generated_data
from shoprl.shop.goal import Goal, goals_hash
from shoprl.shop.making import make_goals
from shoprl.shop.splits import Split
from shoprl.shop.tagger import TextBlobTagger

WORDS = (*COLOURS, *SHAPES)
_CANDIDATES = 10  # generated products a family; there are about a hundred kinds
_HELD = 0.2  # share of the families whose goals are for testing, and again for choosing
_WORDINGS = ("with a {1} in {0} on it", "that has a {1} in {0} printed on it", "and there must be a {1} in {0} on it")


class Look(NamedTuple):
    """What a product's picture shows."""

    colour: str
    shape: str


@dataclass(frozen=True)
class PictureShop:
    """A shop, and what its products look like.

    Attributes:
        data: catalogue, goals and a split in which no family is in two parts.
        looks: ASIN -> what the picture shows.
        families: ASIN -> number of its family.
        pictures: ASIN -> the encoded picture, shape (WIDTH,).
    """

    data: ShopData
    looks: Mapping[str, Look]
    families: Mapping[str, int]
    pictures: Mapping[str, torch.Tensor]

    def shuffled(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        """The same pictures, each given to a product drawn at random: they look right and tell nothing."""
        asins = list(self.pictures)
        return {asin: self.pictures[asins[i]] for asin, i in zip(asins, rng.permutation(len(asins)), strict=True)}


def names_a_look(texts: Iterable[str]) -> bool:
    """Whether one of the words for looks is in a text, be it within another word (the reward looks no closer)."""
    return any(word in text.lower() for text in texts for word in WORDS)


def _without_looks(product: Product) -> Product | None:
    """The product without options and requests that name a look; None where its texts do, or nothing is asked of it."""
    texts = (product.title, product.description, *product.bullets, *product.attributes, product.query)
    options = {name: values for name, values in product.options.items() if not names_a_look((name, *values))}
    offered = {value for values in options.values() for value in values}
    requests = tuple(
        request
        for request in product.requests
        if request.options is not None and offered.issuperset(request.options) and not names_a_look([request.text])
    )
    return None if names_a_look(texts) or not requests else replace(product, options=options, requests=requests)


def _member(base: Product, asin: str, look: Look, requests: int, rng: np.random.Generator) -> Product:
    """One of a family: its look is in its attributes and requests and nowhere else."""
    asked = []
    for _ in range(requests):
        plain, wording = base.requests[rng.integers(len(base.requests))], _WORDINGS[rng.integers(len(_WORDINGS))]
        text = f"{plain.text.rstrip(' .,')}, {wording.format(*look)}"
        asked.append(Request(text, (*plain.attributes, *look), plain.options))
    address = f"https://img.shop.example/{asin}/0.png"
    return replace(
        base, asin=asin, image=address, attributes=(*base.attributes, *look), requests=tuple(dict.fromkeys(asked))
    )


def _family(base: Product, asins: list[str], requests: int, rng: np.random.Generator) -> dict[Look, Product]:
    colours, shapes = (rng.choice(list(names), size=2, replace=False).tolist() for names in (COLOURS, SHAPES))
    looks = [Look(*pair) for pair in pairs(colours, shapes)]
    return {look: _member(base, asin, look, requests, rng) for look, asin in zip(looks, asins, strict=True)}


def _split(goals: list[Goal], families: Mapping[str, int], rng: np.random.Generator) -> Split:
    count = max(families.values()) + 1
    held, order = max(1, round(_HELD * count)), rng.permutation(count).tolist()
    test, chosen = set(order[:held]), set(order[held : 2 * held])
    parts: dict[str, list[int]] = {"train": [], "eval": [], "test": []}
    for index, goal in enumerate(goals):
        family = families[goal.asin]
        parts["test" if family in test else "eval" if family in chosen else "train"].append(index)
    return Split("disjoint", tuple(parts["train"]), tuple(parts["eval"]), tuple(parts["test"]), goals_hash(goals))


def picture_shop(families: int, requests: int, seed: int) -> PictureShop:
    """Make a shop; the same arguments give the same shop.

    Args:
        families: how many, at least three; of four products each.
        requests: for each product.
        seed: of everything.

    Raises:
        ConfigError: there are too few families, or the generated catalogue has too few products without look words.
    """
    usable = [_without_looks(each) for each in generated_data(_CANDIDATES * families, seed, Style.plain()).catalog]
    of_kind = {each.query: each for each in usable if each is not None}  # one family a kind: words tell families apart
    bases = list(of_kind.values())[:families]
    if not 3 <= families <= len(bases):
        raise ConfigError(f"families {families}: at least 3, and with seed {seed} at most {len(bases)}.")
    rng = np.random.default_rng([seed, 11])
    codes = rng.permutation(10**5)[: 4 * families]  # ties in a search go by ASIN, which must not tell the look
    products: list[Product] = []
    looks: dict[str, Look] = {}
    for number, base in enumerate(bases):
        asins = [f"B0PIC{code:05d}" for code in codes[4 * number : 4 * number + 4]]
        for look, member in _family(base, asins, requests, rng).items():
            products.append(member)
            looks[member.asin] = look
    number_of = {product.asin: place // 4 for place, product in enumerate(products)}
    goals = make_goals(products, rng, "human", phrase_price)
    data = ShopData(Catalog(products), goals, _split(goals, number_of, rng), None, TextBlobTagger())
    drawn = encode_pictures([draw(*looks[product.asin], rng) for product in products])
    return PictureShop(data, looks, number_of, dict(zip(number_of, drawn, strict=True)))
