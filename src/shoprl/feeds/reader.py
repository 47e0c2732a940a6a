"""Reads a feed into products: all rows are copied to disk once, then looked at together, then made into products.

Only so can a file say of itself how it writes prices, which rows are variants of one product wherever they stand, and
which are there twice; memory holds the identifiers of all rows and nothing else of them.
"""

import hashlib
import json
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from shoprl.catalog.ids import MAX_ASIN, asin_of
from shoprl.catalog.product import Product
from shoprl.catalog.records import Records, RecordWriter
from shoprl.errors import CatalogError
from shoprl.feeds.assembling import DEFAULT_CURRENCY, assemble
from shoprl.feeds.columns import Columns, flatten
from shoprl.feeds.drafts import Draft, Drafter, forms_of, price_of
from shoprl.feeds.entries import Fault, Row
from shoprl.feeds.mapping import FeedMapping, PriceSettings, is_braced, with_rules
from shoprl.feeds.prices import PriceEvidence, PriceRules, currency_in
from shoprl.feeds.recognise import check_mapping, recognise
from shoprl.feeds.summary import Summary
from shoprl.feeds.values import RowError, text_of
from shoprl.files import write_json_lines
from shoprl.progress import track

REJECTS = "rejects.jsonl"
SAMPLE = 10_000  # rows that showing a mapping looks at
_PRODUCT_TYPES = ("product", "productgroup", "individualproduct", "productmodel", "someproducts", "vehicle", "book")
_Stored = tuple[str, int, dict[str, Any]]  # source, line and fields of a row
_SEVERAL = 3  # currencies, none at all among them; from then on no one is the file's
_PLAIN, _MERGED, _REJECTED, _FOLLOWER = range(4)


class Rows(Protocol):
    """Rows of a feed, and what was found out while they were read."""

    @property
    def notes(self) -> Sequence[str]:
        """What a user should be told once."""

    def hashes(self) -> Mapping[str, str]:
        """Source -> sha256 of what was read."""

    def __iter__(self) -> Iterator[Row | Fault]: ...


@dataclass(frozen=True)
class Group:
    """The rows of one product.

    Attributes:
        identifier: the product's, as the feed writes it.
        drafts: what each row says.
        lines: source and line of each.
    """

    identifier: str
    drafts: tuple[Draft, ...]
    lines: tuple[tuple[str, int], ...]


