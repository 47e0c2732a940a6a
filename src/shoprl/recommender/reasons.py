"""What of a request a product's page answers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from shoprl.catalog.product import Product
from shoprl.search.analysis import analyze
from shoprl.search.tokenizer import tokens
from shoprl.tasks.instruction import Instruction, ceiling_in, terms_of
from shoprl.tasks.shop.tracker import price_range

Price = Literal["no ceiling", "kept", "exceeded", "unknown"]
# Words about the wish, not of it; as search terms.
_ASKING = terms_of("find me looking look search want need like would please show buy get i'm i am something some")


@dataclass(frozen=True, slots=True)
class Why:
    """What of a request a product answers.

    Attributes:
        met: words of the request, without its price, whose search terms stand on the product's pages: in its title,
            brand, description or features, among the values chosen of its options or all values of the others.
        missing: the others, without words such as "find" and "for".
        price: whether the price shown keeps the ceiling that the request names; unknown where none is
            shown, or the ceiling is in another currency.
    """

    met: tuple[str, ...]
    missing: tuple[str, ...]
    price: Price

    def to_json(self) -> dict[str, object]:
        """As JSON."""
        row = asdict(self)
        return row | {"met": list(self.met), "missing": list(self.missing)}


def why(product: Product, options: Mapping[str, str], instruction: Instruction) -> Why:
    """What of a request a product with options chosen answers."""
    offered = [[options[name]] if name in options else values for name, values in product.options.items()]
    texts = [product.title, product.brand, product.description, *product.bullets]
    texts += [f"{name} {' '.join(values)}" for name, values in zip(product.options, offered, strict=True)]
    shown = frozenset[str]().union(*map(terms_of, texts))
    words: dict[str, bool] = {}
    for word in tokens(instruction.wish.lower()):
        terms = frozenset(analyze(word)) - _ASKING
        if terms:
            words[word] = terms <= shown
    met, missing = (tuple(word for word, is_met in words.items() if is_met == wanted) for wanted in (True, False))
    return Why(met, missing, price_of(product, options, instruction))


def price_of(product: Product, options: Mapping[str, str], instruction: Instruction) -> Price:
    """Whether the price shown with options chosen, of a range the lowest, keeps the ceiling that the request names."""
    ceiling = ceiling_in(instruction, product.currency)
    if ceiling is None:
        return "no ceiling" if instruction.ceiling is None else "unknown"  # in another currency
    shown = price_range(product.price_tag_with(options))
    if shown is None:
        return "unknown"
    return "kept" if shown[0] <= ceiling else "exceeded"
