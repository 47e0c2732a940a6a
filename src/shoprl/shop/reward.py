"""WebShop's reward (Yao et al., arXiv 2207.01206, section 3.1), as its released code computes it."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.colours import COLOURS, normalize_colour
from shoprl.catalog.product import Product
from shoprl.shop.goal import NO_CEILING, Goal
from shoprl.shop.tagger import Tagger

MATCH = 85  # a token set ratio above it counts as the same
_NOT_ASCII = dict.fromkeys(range(128, 256))  # the fuzzy matcher of the original drops these


@dataclass(frozen=True, slots=True)
class Reward:
    """A purchase's reward in [0, 1] and its components, named as in WebShop.

    ``r_option`` and ``w_option`` are None where the goal asks for no option.
    """

    total: float
    r_type: float
    r_att: float
    w_att: float
    query_match: bool
    category_match: bool
    title_score: float
    r_option: float | None
    w_option: float | None
    r_price: bool
    w_price: float

    def components(self) -> dict[str, Any]:
        """WebShop's ``info`` dictionary: the components without the total; no option entries where none is asked."""
        names = (name for name in self.__slots__ if name != "total")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@lru_cache(maxsize=20_000)
def _processed(text: str) -> str:
    return default_process(text.translate(_NOT_ASCII))


def comparable(text: str) -> bool:
    """Whether anything of a text is left for the matcher, without which it equals not even itself."""
    return bool(_processed(text))


@lru_cache(maxsize=100_000)
def _alike(first: str, second: str) -> bool:
    return round(fuzz.token_set_ratio(_processed(first), _processed(second))) > MATCH


@lru_cache(maxsize=2_000)
def _texts(product: Product) -> tuple[str, str, str]:
    """Where an attribute may be mentioned."""
    return product.title.lower(), " ".join(product.bullets).lower(), product.description.lower()


@lru_cache(maxsize=10_000)
def _path(product_category: str) -> frozenset[str]:
    return frozenset(part.strip() for part in product_category.split("›"))


def _type_reward(title_score: float, matches: bool) -> float:
    if title_score == 0.0:
        return 0.0
    if title_score < 0.1:
        return 0.1
    return 1.0 if matches or title_score > 0.2 else 0.5


def _title_score(own: Set[str], wanted: Sequence[str]) -> float:
    """Share of the nouns of the name wanted that a title has."""
    return len(own & set(wanted)) / len(wanted) if wanted else 0.2


def _matching_attributes(product: Product, goal: Goal) -> int:
    return sum(
        any(_alike(own, wanted) for own in product.attributes) or any(wanted in text for text in _texts(product))
        for wanted in goal.attributes
    )


def _matching_options(options: Mapping[str, str], goal: Goal) -> int:
    """How many options asked for were chosen.

    The original passes a dictionary's (name, value) pairs to its matcher: a colour then counts only where the value is
    exactly that colour's name, and any other pair is compared as the pair printed.
    """
    if isinstance(goal.options, Mapping):
        asked = [next((colour for colour in COLOURS if colour in pair), str(pair)) for pair in goal.options.items()]
    else:
        asked = [normalize_colour(value) for value in goal.options]
    chosen = [normalize_colour(value) for value in options.values()]
    return sum(any(_alike(own, wanted) for own in chosen) for wanted in asked)


def kind_rewards(catalog: Catalog | Mapping[str, Product], tagger: Tagger) -> Callable[[str, str], tuple[float, bool]]:
    """Compares the kinds of products, each of which is looked up once.

    Products without a product type and without a category are compared by their titles alone.

    Args:
        catalog: ASIN -> product.
        tagger: tags the nouns of titles.

    Returns:
        A function of the ASIN of a product bought and that of the one wanted, which gives the part of the purchase's
        reward that is its type's (0, 0.1, 0.5 or 1), and :func:`same_kind`.
    """

    @cache
    def known(asin: str) -> tuple[Product, tuple[str, ...], frozenset[str]]:
        product = catalog[asin]
        nouns = tagger.nouns(product.title)
        return product, nouns, frozenset(nouns)

    def compared(bought: str, wanted: str) -> tuple[float, bool]:
        (product, _, own), (other, nouns, _) = known(bought), known(wanted)
        same = same_kind(product, other)
        return _type_reward(_title_score(own, nouns), same), same

    return compared


def same_kind(product: Product, wanted: Product) -> bool:
    """Whether two products share the product type, or two parts of their categories."""
    if wanted.query and product.query == wanted.query:
        return True
    return len(_path(product.product_category) & _path(wanted.product_category)) >= 2


def reward(product: Product, options: Mapping[str, str], goal: Goal, tagger: Tagger) -> Reward:
    """Score a purchase.

    Args:
        product: the product bought.
        options: option name -> value chosen.
        goal: the goal to score against.
        tagger: tags the nouns of titles.

    Returns:
        The reward in [0, 1] and every component.
    """
    query_match = product.query == goal.query
    category_match = len(_path(product.product_category) & _path(goal.product_category)) >= 2
    title_score = _title_score(set(tagger.nouns(product.title)), tagger.nouns(goal.name))
    r_type = _type_reward(title_score, query_match or category_match)
    attributes = _matching_attributes(product, goal)
    matched_options = _matching_options(options, goal)
    price = product.price_with(options)
    r_price = goal.price_upper >= NO_CEILING if price is None else price <= goal.price_upper
    asked = len(goal.option_values)
    parts = len(goal.attributes) + asked + 1
    return Reward(
        total=(attributes + matched_options + r_price) / parts * r_type,
        r_type=r_type,
        r_att=attributes / len(goal.attributes),
        w_att=len(goal.attributes) / parts,
        query_match=query_match,
        category_match=category_match,
        title_score=title_score,
        r_option=matched_options / asked if asked else None,
        w_option=asked / parts if asked else None,
        r_price=r_price,
        w_price=1 / parts,
    )
