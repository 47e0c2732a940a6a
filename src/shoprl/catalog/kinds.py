"""What kind of thing a product is, in the words that a person would ask for it by."""

import re

from shoprl.catalog.product import Product

LONGEST = 60  # characters
_ENDS = re.compile(r"[,;:|/(\[–—]|\s-\s|\b(?:for|with|w|by|from|in|of|und|mit|für|pour|avec|con|para)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{3,}(?:['’-][^\W\d_]+)*")
_LAST_WORDS = (  # that titles like to end with, and that are no nouns of what is sold
    "black white red blue green grey gray silver gold pink purple brown yellow orange beige cyan magenta original new "
    "edition series pack set piece pieces pcs size color colour men women kids unisex"
)
_NO_NOUNS = frozenset(_LAST_WORDS.split())


def kind_of(product: Product) -> str:
    """The product's type, in lower case: its ``query``, the last part of its path, or the last noun of its title.

    Returns:
        At most :data:`LONGEST` characters; "product" where nothing tells.
    """
    path = [part.strip() for part in product.product_category.split("›") if part.strip()]
    told = [product.query, *path[-1:], head_noun(product.title, product.brand), product.category]
    plain = (" ".join(each.lower().split()) for each in told)
    return next((each for each in plain if len(each) <= LONGEST and _WORD.search(each)), "product")


def head_noun(title: str, brand: str = "") -> str:
    """The noun that a title is about, by its place: the last word before the first comma, bracket or preposition.

    Args:
        title: of a product.
        brand: whose words are no noun.

    Returns:
        The word in lower case, or an empty string where the title has none.
    """
    left_out = set(brand.lower().split())
    for part in (title[: end.start()] if (end := _ENDS.search(title)) else title, title):
        words: list[str] = [word for word in _WORD.findall(part.lower()) if word not in left_out]
        if words:
            return next((word for word in reversed(words) if word not in _NO_NOUNS), words[-1])
    return ""
