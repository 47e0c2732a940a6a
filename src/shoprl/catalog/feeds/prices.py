"""Prices as feeds write them: with signs and codes of currencies, decimal commas, ranges, in cents.

How a file writes its decimals is decided by all of its prices together (:class:`PriceEvidence`), since ``1,234`` alone
may be either. A price that stays in doubt is a fault, never a guess.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from shoprl.catalog.money import DECIMALS, SIGNS

MAX_PRICE = 1e12
Decimal = Literal[".", ","]

_ABSENT = frozenset(
    ("", "-", "--", "n/a", "na", "nan", "none", "null", "unknown", "tbd", "tba", "call", "call for price", "on request",
     "price on request", "poa", "see price in cart", "?")
)  # fmt: skip
# Longer signs first, so that "CA$" is not read as "$".
_CURRENCY_SIGNS = sorted(
    (SIGNS_OF := {sign: code for code, sign in SIGNS.items()} | {"US$": "USD", "C$": "CAD", "AU$": "AUD", "NT$": "TWD",
     "kr": "", "CHF": "CHF", "Fr.": "CHF", "zł": "PLN", "Kč": "CZK", "₽": "RUB", "Rs.": "INR", "Rs": "INR", "元": "CNY",
     "円": "JPY", "R$": "BRL", "dollars": "USD", "dollar": "USD", "euros": "EUR", "euro": "EUR", "pounds": "GBP"}),
    key=len,
    reverse=True,
)  # fmt: skip
_CODE = re.compile(r"(?<![A-Za-z])([A-Z]{3})(?![A-Za-z])")
_AMOUNT = re.compile(r"\d+(?:[.,'’\u00a0\u202f ]\d+)*(?:[.,](?=-|–|—|$|\s))?")
_WORDS = re.compile(
    r"\b(?:from|starting at|as low as|now|only|price|ab|von|bis|to|incl\.?|excl\.?|vat|inkl\.?|mwst\.?)\b[:.]?", re.I
)
_LEFT = re.compile(r"[\s:*~]*(?:[-–—/][\s]*)?[\s:*~]*")
_ENDINGS = frozenset((99, 98, 97, 95, 94, 90, 49, 45, 44))
_FEW = 20  # prices; fewer do not show that a file counts in cents


class PriceError(ValueError):
    """A price that cannot be understood; the message says why.

    Attributes:
        reason: a fixed phrase to count by.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Price(NamedTuple):
    """One price or a range.

    Attributes:
        amounts: one or two, ascending; empty where unknown.
        currency: its code, or an empty string where the price names none.
    """

    amounts: tuple[float, ...]
    currency: str = ""


UNKNOWN = Price(())


@dataclass(frozen=True)
class PriceRules:
    """How a file writes prices.

    Attributes:
        decimal: the sign before decimals; None where no price shows it.
        thousands: whether an amount such as ``1,234`` has thousands, where no price shows a decimal sign.
        long_decimals: whether some prices have more than two decimals.
        minor_units: whether whole numbers are hundredths, such as cents.
    """

    decimal: Decimal | None = None
    thousands: bool = False
    long_decimals: bool = False
    minor_units: bool = False


@dataclass
class PriceEvidence:
    """What the prices of a file say about how they are written; :meth:`add` all of them, then ask for the rules."""

    points: int = 0
    commas: int = 0
    doubtful: int = 0
    whole: Counter[int] = field(default_factory=Counter)
    broken: int = 0
    long: int = 0
    largest_whole: int = 0
    most: int = 0
    least: int = 1 << 60

    def add(self, value: Any) -> None:
        """Take a price as the file writes it into account."""
        if isinstance(value, int) and not isinstance(value, bool):
            self._add_whole(value)
        elif isinstance(value, float):
            self.broken += value != int(value) if math.isfinite(value) else 0
            if math.isfinite(value) and value == int(value):
                self._add_whole(int(value))
        elif isinstance(value, str):
            for found in _AMOUNT.findall(value[:200]):
                self._add_digits(found)

    def _add_whole(self, number: int) -> None:
        self.whole[number % 100] += 1
        self.most, self.least = max(self.most, number), min(self.least, number)

    def _add_digits(self, found: str) -> None:
        digits = found.rstrip(".,")
        kind = decimal_of(digits)
        if kind == "none":
            if digits.isdigit() and len(digits) < 16:
                self._add_whole(int(digits))
                self.largest_whole = max(self.largest_whole, int(digits))
        elif kind == "doubt":
            self.doubtful += 1
        elif kind in (".", ","):
            self.broken += 1
            self.points += kind == "."
            self.commas += kind == ","
            self.long += len(digits.rpartition(kind)[2]) > 3

    def rules(self, currencies: Sequence[str] = ()) -> PriceRules:
        """How the file writes prices.

        Args:
            currencies: the codes of those it names.
        """
        decimal: Decimal | None = None
        if self.points or self.commas:
            decimal = "." if self.points >= self.commas else ","
        plain = sum(self.whole.values())
        thousands = decimal is None and plain > 0 and self.largest_whole < 1_000
        return PriceRules(decimal, thousands, self.long > 0, self._in_hundredths(plain, currencies))

    def _in_hundredths(self, plain: int, currencies: Sequence[str]) -> bool:
        """Whether all are whole numbers that end as prices in cents do: 4995, 1299, 10944."""
        if self.broken or self.doubtful or plain < _FEW or self.least < min(_ENDINGS) or self.most < 1_000:
            return False
        if any(DECIMALS.get(code, 2) != 2 or code == "INR" for code in currencies):
            return False
        return sum(self.whole[ending] for ending in _ENDINGS) >= 0.95 * plain


