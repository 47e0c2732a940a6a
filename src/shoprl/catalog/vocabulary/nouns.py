"""English for product types: one of them, some of them, and how a title writes them."""

from functools import lru_cache

from shoprl.catalog.vocabulary.family import words

# Last words of nouns that one speaks of as a pair, or in the plural even for one item on sale.
_PAIRED = frozenset(
    words(
        "shoes, boots, sandals, slippers, sneakers, loafers, spikes, jeans, shorts, leggings, pants, trousers, "
        "socks, gloves, earbuds, headphones, headsets, binoculars, sunglasses, glasses, pajamas, tights"
    )
)
_PLURAL = frozenset(
    words(
        "bars, bites, clusters, cookies, nuts, truffles, chews, beans, gummies, kernels, crackers, sticks, chips, "
        "straws, berries, pods, beverages, samplers, noodles, sheets, spices, blends, rubs, salts, "
        "extensions, clothes, snacks, foods, makeup"
    )
)
_IRREGULAR = {
    "cookies": "cookie",
    "hoodies": "hoodie",
    "booties": "bootie",
    "shelves": "shelf",
    "bookshelves": "bookshelf",
    "scarves": "scarf",
    "knives": "knife",
    "lenses": "lens",
    "women": "woman",
    "men": "man",
}
_CAPITALS = frozenset(words("bpa, usb, led, hdmi, rgb, tv, tpu, uv, hd, sd, gmo, usda, pu"))
_LIKE_CONSONANT = ("uni", "use", "usb", "uv", "eu", "one", "usda")
_LIKE_VOWEL = ("hdmi", "hour", "led ", "rgb", "xx", "sd ")


def _head(noun: str) -> tuple[str, str]:
    """The noun up to its head, and what follows ("webcams", " with ring light")."""
    for link in (" with ", " for ", " of "):
        before, separator, after = noun.partition(link)
        if separator:
            return before, separator + after
    return noun, ""


def is_collective(noun: str) -> bool:
    """Whether ``noun`` lists several things ("tops, tees & blouses")."""
    return "&" in noun or "," in noun or " and " in noun


def is_pair(noun: str) -> bool:
    """Whether one says "a pair of" the noun."""
    return not is_collective(noun) and _head(noun)[0].rsplit(" ", 1)[-1] in _PAIRED


@lru_cache(maxsize=4096)
def singular(noun: str) -> str:
    """One of ``noun``; nouns without a singular, or rarely used in it, come back unchanged."""
    head, rest = _head(noun)
    start, space, last = head.rpartition(" ")
    if (
        is_collective(noun)
        or last in _PAIRED
        or last in _PLURAL
        or not last.endswith("s")
        or last.endswith(("ss", "us"))
    ):
        return noun
    if last in _IRREGULAR:
        last = _IRREGULAR[last]
    elif last.endswith("ies"):
        last = last[:-3] + "y"
    elif last.endswith(("sses", "shes", "ches", "xes", "zzes")):
        last = last[:-2]
    else:
        last = last[:-1]
    return start + space + last + rest


def article(text: str) -> str:
    """ "a" or "an", whichever ``text`` takes."""
    lower = text.lower()
    if lower.startswith(_LIKE_VOWEL):
        return "an"
    return "an" if lower[:1] in "aeiou" and lower and not lower.startswith(_LIKE_CONSONANT) else "a"


def counted(noun: str, lead: str = "") -> str:
    """``noun`` as something to ask for, ``lead`` before it: "a pair of black men's shorts", "some salty popcorn"."""
    one = singular(noun)
    words = f"{lead} {one}" if lead else one
    if is_pair(noun):
        return f"a pair of {words}"
    return f"some {words}" if one == noun else f"{article(words)} {words}"


def is_many(noun: str) -> bool:
    """Whether one says "they are" of the noun as :func:`counted` gives it."""
    return singular(noun) == noun and _head(noun)[0].endswith("s")


@lru_cache(maxsize=4096)
def unit(noun: str) -> str:
    """What one order of ``noun`` holds, to follow "this" or "every": "floor lamp", "pair of boots", "pack of bars"."""
    if is_pair(noun):
        return f"pair of {noun}"
    return f"pack of {noun}" if is_many(noun) else singular(noun)


@lru_cache(maxsize=8192)
def heading(text: str) -> str:
    """``text`` as titles write it: "Women's BPA Free Cup"."""
    return " ".join(word.upper() if word in _CAPITALS else word[:1].upper() + word[1:] for word in text.split(" "))
