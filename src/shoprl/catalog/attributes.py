"""Attributes for a catalogue without any: the terms that set a product apart in its department (TF-IDF).

WebShop mined its attributes in this way before people curated them (Yao et al., arXiv 2207.01206, section 3.1). The
scores are those of scikit-learn's ``TfidfVectorizer(ngram_range=(n, n), max_features=1000)`` with its defaults, here in
one pass over a catalogue that is never in memory as a whole.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoprl.catalog.ngrams import Block, Limits, Texts, Vocabulary, split_key
from shoprl.catalog.product import Product
from shoprl.errors import ConfigError

MAX_FEATURES = 1000  # n-grams kept in a department, as in WebShop
_LENGTHS = (2, 1)  # bigrams come first


@dataclass(frozen=True, slots=True)
class _Terms:
    """The n-grams of one length that are kept.

    Attributes:
        alphabet: their keys, by department and then by alphabet.
        keys: the same in order.
        places: of each of ``keys``, its place in ``alphabet``.
    """

    alphabet: NDArray[np.int64]
    keys: NDArray[np.int64]
    places: NDArray[np.int64]

    def frequencies(self, block: Block, length: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Text, place in ``alphabet`` and frequency of each term in each text of a block; by text."""
        keys, texts = block.keys(length)
        if not len(self.keys):
            return keys[:0], keys[:0], keys[:0]
        found = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        known = self.keys[found] == keys
        pairs, counts = np.unique(texts[known] * len(self.keys) + self.places[found[known]], return_counts=True)
        return pairs // len(self.keys), pairs % len(self.keys), counts


def _kept(vocabulary: Vocabulary, length: int, words: NDArray[np.object_]) -> _Terms:
    """The most frequent n-grams of each department; of equally frequent ones those first in the alphabet."""
    keys, counts = vocabulary.counted(length)
    departments = split_key(keys)[0]
    order = np.argsort(departments, kind="stable")
    bounds = np.searchsorted(departments[order], np.arange(int(departments.max(initial=-1)) + 2))
    alphabet = [np.empty(0, dtype=np.int64)]
    for start, end in itertools.pairwise(bounds):
        own = order[start:end]
        if len(own) > MAX_FEATURES:  # what is too rare anyhow need not be named and sorted
            own = own[counts[own] >= np.partition(counts[own], len(own) - MAX_FEATURES)[len(own) - MAX_FEATURES]]
        names = _names(keys[own], words)
        ranked = sorted(zip((-counts[own]).tolist(), names, own.tolist(), strict=True))[:MAX_FEATURES]
        alphabet.append(keys[[place for _, _, place in sorted(ranked, key=lambda each: each[1])]])
    kept = np.concatenate(alphabet)
    places = np.argsort(kept)
    return _Terms(kept, kept[places], places)


def _names(keys: NDArray[np.int64], words: NDArray[np.object_]) -> list[str]:
    """What n-grams say."""
    _, first, last = split_key(keys)
    pairs = zip(words[first].tolist(), words[last].tolist(), strict=True)
    return [f"{before} {word}" if before else word for before, word in pairs]


def _best(
    terms: _Terms, idf: NDArray[np.float64], block: Block, length: int, top: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Text and place in ``terms.alphabet`` of the ``top`` terms of each text, the best first."""
    texts, places, counts = terms.frequencies(block, length)
    scores = counts * idf[places]
    scores /= np.sqrt(np.bincount(texts, scores * scores, len(block.departments)))[texts]
    # Scores that should be equal may differ in the last bits; equal ones stand in alphabetical order.
    order = np.lexsort((places, -np.round(scores, 9), texts))
    rank = np.arange(len(texts)) - np.searchsorted(texts, texts)
    best = order[rank < top]
    return texts[best], places[best]


def _texts(products: Iterable[Product], readable: bool) -> Texts:
    for product in products:
        yield product.category, " ".join([product.title, *product.bullets]), product.brand if readable else ""


def _mined(products: Iterable[Product], top: int, readable: bool, limits: Limits | None) -> Iterator[tuple[str, ...]]:
    vocabulary = Vocabulary(readable, limits)
    vocabulary.count(_texts(products, readable))
    words = np.full(vocabulary.numbers.next, "", dtype=object)
    for word, number in vocabulary.numbers.items():
        words[number] = word if number else ""
    terms = {length: _kept(vocabulary, length, words) for length in _LENGTHS}

    sizes = np.zeros(len(vocabulary.departments) + 1, dtype=np.int64)
    found = {length: np.zeros(len(each.keys), dtype=np.int64) for length, each in terms.items()}
    for block in vocabulary.blocks():
        sizes += np.bincount(block.departments, minlength=len(sizes))
        for length, each in terms.items():
            found[length] += np.bincount(each.frequencies(block, length)[1], minlength=len(each.keys))
    idf = {
        length: np.log((1 + sizes[split_key(each.alphabet)[0]]) / (1 + found[length])) + 1.0
        for length, each in terms.items()
    }
    for block in vocabulary.blocks():
        chosen: list[list[str]] = [[] for _ in block.departments]
        for length, each in terms.items():
            texts, places = _best(each, idf[length], block, length, 3 * top if readable else top)
            for text, name in zip(texts.tolist(), _names(each.alphabet[places], words), strict=True):
                chosen[text].append(name)
        yield from (tuple(_new(names) if readable else names)[:top] for names in chosen)


def _new(names: Iterable[str]) -> Iterator[str]:
    """Leave out terms all of whose words were in one before, and those that say a word twice."""
    said: set[str] = set()
    for name in names:
        words = name.split(" ")
        if len(set(words)) == len(words) and not said.issuperset(words):
            said.update(words)
            yield name


def mine_attributes(
    products: Iterable[Product], top: int = 5, readable: bool = False, limits: Limits | None = None
) -> Iterator[tuple[str, ...]]:
    """Find the terms that set each product apart in its department (``Product.category``).

    Bigrams and unigrams of title and bullet points are scored apart, by TF-IDF over the products of the department.
    Memory does not grow with the number of products; a temporary file does, by four bytes a word.

    Args:
        products: the catalogue, all of which is gone through before the first terms are known.
        top: how many terms a product gets at most; bigrams come first, unigrams fill what is left.
        readable: leave out what nobody asks for: terms with numbers, model numbers or units in them, the product's own
            brand, pairs that are no phrase of the text (with a stop word or a sign between them), and terms that repeat
            others. WebShop leaves in all but numbers below 1,000.
        limits: how many different words and n-grams are counted exactly.

    Returns:
        The terms of each product, in the order of ``products``; the best first, none where the text says too little.

    Raises:
        ConfigError: ``top`` is below one.
        StorageError: the temporary file cannot be written.
    """
    if top < 1:
        raise ConfigError(f"top {top}: a product needs at least one attribute. Choose a larger number.")
    return _mined(products, top, readable, limits)
