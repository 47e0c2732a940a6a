"""Attributes for a catalogue without any: the terms that set a product apart in its department (TF-IDF).

WebShop mined its attributes in this way before people curated them (Yao et al., arXiv 2207.01206, section 3.1).
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from shoprl.catalog.product import Product
from shoprl.errors import ConfigError

MAX_FEATURES = 1000  # n-grams kept in a department, as in WebShop
_LENGTHS = (2, 1)  # bigrams come first


def _import_vectorizer() -> tuple[Any, frozenset[str]]:
    """sklearn's TfidfVectorizer and its English stop words."""
    try:
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer
    except ImportError as error:
        raise ConfigError(
            'Mining attributes needs scikit-learn, which is not installed. Run: pip install "shoprl[attributes]"'
        ) from error
    return TfidfVectorizer, ENGLISH_STOP_WORDS


def _top_terms(texts: Sequence[str], length: int, top: int) -> list[list[str]]:
    """For each text its ``top`` n-grams of ``length`` words with a positive score; equal ones in alphabetical order."""
    vectorizer_class, english = _import_vectorizer()
    stop_words = sorted(english | {str(number) for number in range(1000)})
    vectorizer = vectorizer_class(ngram_range=(length, length), max_features=MAX_FEATURES, stop_words=stop_words)
    try:
        scores = vectorizer.fit_transform(texts)
    except ValueError:  # not one n-gram is left: "empty vocabulary"
        return [[] for _ in texts]
    names = vectorizer.get_feature_names_out().tolist()
    best = []
    for row in range(len(texts)):
        cells = slice(scores.indptr[row], scores.indptr[row + 1])
        scored = zip(scores.data[cells].tolist(), scores.indices[cells].tolist(), strict=True)
        # Scores that should be equal may differ in the last bits.
        ranked = sorted((-round(score, 9), names[place]) for score, place in scored if score > 0)
        best.append([name for _, name in ranked[:top]])
    return best


def mine_attributes(products: Sequence[Product], top: int = 5) -> dict[str, tuple[str, ...]]:
    """Find the terms that set each product apart in its department (``Product.category``).

    Bigrams and unigrams of title and bullet points are scored apart, by TF-IDF over the products of the department.

    Args:
        products: the catalogue, no ASIN twice.
        top: how many terms a product gets at most; bigrams come first, unigrams fill what is left.

    Returns:
        ASIN -> terms, the best first; none where the text says too little.

    Raises:
        ConfigError: scikit-learn is not installed, or ``top`` is below one.
    """
    if top < 1:
        raise ConfigError(f"A product needs at least one attribute, not {top}. Choose a larger number.")
    _import_vectorizer()
    departments: dict[str, list[Product]] = defaultdict(list)
    for product in products:
        departments[product.category].append(product)
    mined: dict[str, tuple[str, ...]] = {product.asin: () for product in products}
    for members in departments.values():
        texts = [" ".join([product.title, *product.bullets]).lower() for product in members]
        by_length = [_top_terms(texts, length, top) for length in _LENGTHS]
        for product, bigrams, unigrams in zip(members, *by_length, strict=True):
            mined[product.asin] = tuple([*bigrams, *unigrams][:top])
    return mined