class Feed:
    """The rows of a feed on disk, and what they mean.

    Args:
        rows: the feed.
        folder: where rows are copied to; made where it is missing.
        mapping: what each field is, and the file that says so; recognised when left out.
        first: only so many rows.
        known: what the fields of an earlier feed of the same shop were: those that this one has are the same, and it
            needs no title.

    Attributes:
        columns: the feed's fields.
        mapping: what each of them is.
        rules: how prices are written.
        summary: what became of the rows.
        rejects: the rows that nothing was made of.

    Raises:
        CatalogError: the feed cannot be read, holds no row, or no field is a title.
    """

    def __init__(
        self,
        rows: Rows,
        folder: Path,
        mapping: tuple[FeedMapping, Path] | None = None,
        first: int | None = None,
        known: FeedMapping | None = None,
    ) -> None:
        self.columns, self.summary, self.rejects = Columns(), Summary(), list[Fault]()
        self._folder, self._sources = folder / "rows", dict[str, int]()
        self._copy(rows, first)
        self._records: Sequence[bytes] = Records(self._folder)
        self._names = list(self._sources)
        if mapping is None:
            try:
                self.mapping = recognise(self.columns, len(self._records), known)
            except CatalogError as error:
                raise CatalogError(f"{self._named()}: {error}") from error
        else:
            self.mapping = replace(mapping[0], ignored=_unused(mapping[0], self.columns))
            check_mapping(self.mapping, self.columns, str(mapping[1]))
        self._state = bytearray(len(self._records))
        self._groups: dict[str, list[int]] = {}
        self._made_ids = not self.mapping.of("id")
        self.rules = self._look(self._drafter(PriceRules()))
        self._warn()

    def _drafter(self, rules: PriceRules) -> Drafter:
        return Drafter(self.mapping, rules, self.columns)

    def _copy(self, rows: Rows, first: int | None) -> None:
        with RecordWriter(self._folder) as records:
            for row in track(islice(_objects(rows), first), "reading", unit="row"):
                self.summary.rows += 1
                if isinstance(row, Fault):
                    self._reject(row)
                    continue
                try:
                    record, fields = self._record(row)
                except RowError as error:
                    self._refuse(row.source, row.line, error)
                    continue
                self.columns.add(fields, row.source)
                records.append(record)
            count = len(records)
            records.finish()
        self.summary.notes.extend(rows.notes)
        self.summary.sources = dict(rows.hashes())
        if not count:
            reasons = ", ".join(f"{reason} ({n:,})" for reason, n in self.summary.rejected.most_common(3))
            where = f" The first is in {self.rejects[0].source}, line {self.rejects[0].line}." if self.rejects else ""
            reasons = reasons or "there is nothing, or a header alone"
            raise CatalogError(f"{self._named()}: holds no row that can be read: {reasons}.{where}")

    def _named(self) -> str:
        """What the feed was read from, for messages."""
        names = list(self.summary.sources) or list(self._sources)
        return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")

    def _record(self, row: Row) -> tuple[bytes, dict[str, Any]]:
        """What is kept of a row on disk, and its fields."""
        kind = row.fields.get("@type")
        if kind and not any(_type_name(each) in _PRODUCT_TYPES for each in _list(kind)):
            raise RowError("not a product", f"its @type is {text_of(kind)[:60]!r}")
        try:
            fields = flatten(row.fields)
            source = self._sources.setdefault(row.source, len(self._sources))
            text = _encode([source, row.line, fields])
        except (RecursionError, ValueError, TypeError) as error:  # JSON in JSON in JSON; a number of 5,000 digits
            raise RowError("row cannot be stored", str(error)[:200]) from error
        if not fields:
            raise RowError("empty row", "no field holds anything")
        return text.encode(errors="surrogatepass"), fields

    def _reject(self, reject: Fault) -> None:
        self.rejects.append(reject)
        self.summary.rejected[reject.reason] += 1

    def _refuse(self, source: str, line: int, error: RowError) -> None:
        self._reject(Fault(source, line, error.reason, str(error)[:300]))

    def _row(self, number: int) -> _Stored:
        return self._decoded(self._records[number])

    def _decoded(self, record: bytes) -> _Stored:
        source, line, fields = json.loads(record.decode(errors="surrogatepass"))
        return self._names[source], line, fields

    def release(self) -> None:
        """Let go of the rows on disk and all that was kept of them, once products were made."""
        self._records, self._groups, self._state = (), {}, bytearray()

    def _look(self, drafter: Drafter) -> PriceRules:
        """Find rows that are there twice and rows of one product, and how prices are written."""
        evidence, seen, digests = PriceEvidence(), dict[str, int](), array("Q")
        prices = (*self.mapping.of("price"), *self.mapping.of("sale_price"))
        currencies: dict[str, None] = {}
        for number, record in enumerate(track(self._records, "comparing", unit="row")):
            source, line, fields = self._decoded(record)
            for name in prices:
                for value in _list(fields.get(name)):
                    evidence.add(value)
                    if isinstance(value, str) and len(currencies) < _SEVERAL and not value.isdecimal():
                        currencies[currency_in(value[:200])] = None
            for form in forms_of(self.mapping, fields):
                price, code = price_of(form)
                evidence.add(price)
                currencies[code] = None
            currencies[drafter.currency(fields)] = None
            text = _encode(dict(sorted(fields.items()))).encode(errors="surrogatepass")
            digests.append(int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()))
            try:
                self._place(number, drafter, fields, seen, digests)
            except RowError as error:
                self._state[number] = _REJECTED
                self._refuse(source, line, error)
        self._currencies = list(filter(None, currencies))
        return with_rules(self.mapping, evidence.rules(self._currencies))

    def _place(
        self, number: int, drafter: Drafter, fields: Mapping[str, Any], seen: dict[str, int], digests: "array[int]"
    ) -> None:
        group = drafter.group(fields)
        own = "" if self._made_ids else drafter.identifier(fields)
        if not own and not group:
            if not self._made_ids:
                raise RowError("no id", f"field {self.mapping.of('id')[0]!r} is empty, which other rows have an id in")
            own = self._made_id(fields)
        if own or group:
            key = own or f"{group}\n{digests[number]}"
            first = seen.setdefault(key, number)
            if first != number and digests[first] == digests[number]:
                self._state[number] = _MERGED
                self.summary.merged += 1
                return
            if first != number and own:
                source, line, _ = self._row(first)
                raise RowError(
                    "id occurs twice", f"id {own[:60]!r} stands in {source}, line {line} too, with another content"
                )
        if group:
            members = self._groups.setdefault(group, [])
            self._state[number] = _FOLLOWER if members else _PLAIN
            members.append(number)

    def _made_id(self, fields: Mapping[str, Any]) -> str:
        """An id of what hardly ever changes about a product."""
        names = [name for target in ("title", "brand", "description", "category", "image", "url")
                 for name in self.mapping.of(target)]  # fmt: skip
        text = _encode([fields.get(name) for name in names])
        return f"p{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:16]}"

    def _warn(self) -> None:
        summary, mapping = self.summary, self.mapping
        summary.fields_used = {target: list(names) for target, names in mapping.fields.items()}
        for what, table in (("options", mapping.options), ("features", mapping.features)):
            if table:
                summary.fields_used[what] = [*summary.fields_used.get(what, []), *table.values()]
        summary.fields_ignored = list(mapping.ignored)
        said = summary.warnings
        if self._made_ids:
            said.append("no field is an id: ids are made of title, brand, description, category and pictures")
        if self.rules.minor_units:
            said.append("prices are read in the smallest unit (4995 is 49.95); if that is wrong, say minor_units = "
                        "false in a mapping file")  # fmt: skip
        if self.rules.maybe_minor:
            said.append("prices are read as whole amounts (499 is 499.00), though they end as prices in the "
                        "smallest unit do; if that is wrong, say minor_units = true in a mapping file")  # fmt: skip
        if self.rules.decimal == ",":
            said.append("prices have decimal commas (41,75 is 41.75)")
        if self.columns.left_out:
            said.append(f"{self.columns.left_out:,} values stand in fields beyond the first {len(self.columns):,}")

    def groups(self) -> Iterator["Group"]:
        """Yield the rows of each product, in the order of their first rows; rows with faults are rejected."""
        drafter = self._drafter(self.rules)
        for number, record in enumerate(track(self._records, "products", unit="row")):
            if self._state[number] == _PLAIN:
                group = self._group(number, self._decoded(record), drafter)
                if group.drafts:
                    yield group
        if drafter.raised:
            self.summary.warnings.append(f"{drafter.raised:,} sale prices are above the usual price, which is taken")
        if drafter.unnamed:
            self.summary.warnings.append(
                f"{drafter.unnamed:,} prices name no currency, {self._currency()} is taken; "
                "say another one in a mapping file"
            )

    def _currency(self) -> str:
        """The currency of prices that name none: the mapping's, the only one that the feed names, or the usual one."""
        only = self._currencies[0] if len(self._currencies) == 1 else DEFAULT_CURRENCY
        return self.mapping.prices.currency or only

    def _group(self, number: int, first: _Stored, drafter: Drafter) -> "Group":
        name = drafter.group(first[2])
        drafts: list[Draft] = []
        lines: list[tuple[str, int]] = []
        option_names: dict[str, str] = {}
        for member in self._groups[name] if name else [number]:
            source, line, fields = first if member == number else self._row(member)
            for option in self.mapping.options:
                if is_braced(option) and option[1:-1] in fields:
                    option_names.setdefault(option[1:-1], text_of(fields[option[1:-1]]).strip())
            try:
                drafts.append(drafter.draft(fields, option_names))
                lines.append((source, line))
            except RowError as error:
                self._refuse(source, line, error)
        identifier = name or (drafts[0].id if drafts else "") or self._made_id(first[2])
        return Group(identifier, tuple(drafts), tuple(lines))

    def reject(self, group: "Group", error: RowError) -> None:
        """Reject all rows of a group."""
        for source, line in group.lines:
            self._refuse(source, line, error)

    def use(self, group: "Group", product: Product) -> None:
        """Count what a group's rows became."""
        self.summary.used += len(group.lines)
        self.summary.add(product)

    def products(self, named: Callable[[str, Set[str]], str] = asin_of) -> Iterator[Product]:
        """Yield the products, in the order of their first rows; afterwards summary and rejects are complete.

        Args:
            named: the ASIN of an identifier, and of the ASINs taken in lower case.
        """
        taken = set[str]()
        currency = self._currency()
        for group in self.groups():
            try:
                asin = named(group.identifier, taken)
                if len(asin) > MAX_ASIN:
                    raise RowError("id is too long", f"an id of {len(asin)} characters as actions name it")
                product = assemble(group.drafts, asin, currency)
                if product.asin.lower() in taken:
                    raise RowError("id occurs twice", f"id {group.identifier[:60]!r} is another product's group too")
            except RowError as error:
                self.reject(group, error)
                continue
            taken.add(product.asin.lower())
            self.use(group, product)
            yield product
        self.summary.conclude()
        self._sort_rejects()

    def _sort_rejects(self) -> None:
        self.rejects.sort(key=lambda reject: (self._sources.get(reject.source, 0), reject.line))

    def settled(self) -> FeedMapping:
        """The mapping with the rules found out, for later feeds of the same shop."""
        prices = PriceSettings(self._currency(), self.rules.decimal, self.rules.minor_units)
        return replace(self.mapping, prices=prices)

    def check(self, strict: bool) -> None:
        """Check that products were made, once all rows were looked at.

        Args:
            strict: whether a rejected row is an error.

        Raises:
            CatalogError: nothing was made, or, with ``strict``, a row was rejected; the message names the first.
        """
        self._sort_rejects()
        if self.rejects and (strict or not self.summary.products):
            reject = self.rejects[0]
            reasons = ", ".join(f"{reason} ({count:,})" for reason, count in self.summary.rejected.most_common(5))
            remedy = "Fix them, or import without --strict." if self.summary.products else "No product is left."
            raise CatalogError(
                f"{reject.source}: line {reject.line}: {reject.reason}: {reject.detail}. "
                f"{len(self.rejects):,} of {self.summary.rows:,} rows cannot be read: {reasons}. {remedy}"
            )

    def write_rejects(self, path: Path) -> None:
        """Write the rejected rows as JSON lines, atomically; no file where there are none."""
        if self.rejects:
            write_json_lines(path, (reject._asdict() for reject in self.rejects))


_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


def _type_name(value: Any) -> str:
    """``product`` of "https://schema.org/Product"."""
    return re.split("[/#:]", text_of(value).lower())[-1]


def _objects(rows: Iterable[Row | Fault]) -> Iterator[Row | Fault]:
    """Rows, and in the place of one that holds a JSON-LD graph or list the objects in it."""
    for row in rows:
        inner = row.fields.get("@graph") or row.fields.get("itemListElement") if isinstance(row, Row) else None
        if not isinstance(inner, list) or not isinstance(row, Row) or "name" in row.fields:
            yield row
            continue
        for each in inner:
            each = each.get("item", each) if isinstance(each, dict) else each
            yield row._replace(fields=each if isinstance(each, dict) else {"value": each})


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _unused(mapping: FeedMapping, columns: Iterable[str]) -> tuple[str, ...]:
    starred = tuple(name[:-1] for name in mapping.used if name.endswith("*"))
    return tuple(name for name in columns if name not in mapping.used and not (starred and name.startswith(starred)))
