"""A catalogue with other titles: words left out, words of other products put in, so that no title is known by heart."""

from dataclasses import replace

import numpy as np

from shoprl.catalog.catalog import Catalog

DROPPED = 0.6  # share of a title's words that are left out, at most; each product draws its own
FOREIGN = 5  # words of other titles that are put in, at most
FEWEST = 2  # words that are left


def noisy(catalog: Catalog, rng: np.random.Generator) -> Catalog:
    """The same products under noisy titles, all else unchanged.

    Args:
        catalog: held in memory whole, as the copy is.
        rng: of every draw.
    """
    titles = [product.title.split() for product in catalog]
    words = [word for title in titles for word in title]
    made = []
    for product, title in zip(catalog, titles, strict=True):
        left = [
            word for word, kept in zip(title, rng.random(len(title)) >= rng.uniform(0, DROPPED), strict=True) if kept
        ]
        text = left if len(left) >= min(FEWEST, len(title)) else list(title)
        for foreign in rng.integers(len(words), size=int(rng.integers(FEWEST, FOREIGN + 1))).tolist():
            text.insert(int(rng.integers(len(text) + 1)), words[foreign])
        made.append(replace(product, title=" ".join(text)))
    return Catalog(made)
