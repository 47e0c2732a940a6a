"""An index of all fields of a product, weighted: BM25F over title, description, bullet points, brand and the rest.

Formula: Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), section 3.6: how often a
term occurs is summed over the fields, each weighted and divided by the field's length relative to its mean, and only
the sum goes into BM25. It is kept as a whole number of :data:`_UNIT` parts, so that the index is one like any other.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from shoprl.catalog.product import Product
from shoprl.catalog.records import load_array, save_array
from shoprl.search.analysis import iter_terms
from shoprl.search.arrays import on_disk, save_arrays
from shoprl.search.merging import Shard, merge, shard_of

WEIGHTS: Mapping[str, float] = {"title": 10, "description": 5, "brand": 5, "category": 5, "features": 2}
K1 = 1.2
B = 0.5  # of each field
SHARD = 50_000  # products whose terms are counted in memory at a time

_UNIT = 32  # parts of one occurrence
_MOST = 2**31 - 1


def field_texts(product: Product) -> dict[str, str]:
    """The text of each field of :data:`WEIGHTS`.

    Features are bullet points, attributes and options; an attribute that the bullet points hold already is left out.
    """
    bullets = "\n".join(product.bullets)
    lowered = bullets.lower()
    attributes = [attribute for attribute in product.attributes if attribute.lower() not in lowered]
    options = [f"{name}: {', '.join(values)}" for name, values in product.options.items()]
    path = product.product_category.replace("›", " ")
    kinds = [kind for kind in (product.category, product.query) if kind not in path]
    return {
        "title": product.title,
        "description": product.description,
        "brand": product.brand,
        "category": "\n".join((path, *kinds)),
        "features": "\n".join((bullets, *attributes, *options)),
    }


def mean_lengths(products: Iterable[Product]) -> dict[str, float]:
    """The mean number of words of each field, over the products that have any."""
    words: Counter[str] = Counter()
    holding: Counter[str] = Counter()
    for product in products:
        for name, text in field_texts(product).items():
            count = len(text.split())
            words[name] += count
            holding[name] += count > 0
    return {name: words[name] / max(holding[name], 1) or 1.0 for name in WEIGHTS}


def counted(product: Product, means: Mapping[str, float]) -> dict[str, int]:
    """Term -> how much of it a product holds, in parts of an occurrence in a field of weight 1 and mean length."""
    amounts: dict[str, float] = {}
    for name, text in field_texts(product).items():
        part = _UNIT * WEIGHTS[name] / (1 - B + B * len(text.split()) / means[name])
        for term, count in Counter(iter_terms(text.lower())).items():
            amounts[term] = amounts.get(term, 0.0) + part * count
    return {term: min(max(round(amount), 1), _MOST) for term, amount in amounts.items()}


def build_field_index(products: Iterable[Product], means: Mapping[str, float], folder: Path, shards: Path) -> None:
    """Write the index of products; :meth:`shoprl.search.index.SearchIndex.load` opens it.

    Args:
        products: at least one.
        means: their :func:`mean_lengths`.
        folder: where to; made where it is missing.
        shards: a folder for what is counted meanwhile, so that memory is bounded; the caller removes it.

    Raises:
        StorageError: a file cannot be written.
    """
    count = 0
    for chunk in _chunks(products):
        shard = shard_of([product.asin for product in chunk], (counted(product, means) for product in chunk))
        for name in Shard.__slots__:
            save_array(shards / str(count) / f"{name}.npy", getattr(shard, name))
        count += 1
    kept = [Shard(*(_opened(shards / str(number), name) for name in Shard.__slots__)) for number in range(count)]

    def allocate(name: str, dtype: Any, size: int) -> Any:
        return on_disk(folder, name, dtype, size)

    # With b = 0 lengths make no difference to BM25: they are in the amounts already.
    save_arrays(folder, *merge(kept, allocate, k1=K1 * _UNIT, b=0.0))


def _chunks(products: Iterable[Product]) -> Iterator[Sequence[Product]]:
    left = iter(products)
    while chunk := list(islice(left, SHARD)):
        yield chunk


def _opened(folder: Path, name: str) -> np.ndarray[Any, Any]:
    return load_array(folder / f"{name}.npy", "iuU")
