"""Which field of a feed is what: recognised, or read from a mapping file that a person edited."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args

from shoprl.errors import ConfigError
from shoprl.feeds.prices import PriceRules
from shoprl.files import write_bytes
from shoprl.reading import read_bytes

Target = Literal[
    "id", "group", "title", "description", "bullets", "price", "sale_price", "currency", "category", "type", "brand",
    "image", "variant_image", "url", "availability", "rating", "rating_count", "attributes", "features", "options",
    "variants",
]  # fmt: skip
TARGETS: tuple[str, ...] = get_args(Target)
_TABLES = ("fields", "options", "features", "prices", "ignored")
_MOST = 1 << 22  # bytes of a mapping file


@dataclass(frozen=True)
class PriceSettings:
    """What a person says of a feed's prices; what is None is found out.

    Attributes:
        currency: the code of prices that name none.
        decimal: the sign before decimals.
        minor_units: whether whole numbers are hundredths, such as cents.
    """

    currency: str | None = None
    decimal: Literal[".", ","] | None = None
    minor_units: bool | None = None


@dataclass(frozen=True)
class FeedMapping:
    """What each field of a feed is.

    Attributes:
        fields: target -> the feed's fields, the first that a row holds counting; all of them for bullets, attributes,
            features and images. A name that ends in ``*`` stands for all that begin so.
        options: option's name -> the field with its value; a name in braces is read from the field of that name.
        features: feature's name -> the field with its value.
        prices: how prices are to be read.
        ignored: fields that nothing is taken from.
        why: field -> the reason it was recognised by.
    """

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    features: Mapping[str, str] = field(default_factory=dict)
    prices: PriceSettings = PriceSettings()
    ignored: tuple[str, ...] = ()
    why: Mapping[str, str] = field(default_factory=dict)

    def of(self, target: Target) -> tuple[str, ...]:
        """The feed's fields of one target."""
        return self.fields.get(target, ())

    @property
    def used(self) -> tuple[str, ...]:
        """All fields that something is taken from."""
        names = [name for target in self.fields.values() for name in target]
        braced = [name[1:-1] for name in self.options if is_braced(name)]
        return tuple(dict.fromkeys((*names, *self.options.values(), *braced, *self.features.values())))

    def to_json(self) -> dict[str, Any]:
        """The mapping in JSON-able form, without the reasons."""
        prices = {item.name: getattr(self.prices, item.name) for item in fields(self.prices)}
        return {
            "fields": {target: list(names) for target, names in self.fields.items()},
            "options": dict(self.options),
            "features": dict(self.features),
            "prices": {name: value for name, value in prices.items() if value is not None},
            "ignored": list(self.ignored),
        }


def mapping_from_json(row: dict[str, Any]) -> FeedMapping:
    """What :meth:`FeedMapping.to_json` gave."""
    fields = {target: tuple(names) for target, names in row["fields"].items()}
    return FeedMapping(fields, row["options"], row["features"], PriceSettings(**row["prices"]), tuple(row["ignored"]))


def is_braced(name: str) -> bool:
    """Whether an option's name is read from a field."""
    return len(name) > 2 and name[0] == "{" and name[-1] == "}"


def with_rules(mapping: FeedMapping, rules: PriceRules) -> PriceRules:
    """The rules found out, with what a person said in their place."""
    said = mapping.prices
    return PriceRules(
        said.decimal or rules.decimal,
        rules.thousands and said.decimal is None,
        rules.long_decimals,
        rules.minor_units if said.minor_units is None else said.minor_units,
        rules.maybe_minor and said.minor_units is None,
    )