def decimal_of(digits: str) -> Literal[".", ",", "none", "doubt", "wrong"]:
    """The sign before an amount's decimals, as far as the amount alone shows it; see :class:`PriceRules`."""
    signs = [char for char in digits if not char.isdigit()]
    if not signs:
        return "none"
    last = signs[-1]
    if last not in ".,":
        return "none" if _grouped(digits, last) else "wrong"
    head, _, tail = digits.rpartition(last)
    others = set(signs[:-1])
    if last in others:  # 1.234.567
        return "none" if len(others) == 1 and _grouped(digits, last) else "wrong"
    if others:  # 1.234,56
        return (last) if len(others) == 1 and _grouped(head, signs[0]) else "wrong"  # type: ignore[return-value]
    if len(tail) == 3 and len(head) <= 3 and not head.startswith("0"):
        return "doubt"
    return last  # type: ignore[return-value]


def _grouped(digits: str, sign: str) -> bool:
    """Whether a whole number is written in groups of three (or two, as in India, before the last)."""
    first, *rest = digits.split(sign)
    return bool(rest) and 1 <= len(first) <= 3 and len(rest[-1]) == 3 and all(len(part) in (2, 3) for part in rest)


def parse_price(value: Any, rules: PriceRules, currency: str = "") -> Price:
    """The price that a field holds.

    Args:
        value: text or a number; lists and objects are taken apart by the caller.
        rules: how the file writes prices.
        currency: the code that another field names, of use to know the smallest unit.

    Raises:
        PriceError: it holds something other than a price, or its meaning stays in doubt.
    """
    if value is None or isinstance(value, bool):
        return UNKNOWN
    if isinstance(value, int | float):
        return Price((_checked(_units(value, rules, currency), value),)) if not _is_nan(value) else UNKNOWN
    text = str(value).strip()
    if text.casefold() in _ABSENT:
        return UNKNOWN
    if len(text) > 200:
        raise PriceError("price is not a price", f"a price of {len(text)} characters")
    return _parse_text(text, rules, currency)


def _is_nan(value: float) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _units(value: float, rules: PriceRules, currency: str) -> float:
    if rules.minor_units and value == int(value):
        return float(value) / float(10 ** DECIMALS.get(currency, 2))
    return float(value)


def _checked(amount: float, shown: object) -> float:
    if not math.isfinite(amount) or amount > MAX_PRICE:
        raise PriceError("price is too large", f"{str(shown)[:60]!r} is no price that can be paid")
    if amount < 0:
        raise PriceError("price is negative", f"{str(shown)[:60]!r} is below 0")
    return amount


def _parse_text(text: str, rules: PriceRules, currency: str) -> Price:
    rest, found = _without_currency(text)
    if re.match(r"\s*[-−(]\s*\d", rest):
        raise PriceError("price is negative", f"{text!r} is below 0")
    if re.search(r"\d[eE][+-]?\d", rest):
        raise PriceError("price is not a price", f"{text!r} is written with an exponent")
    rest = _WORDS.sub(" ", rest)
    parts = _AMOUNT.findall(rest)
    between = _AMOUNT.sub("\0", rest).replace("-\0", "-\0").split("\0")
    clear = all(_LEFT.fullmatch(piece.replace(".", "").replace(",", "")) for piece in between)
    if not parts or len(parts) > 2 or not clear:
        raise PriceError("price is not a price", f"{text!r} holds something other than an amount or a range")
    amounts = sorted(_checked(_amount(part.rstrip(".,"), rules, found or currency, text), text) for part in parts)
    return Price(tuple(dict.fromkeys(amounts)), found)


def _without_currency(text: str) -> tuple[str, str]:
    """A price without the sign or code of its currency, and the code."""
    found = ""
    for code in _CODE.findall(text):
        if code not in ("VAT", "RRP", "UVP"):
            found = found or code
        text = text.replace(code, " ")
    for sign in _CURRENCY_SIGNS:
        if sign in text:
            found = found or SIGNS_OF[sign]
            text = text.replace(sign, " ")
    return text, found


def _amount(digits: str, rules: PriceRules, currency: str, text: str) -> float:
    kind = decimal_of(digits)
    if kind == "wrong":
        raise PriceError("price is not a price", f"{text!r}: its digits are grouped in no usual way")
    if kind == "none":
        number = int("".join(filter(str.isdecimal, digits)) or "0")
        return _units(number, rules, currency) if digits.isdecimal() else float(number)
    if kind == "doubt":
        return _of_doubt(digits, rules, text)
    signs = {char for char in digits if not char.isdigit()}
    if rules.decimal is not None and kind != rules.decimal and len(signs) == 1:
        raise PriceError(
            "price is in doubt",
            f"{text!r} has a decimal {_NAMES[kind]} where the file's other prices have a {_NAMES[rules.decimal]}",
        )
    head, _, tail = digits.rpartition(kind)
    return float(f"{''.join(filter(str.isdecimal, head))}.{tail}")


def _of_doubt(digits: str, rules: PriceRules, text: str) -> float:
    """The amount of ``1,234``: with thousands or with three decimals."""
    sign = "," if "," in digits else "."
    if rules.decimal == sign and rules.long_decimals:
        return float(digits.replace(sign, "."))
    if rules.decimal == sign or (rules.decimal is None and not rules.thousands):
        raise PriceError("price is in doubt", f"{text!r} may have thousands or decimals, and no other price says which")
    return float(digits.replace(sign, ""))


_NAMES: Mapping[str, str] = {".": "point", ",": "comma"}
