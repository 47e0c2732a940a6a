"""What an import did with a feed, row by row."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from shoprl.catalog.product import Product

_SHARES: Mapping[str, str] = {
    "price": "price", "description": "description", "product_category": "category", "brand": "brand", "image": "image"
}  # fmt: skip
_WORTH_SAYING = 0.05  # of the products


@dataclass
class Summary:
    """What became of the rows of a feed: ``rows`` is the sum of the four counts below it.

    Attributes:
        rows: how many were read.
        used: those that products were made of, first rows and further ones alike.
        merged: equal to an earlier row.
        rejected: reason -> how many rows.
        products: how many were made.
        variants: forms of products, of those that have several.
        fields_used: target -> fields of the feed.
        fields_ignored: fields that nothing is taken from.
        currencies: code -> products.
        notes: how the sources were read.
        warnings: what a person should look at.
        sources: file -> sha256 of what was read.
        free: products that cost nothing.
        missing: what products lack -> how many of them.
    """

    rows: int = 0
    used: int = 0
    merged: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    products: int = 0
    variants: int = 0
    fields_used: dict[str, list[str]] = field(default_factory=dict)
    fields_ignored: list[str] = field(default_factory=list)
    currencies: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    free: int = 0
    missing: Counter[str] = field(default_factory=Counter)

    def add(self, product: Product) -> None:
        """Take a product into account."""
        self.products += 1
        self.variants += len(product.variants) if len(product.variants) > 1 else 0
        self.free += product.price == 0
        if product.price is not None:
            self.currencies[product.currency] += 1
        for name, what in _SHARES.items():
            if getattr(product, name) in ("", None):
                self.missing[what] += 1

    def conclude(self) -> None:
        """Put what many products lack among the warnings."""
        for what, count in self.missing.most_common():
            if count >= _WORTH_SAYING * self.products:
                self.warnings.append(f"{count / self.products:.0%} of the products have no {what}")
        if self.free >= _WORTH_SAYING * max(1, self.products):
            self.warnings.append(f"{self.free / self.products:.0%} of the products cost 0")
        if len(self.currencies) > 1:
            shown = ", ".join(f"{code} {count:,}" for code, count in self.currencies.most_common(5))
            self.warnings.append(f"prices are in several currencies, which nothing converts: {shown}")

    def to_json(self) -> dict[str, Any]:
        """The summary in JSON-able form."""
        row = asdict(self)
        del row["missing"], row["free"]
        return row | {"rejected": dict(self.rejected.most_common()), "currencies": dict(self.currencies.most_common())}

    def text(self) -> str:
        """The summary as lines to read."""
        lines = [
            f"rows       {self.rows:,}",
            f"products   {self.products:,}" + (f", with {self.variants:,} variants" if self.variants else ""),
            f"merged     {self.merged:,} equal to another row" if self.merged else "",
            *(f"rejected   {count:,}: {reason}" for reason, count in self.rejected.most_common()),
            "fields     " + "; ".join(f"{target}: {_few(names)}" for target, names in self.fields_used.items()),
            f"ignored    {_few(self.fields_ignored)}" if self.fields_ignored else "",
            *(f"note       {note}" for note in self.notes),
            *(f"warning    {warning}" for warning in self.warnings),
        ]
        return "\n".join(filter(None, lines))


def _few(names: list[str], most: int = 8) -> str:
    shown = ", ".join(name[:60] for name in names[:most])
    return shown + (f" and {len(names) - most:,} more" if len(names) > most else "")
