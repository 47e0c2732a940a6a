"""Reads what one row of a feed says of a product."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shoprl.catalog.feeds.columns import Column
from shoprl.catalog.feeds.mapping import FeedMapping, Target
from shoprl.catalog.feeds.prices import UNKNOWN, Price, PriceError, PriceRules, parse_price
from shoprl.catalog.feeds.texts import plain, text_and_items
from shoprl.catalog.feeds.values import (
    MAX_FEATURES,
    RowError,
    Values,
    address,
    addresses,
    availability,
    bounded,
    bullet_points,
    category_path,
    feature_name,
    feature_pairs,
    feature_values,
    identifier_of,
    option_lists,
    parsed,
    several,
    tags,
    text_of,
)  # fmt: skip
from shoprl.catalog.webshop import MAX_OPTION, MAX_OPTIONS, MAX_TEXT, MAX_TITLE

_RATING = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:(?:/|out of|von)\s*5.*|stars?)?", re.IGNORECASE)


@dataclass(frozen=True)
class Form:
    """A variant as its row has it.

    Attributes:
        id: its own identifier; may be empty.
        title: what it is called.
        options: option name -> value.
        price: what it costs.
        availability, image: see :class:`shoprl.catalog.product.Variant`.
    """

    id: str
    title: str
    options: Mapping[str, str]
    price: Price
    availability: str
    image: str


@dataclass(frozen=True)
class Draft:
    """What one row says of a product; what it does not say is empty.

    Attributes:
        id, group: identifiers as the feed writes them.
        title, description, bullets, brand, url, availability, rating, rating_count, attributes: as in
            :class:`shoprl.catalog.product.Product`.
        price: its price, if any.
        category: its path, the general before the special.
        kind: its type, where the feed names that apart from the path.
        options: option name -> values.
        features: (name, value) pairs.
        images: addresses.
        forms: variants that the row lists itself.
    """

    id: str = ""
    group: str = ""
    title: str = ""
    description: str = ""
    bullets: tuple[str, ...] = ()
    brand: str = ""
    price: Price = UNKNOWN
    category: tuple[str, ...] = ()
    kind: str = ""
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    features: tuple[tuple[str, str], ...] = ()
    attributes: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    url: str = ""
    availability: str = ""
    rating: float | None = None
    rating_count: int | None = None
    forms: tuple[Form, ...] = ()


class Drafter:
    """Reads rows by a mapping.

    Args:
        mapping: what each field is.
        rules: how the feed writes prices.
        columns: the feed's fields.
    """

    def __init__(self, mapping: FeedMapping, rules: PriceRules, columns: Iterable[str] | Mapping[str, Column]) -> None:
        self.mapping, self.rules = mapping, rules
        self._features = {name: feature for feature, name in mapping.features.items()}
        self._packed = [name for name in mapping.of("features") if not name.endswith("*")]
        starred = [name[:-1] for name in mapping.of("features") if name.endswith("*")]
        for column in columns:
            prefix = max((each for each in starred if column.startswith(each)), key=len, default=None)
            if prefix is not None and column not in self._features:
                self._features[column] = feature_name(column)

    def draft(self, row: Mapping[str, Any], option_names: Mapping[str, str] | None = None) -> Draft:
        """What a flattened row says.

        Args:
            row: name -> value.
            option_names: field -> option's name, for rows that leave out the name which their product's first row has.

        Raises:
            RowError: it cannot become a product, whatever other rows say.
        """
        bullets, features, further = self._lists(row)
        description, items = self._description(row)
        options = {**self._options(row, option_names or {}), **self._listed_options(row)}
        return Draft(
            id=self.identifier(row),
            group=self.group(row),
            title=self._title(row),
            description=description,
            bullets=bullets or items,
            brand=self._text(row, "brand"),
            price=self.price(row),
            category=self._category(row),
            kind=self._text(row, "type"),
            options=options,
            features=features,
            attributes=further,
            images=self._images(row),
            url=next(filter(None, (address(row[name]) for name in self.mapping.of("url") if name in row)), ""),
            availability=self._availability(row),
            rating=self._rating(row),
            rating_count=self._count(row),
            forms=self._forms(row, tuple(options)),
        )

    def _first(self, row: Mapping[str, Any], target: Target) -> Any:
        return next((row[name] for name in self.mapping.of(target) if name in row), None)

    def _text(self, row: Mapping[str, Any], target: Target, bound: int = MAX_OPTION) -> str:
        value = self._first(row, target)
        return plain(text_of(value))[:bound] if value is not None else ""

    def identifier(self, row: Mapping[str, Any]) -> str:
        """The row's id, empty where it has none.

        Raises:
            RowError: it is too long.
        """
        return identifier_of(self._first(row, "id"))

    def group(self, row: Mapping[str, Any]) -> str:
        """What the variants of one product have in common, empty where the row names none."""
        return identifier_of(self._first(row, "group"))

    def _title(self, row: Mapping[str, Any]) -> str:
        title = plain(text_of(self._first(row, "title")))
        if len(title) > MAX_TITLE:
            raise RowError("title is too long", f"a title of {len(title)} characters; {MAX_TITLE} are read")
        return title

    def currency(self, row: Mapping[str, Any]) -> str:
        """The code of the currency that the row names, else the mapping's."""
        code = text_of(self._first(row, "currency")).strip().upper()
        return code if len(code) == 3 and code.isalpha() else self.mapping.prices.currency or ""

    def price(self, row: Mapping[str, Any]) -> Price:
        """The row's price: what it is sold at now, else the usual one.

        Raises:
            RowError: a price cannot be understood.
        """
        for target in ("sale_price", "price"):
            for name in self.mapping.of(target):
                if name in row:
                    price = self._priced(row[name], name, self.currency(row))
                    if price.amounts:
                        return price
        return UNKNOWN

    def _priced(self, value: Any, name: str, currency: str) -> Price:
        values = value if isinstance(value, list) else [value]
        try:
            prices = [parse_price(each, self.rules, currency) for each in values[:1_000]]
        except PriceError as error:
            raise RowError(error.reason, f"field {name!r}: {error}") from error
        amounts = sorted(amount for price in prices for amount in price.amounts)
        code = next((price.currency for price in prices if price.currency), currency)
        return Price(tuple(dict.fromkeys((amounts[0], amounts[-1]))), code) if amounts else UNKNOWN

    def _description(self, row: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
        texts: list[str] = []
        items: tuple[str, ...] = ()
        for name in reversed(self.mapping.of("description")):  # the short one first
            if name in row:
                text, found = text_and_items(text_of(row[name]))
                items = items or found
                if text and not any(text in other for other in texts):
                    texts = [other for other in texts if other not in text] + [text]
        if not texts and items:
            return " ".join(items)[:MAX_TEXT], items
        return " ".join(texts)[:MAX_TEXT], items

    def _category(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        for name in self.mapping.of("category"):
            if name in row and (path := category_path(row[name])):
                return path
        return ()

    def _options(self, row: Mapping[str, Any], option_names: Mapping[str, str]) -> Values:
        options: Values = {}
        for name, column in self.mapping.options.items():
            if column not in row:
                continue
            if name.startswith("{"):
                given = plain(text_of(row.get(name[1:-1]))) or option_names.get(name[1:-1], "")
                name = given.lower() or name[1:-1].lower()
            values = several(row[column])
            if values and not (name == "title" and values == ("Default Title",)):  # Shopify's product without options
                options[name[:MAX_OPTION]] = values
        return options

    def _listed_options(self, row: Mapping[str, Any]) -> Values:
        value = self._first(row, "options")
        return option_lists(parsed(value)) if value is not None else {}

    def _lists(self, row: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...], tuple[str, ...]]:
        """Bullet points, features and attributes."""
        bullets: list[str] = []
        for name in self.mapping.of("bullets"):
            if name in row:
                bullets.extend(bullet_points(row[name]))
        attributes = [tag for name in self.mapping.of("attributes") if name in row for tag in tags(row[name])]
        features: list[tuple[str, str]] = []
        for name in self._packed:
            if name in row:
                pairs, single = feature_pairs(row[name])
                features.extend(pairs)
                bullets.extend(single)
        for name, value in row.items():
            feature = self._features.get(name)
            if feature is not None:
                features.extend((feature, text) for text in feature_values(value))
        return tuple(bounded(bullets)), tuple(features[:MAX_FEATURES]), tuple(attributes[:MAX_FEATURES])

    def _images(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for name in self.mapping.of("image"):
            if name in row:
                found.update(dict.fromkeys(addresses(row[name])))
        return tuple(found)[:100]

    def _availability(self, row: Mapping[str, Any]) -> str:
        value = self._first(row, "availability")
        return availability(value) if value is not None else ""

    def _rating(self, row: Mapping[str, Any]) -> float | None:
        match = _RATING.fullmatch(text_of(self._first(row, "rating")).strip())
        rating = float(match[1].replace(",", ".")) if match else math.nan
        return round(rating, 2) if 0 < rating <= 5 else None

    def _count(self, row: Mapping[str, Any]) -> int | None:
        digits = re.sub(r"[,.' ](?=\d{3}\b)|\.0$", "", text_of(self._first(row, "rating_count")).strip())
        return int(digits) if digits.isdecimal() and len(digits) < 12 else None

    def _forms(self, row: Mapping[str, Any], names: Sequence[str]) -> tuple[Form, ...]:
        value = parsed(self._first(row, "variants"))
        if not isinstance(value, list):
            return ()
        if len(value) > MAX_OPTIONS:
            raise RowError("too many variants", f"{len(value)} variants; {MAX_OPTIONS} are read")
        return tuple(self._form(each, names, self.currency(row)) for each in value if isinstance(each, dict))

    def _form(self, row: Mapping[str, Any], names: Sequence[str], currency: str) -> Form:
        options = {name: values[0] for name, values in option_lists(row.get("options")).items() if values}
        options |= {name: values[0] for name, values in option_lists(row.get("selectedOptions")).items() if values}
        for number, name in enumerate(names, 1):
            if text := plain(text_of(row.get(f"option{number}"))):
                options.setdefault(name, text)
        for name in ("color", "size", "material", "pattern"):
            if isinstance(row.get(name), str):
                options.setdefault(name, plain(row[name]))
        offer = row.get("offers") if isinstance(row.get("offers"), dict) else {}
        price, code = row.get("price", (offer or {}).get("price")), currency
        if isinstance(price, dict):  # in the smallest unit, as the Universal Commerce Protocol has it
            code, price = str(price.get("currency", currency)), price.get("amount")
            amount = parse_price(price, PriceRules(minor_units=True), code)
        else:
            amount = self._priced(price, "variants.price", (offer or {}).get("priceCurrency") or currency)
        stock = next((row[k] for k in ("availability", "available", "inventory_quantity") if k in row), None)
        stock = (offer or {}).get("availability") if stock is None else stock
        return Form(
            id=identifier_of(next((row[k] for k in ("sku", "id", "gtin", "@id") if row.get(k)), None)),
            title=plain(text_of(row.get("title") or row.get("name"))),
            options=options,
            price=Price(amount.amounts, code),
            availability=availability(stock) if stock is not None else "",
            image=next(iter(addresses(row.get("image") or row.get("featured_image"))), ""),
        )
