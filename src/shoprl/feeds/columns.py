"""The fields of a feed under one name each, and what is found in them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

MAX_COLUMNS = 50_000  # further ones are left out
SAMPLES = 3
_DEPTH = 6
_DISTINCT = 200  # values of a field that are told apart
_FEW = 20  # rows; fewer do not show whether values repeat
_SHORT = 60  # characters of a value that a shopper could choose by
_URL = re.compile(r"(?:https?:)?//\S+", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ].*)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}(?: .*)?")
_CODE = re.compile(r"\d")
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?")
# Lists and objects under these names are one field, and are taken apart by what reads them.
_STRUCTURES = (
    "variants hasvariant options variantdict productspecification productspecifications "
    "selectedoptions customizationoptions productoptions additionalproperty "
    "additionalproperties features productfeatures attributes specifications specs details productdetails "
    "technicaldetails properties productdetail customattributes metafields images media hierarchicalcategories "
    "categories breadcrumbs itemlistelement graph optionvalues"
)
STRUCTURES = frozenset(_STRUCTURES.split())


def plain_name(name: str) -> str:
    """A field's name blind to case and punctuation; Google's prefix ``g:`` is left out."""
    return "".join(filter(str.isalnum, name.casefold().removeprefix("g:")))


_structures = lru_cache(maxsize=10_000)(lambda key: plain_name(key) in STRUCTURES)
_RANGE = {"lowPrice", "highPrice"}


def flatten(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A row with one name a value: nested objects become ``offers.price``, empty values are left out."""
    if all(type(value) is str and value and not value.isspace() for value in fields.values()):
        return {name.strip(): value for name, value in fields.items()}  # a row of a table
    return dict(_flat(fields, "", 0))


def _flat(fields: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth and fields.keys() >= _RANGE and fields.get("price") is None:  # schema.org's AggregateOffer
        yield f"{prefix}price", [fields["lowPrice"], fields["highPrice"]]
    for key, value in fields.items():
        name = f"{prefix}{key}".strip()
        if isinstance(value, str):
            if value and not value.isspace():
                yield name, value
        elif value is None or value != value or (isinstance(value, list | dict) and not value):
            continue
        elif isinstance(value, dict) and not _structures(str(key)) and depth < _DEPTH:
            yield from _flat(value, f"{name}.", depth + 1)
        elif isinstance(value, list) and isinstance(value[0], dict) and not _structures(str(key)):
            yield from _joined(value, name, depth)
        else:
            yield name, value


def _joined(rows: list[Any], name: str, depth: int) -> Iterator[tuple[str, Any]]:
    """The values of a list of objects, those of one name together."""
    together: dict[str, list[Any]] = {}
    for row in rows[:1_000]:
        if isinstance(row, dict) and depth < _DEPTH:
            for inner, value in _flat(row, f"{name}.", depth + 1):
                together.setdefault(inner, []).extend(value if isinstance(value, list) else [value])
    for inner, values in together.items():
        yield inner, values[0] if len(values) == 1 else values


def sample_of(value: Any) -> str:
    """The start of a value as text, whatever its size."""
    if isinstance(value, dict):
        return f"{{{', '.join(list(value)[:5])}}}"
    if isinstance(value, list):
        return f"[{', '.join('...' if isinstance(each, list) else sample_of(each) for each in value[:3])}]"
    if isinstance(value, int) and abs(value) >> 64:
        return "a whole number of many digits"
    return str(value)


@dataclass
class Column:
    """What is found in one field.

    Attributes:
        name: as the feed writes it.
        rows: how many hold it.
        samples: the first values that differ, bounded in length.
        distinct: values that differ, up to a bound.
        numbers, urls, flags, dates, lists, short: how many of the values looked at are of that kind.
        looked: how many were looked at.
        sources: the files that have it.
    """

    name: str
    rows: int = 0
    samples: list[str] = field(default_factory=list)
    distinct: set[str] = field(default_factory=set)
    numbers: int = 0
    urls: int = 0
    flags: int = 0
    dates: int = 0
    lists: int = 0
    short: int = 0
    looked: int = 0
    sources: set[str] = field(default_factory=set)

    def look(self, value: Any) -> None:
        """Take a value into account."""
        self.looked += 1
        text = (value if isinstance(value, str) else sample_of(value))[:200].strip()
        if len(self.samples) < SAMPLES and text not in self.samples:
            self.samples.append(text)
        if len(self.distinct) < _DISTINCT:
            self.distinct.add(text[:_SHORT])
        self.lists += isinstance(value, list | dict) or (text[:1] in ("[", "{") and str(value).rstrip()[-1:] in "]}")
        self.dates += _DATE.fullmatch(text) is not None
        self.short += len(text) <= _SHORT
        self.flags += isinstance(value, bool) or text.casefold() in ("true", "false", "yes", "no")
        self.numbers += isinstance(value, int | float) or _NUMBER.fullmatch(text) is not None
        self.urls += _URL.fullmatch(text) is not None

    def share(self, count: int) -> float:
        """A count as a share of the values looked at."""
        return count / self.looked if self.looked else 0.0

    @property
    def is_facet(self) -> bool:
        """Whether a shopper could choose by it: short values, not numbers or addresses, that repeat."""
        if self.share(self.short) < 0.9 or self.share(self.urls) > 0.1 or self.share(self.lists) > 0.1:
            return False
        if self.share(self.numbers) > 0.5 or self.share(self.flags) > 0.9 or self.share(self.dates) > 0.1:
            return False
        if self.looked < _FEW:  # those that all differ and hold digits are numbers of articles
            return len(self.distinct) < self.looked or not all(map(_CODE.search, self.distinct))
        return 2 <= len(self.distinct) < min(_DISTINCT, 0.5 * self.looked)


class Columns(Mapping[str, Column]):
    """The fields of a feed in the order in which they occur.

    Attributes:
        left_out: how many names beyond :data:`MAX_COLUMNS` there were.
    """

    def __init__(self, look_at: int = 5_000) -> None:
        self._columns: dict[str, Column] = {}
        self._look_at, self.left_out, self.rows = look_at, 0, 0

    def add(self, fields: Mapping[str, Any], source: str = "") -> None:
        """Take a flattened row of a file into account."""
        self.rows += 1
        for name, value in fields.items():
            column = self._columns.get(name)
            if column is None:
                if len(self._columns) >= MAX_COLUMNS:
                    self.left_out += 1
                    continue
                column = self._columns[name] = Column(name)
            column.rows += 1
            column.sources.add(source)
            if column.looked < self._look_at:
                column.look(value)

    def __getitem__(self, name: str) -> Column:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)