def write_mapping(path: Path, mapping: FeedMapping, about: str) -> None:
    """Write a mapping file for a person to edit, atomically.

    Args:
        path: where to.
        mapping: what was recognised.
        about: the feed's name.
    """
    plain = mapping.to_json()
    lines = [
        f"# What each field of {json.dumps(about)} is. Edit it, then import with --map.",
        "# fields: the first name that a row holds counts; of bullets, attributes, features and image all are taken.",
        f"# They may be: {', '.join(TARGETS)}.",
        "",
        "[fields]",
        *_lines(plain["fields"], mapping.why),
        "",
        "# An option's name = the field with its value; a name in braces is read from the field of that name.",
        "[options]",
        *_lines(plain["options"], mapping.why),
        "",
        "# A feature's name = the field with its value.",
        "[features]",
        *_lines(plain["features"], mapping.why),
        "",
        '# currency = "EUR" (of prices that name none), decimal = "," or ".", minor_units = true (4995 is 49.95).',
        "[prices]",
        *_lines(plain["prices"], {}),
        "",
        "[ignored]",
        f"fields = {_toml(list(filter(_writable, plain['ignored'])))}",
        "",
    ]
    write_bytes(path, "\n".join(lines).encode(errors="replace"))


def _lines(table: Mapping[str, Any], why: Mapping[str, str]) -> list[str]:
    lines = []
    for name, value in table.items():
        if not _writable(name) or not all(map(_writable, value if isinstance(value, list) else [value])):
            continue
        first = value[0] if isinstance(value, list) and value else value
        reason = why.get(first, "") if isinstance(first, str) else ""
        lines.append(f"{_toml(name)} = {_toml(value)}" + (f"  # {_toml(reason)[1:-1]}" if reason else ""))
    return lines


def _toml(value: Any) -> str:
    """A value in TOML; its basic strings are JSON's, but for the delete character and pairs of surrogates."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _writable(value: object) -> bool:
    """Whether TOML can hold a value; half a pair of surrogates in a name it cannot."""
    return not isinstance(value, str) or not any("\ud800" <= char <= "\udfff" for char in value)


def read_mapping(path: Path) -> FeedMapping:
    """Read a mapping file.

    Raises:
        ConfigError: it is missing, no TOML, or holds something that a mapping does not; the message names the key.
    """
    try:
        row = tomllib.loads(read_bytes(path, ConfigError, _MOST).decode())
    except (ValueError, RecursionError) as error:  # bad TOML, bad UTF-8
        raise ConfigError(f"{path}: not a mapping file in TOML ({str(error)[:200]}). Fix the line.") from error
    _known(path, "table", row, _TABLES)
    for name, table in row.items():
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: {name!r} is no table. Write [{name}] on a line of its own.")
    _known(path, "field", row.get("fields", {}), TARGETS)
    names = {target: _names(path, target, value) for target, value in row.get("fields", {}).items()}
    tables = {name: row.get(name, {}) for name in ("options", "features")}
    for name, table in tables.items():
        for key, value in table.items():
            if not isinstance(value, str):
                raise ConfigError(f"{path}: {name}.{key}: must be the name of one field of the feed, as text.")
    ignored = row.get("ignored", {})
    _known(path, "key", ignored, ("fields",))
    return FeedMapping(
        {target: each for target, each in names.items() if each},
        tables["options"],
        tables["features"],
        _price_settings(path, row.get("prices", {})),
        _names(path, "ignored.fields", ignored.get("fields", [])),
    )


def _known(path: Path, what: str, table: Mapping[str, Any], known: Sequence[str]) -> None:
    for name in table:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            raise ConfigError(f"{path}: no such {what}: {name[:60]!r}.{meant} Known are {', '.join(known)}.")


def _names(path: Path, target: str, value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"{path}: {target}: must be the name of a field of the feed, or a list of names.")
    return tuple(names)


def _price_settings(path: Path, row: Mapping[str, Any]) -> PriceSettings:
    _known(path, "setting of prices", row, [item.name for item in fields(PriceSettings)])
    currency, decimal, minor = (row.get(item.name) for item in fields(PriceSettings))
    if currency is not None and not (isinstance(currency, str) and len(currency) == 3 and currency.isalpha()):
        raise ConfigError(f"{path}: prices.currency: must be a code of three letters such as 'EUR'.")
    if decimal not in (None, ".", ","):
        raise ConfigError(f"{path}: prices.decimal: must be '.' or ','.")
    if minor is not None and not isinstance(minor, bool):
        raise ConfigError(f"{path}: prices.minor_units: must be true or false.")
    return PriceSettings(currency.upper() if currency else None, decimal, minor)
