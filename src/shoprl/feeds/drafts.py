"""Reads what one row of a feed says of a product."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, get_args

from shoprl.catalog.webshop import MAX_OPTION, MAX_OPTIONS, MAX_TEXT, MAX_TITLE
from shoprl.feeds.columns import Column, plain_name
from shoprl.feeds.mapping import FeedMapping, Target, is_braced
from shoprl.feeds.prices import UNKNOWN, Price, PriceError, PriceRules, parse_price, without_currency
from shoprl.feeds.texts import plain, text_and_items
from shoprl.feeds.values import (
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

_RATING = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:(?:/|out of|von)\s*5.*|stars?)?", re.IGNORECASE)


class Form(NamedTuple):
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


class Draft(NamedTuple):  # made for each row, in a fifth of the time of a frozen dataclass
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
        own_image: address of the picture of the row's variant.
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
    options: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    features: tuple[tuple[str, str], ...] = ()
    attributes: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    url: str = ""
    availability: str = ""
    rating: float | None = None
    rating_count: int | None = None
    forms: tuple[Form, ...] = ()
    own_image: str = ""


class Drafter:
    """Reads rows by a mapping.

    Args:
        mapping: what each field is.
        rules: how the feed writes prices.
        columns: the feed's fields.

    Attributes:
        unnamed: prices read so far that no currency was named for.
        raised: sale prices read so far that are above the usual price.
    """

    def __init__(self, mapping: FeedMapping, rules: PriceRules, columns: Iterable[str] | Mapping[str, Column]) -> None:
        self.mapping, self.rules, self.unnamed, self.raised = mapping, rules, 0, 0
        self._names: dict[str, tuple[str, ...]] = {target: mapping.of(target) for target in get_args(Target)}
        group, self._currencies = mapping.of("group"), bool(mapping.of("currency"))
        self._rated = bool(mapping.of("rating") or mapping.of("rating_count"))
        self._parents = bool(group) and plain_name(group[0]).startswith("parent")
        self._variant_images = bool(mapping.of("variant_image"))
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
        images = self._images(row)
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
            images=images,
            url=next(filter(None, (address(row[name]) for name in self._names["url"] if name in row)), ""),
            availability=self._availability(row),
            rating=self._rating(row),
            rating_count=self._count(row),
            forms=self._forms(row, tuple(options)),
            own_image=self._own_image(row, images),
        )

    def _first(self, row: Mapping[str, Any], target: Target) -> Any:
        for name in self._names[target]:
            if name in row:
                return row[name]
        return None

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
        group = identifier_of(self._first(row, "group"))
        if group or not self._parents:
            return group
        names = self._names["id"]  # a parent itself; WooCommerce's variations name it by its SKU, else so: id:44
        own = self.identifier(row)
        return own if not own or len(names) < 2 or names[0] in row else f"id:{own}"

    def _title(self, row: Mapping[str, Any]) -> str:
        title = plain(text_of(self._first(row, "title")))
        if len(title) > MAX_TITLE:
            raise RowError("title is too long", f"a title of {len(title)} characters; {MAX_TITLE} are read")
        return title

    def _own_image(self, row: Mapping[str, Any], images: Sequence[str]) -> str:
        if not self._variant_images:
            return images[0] if images else ""
        return next(iter(addresses(self._first(row, "variant_image"))), "")

    def currency(self, row: Mapping[str, Any]) -> str:
        """The code of the currency that the row names, else the mapping's."""
        said = self.mapping.prices.currency or ""
        return currency_of(self._first(row, "currency"), said) if self._currencies else said

    def price(self, row: Mapping[str, Any]) -> Price:
        """The row's price: what it is sold at now, else the usual one; a sale above the usual price is none.

        Raises:
            RowError: a price cannot be understood.
        """
        price = self._current(row)
        self.unnamed += bool(price.amounts) and not price.currency
        return price

    def _current(self, row: Mapping[str, Any]) -> Price:
        sale = next((price for price in self._prices(row, "sale_price") if max(price.amounts) > 0), UNKNOWN)
        usual = next(self._prices(row, "price"), UNKNOWN)
        if not sale.amounts or (
            usual.amounts and sale.currency == usual.currency and sale.amounts > usual.amounts > (0,)
        ):
            self.raised += bool(sale.amounts)
            return usual
        return sale

    def _prices(self, row: Mapping[str, Any], target: Target) -> Iterator[Price]:
        """The prices that are known, of the fields of a target."""
        for name in self._names[target]:
            if name in row and (price := self._priced(row[name], name, self.currency(row))).amounts:
                yield price

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
        for name in reversed(self._names["description"]):  # the short one first
            if name in row:
                text, found = text_and_items(_paragraphs(row[name]))
                items = items or found
                if text and not any(text in other for other in texts):
                    texts = [other for other in texts if other not in text] + [text]
        if not texts and items:
            return " ".join(items)[:MAX_TEXT], items
        return " ".join(texts)[:MAX_TEXT], items

    def _category(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        for name in self._names["category"]:
            if name in row and (path := category_path(row[name])):
                return path
        return ()

    def _options(self, row: Mapping[str, Any], option_names: Mapping[str, str]) -> Values:
        options: Values = {}
        for name, column in self.mapping.options.items():
            if column not in row:
                continue
            if is_braced(name):
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
        for name in self._names["bullets"]:
            if name in row:
                bullets.extend(bullet_points(row[name]))
        attributes = [tag for name in self._names["attributes"] if name in row for tag in tags(row[name])]
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
        for name in self._names["image"]:
            if name in row:
                found.update(dict.fromkeys(addresses(row[name])))
        return tuple(found)[:100]

    def _availability(self, row: Mapping[str, Any]) -> str:
        value = self._first(row, "availability")
        return availability(value) if value is not None else ""

    def _rating(self, row: Mapping[str, Any]) -> float | None:
        if not self._rated:
            return None
        match = _RATING.fullmatch(text_of(self._first(row, "rating")).strip())
        rating = float(match[1].replace(",", ".")) if match else math.nan
        return round(rating, 2) if 0 < rating <= 5 else None

    def _count(self, row: Mapping[str, Any]) -> int | None:
        if not self._rated:
            return None
        digits = re.sub(r"[,.' ](?=\d{3}\b)|\.0$", "", text_of(self._first(row, "rating_count")).strip())
        return int(digits) if digits.isdecimal() and len(digits) < 12 else None

    def _forms(self, row: Mapping[str, Any], names: Sequence[str]) -> tuple[Form, ...]:
        value = forms_of(self.mapping, row)
        if len(value) > MAX_OPTIONS:
            raise RowError("too many variants", f"{len(value)} variants; {MAX_OPTIONS} are read")
        return tuple(self._form(each, names, self.currency(row)) for each in value)

    def _form(self, row: Mapping[str, Any], names: Sequence[str], currency: str) -> Form:
        options = _options_of(row, names)
        value, code = price_of(row, currency)
        price = self._priced(value, "variants.price", code)
        self.unnamed += bool(price.amounts) and not price.currency
        stock = next((row[k] for k in ("availability", "available", "inventory_quantity") if k in row), None)
        stock = _offer(row).get("availability") if stock is None else stock
        return Form(
            id=identifier_of(next((row[k] for k in ("sku", "id", "gtin", "@id") if row.get(k)), None)),
            title=plain(text_of(row.get("title") or row.get("name"))),
            options=options,
            price=price,
            availability=availability(stock) if stock is not None else "",
            image=next(iter(addresses(next((row[k] for k in _FORM_IMAGES if row.get(k)), None))), ""),
        )


def forms_of(mapping: FeedMapping, row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The variants that a row lists, as the feed writes them: in a list, or by number or name."""
    value = parsed(next((row[name] for name in mapping.of("variants") if name in row), None))
    value = list(value.values()) if isinstance(value, dict) else value
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


_FORM_IMAGES = ("image", "featured_image", "featuredImage", "image_url", "imageUrl", "images")


def _offer(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A variant's offer, the first of several."""
    offer = row.get("offers")
    offer = offer[0] if isinstance(offer, list) and offer else offer
    return offer if isinstance(offer, dict) else {}


def price_of(row: Mapping[str, Any], currency: str = "") -> tuple[Any, str]:
    """What a nested variant costs as the feed writes it, and the code of the currency."""
    offer = _offer(row)
    currency = currency_of(row.get("currency", offer.get("priceCurrency")), currency)
    price = next((each[k] for each in (row, offer) for k in ("sale_price", "price", "lowPrice") if each.get(k)), None)
    if isinstance(price, dict):
        currency = currency_of(price.get("currency", price.get("currencyCode")), currency)
        price = next((price[k] for k in ("amount", "value") if k in price), None)
    return price, currency


def currency_of(value: Any, said: str = "") -> str:
    """The code that a field of currencies names by code or sign, else the one said."""
    text = text_of(value).strip()
    if len(text) == 3 and text.isalpha() and text.isascii():
        return text.upper()
    try:
        return (without_currency(text, said)[1] if 0 < len(text) < 20 else "") or said
    except PriceError:
        return said


def _options_of(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """Option name -> value of a nested variant; ``names`` are those of option1, option2, ..."""
    options: dict[str, str] = {}
    for key in ("options", "selectedOptions", "option_values", "variant_options", "attributes"):
        options |= {name: values[0] for name, values in option_lists(row.get(key)).items() if values}
    for number, name in enumerate(names, 1):
        if text := plain(text_of(row.get(f"option{number}"))):
            options.setdefault(name, text[:MAX_OPTION])
    for name in ("color", "size", "material", "pattern"):
        if isinstance(row.get(name), str) and row[name].strip():
            options.setdefault(name, plain(row[name])[:MAX_OPTION])
    return options


def _paragraphs(value: Any) -> str:
    """A text, or the texts of a list."""
    value = parsed(value)
    text = " ".join(map(text_of, value[:1_000])) if isinstance(value, list) else text_of(value)
    return text if "\n" in text else text.replace("\\r", "").replace("\\n", "\n")  # WooCommerce's ends of lines
