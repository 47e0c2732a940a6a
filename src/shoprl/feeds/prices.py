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
_FREE = ("free", "gratis", "kostenlos")
# Codes of ISO 4217 in use; three other capitals, such as RRP, are no currency.
_CODES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL "
    "HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD "
    "MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN "
    "PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY "
    "TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW"
)
CODES = frozenset(_CODES.split())
_SIGNS_OF: Mapping[str, str] = {sign: code for code, sign in SIGNS.items()} | {
    "US$": "USD", "C$": "CAD", "AU$": "AUD", "NT$": "TWD", "S$": "SGD", "SFr.": "CHF", "Fr.": "CHF", "Kč": "CZK",
    "₽": "RUB", "Rs.": "INR", "Rs": "INR", "元": "CNY", "円": "JPY", "kr.": "", "kr": "", "Kr": "", "dollars": "USD",
    "dollar": "USD", "euros": "EUR", "euro": "EUR", "Euro": "EUR", "pounds": "GBP",
}  # fmt: skip
_SHARED = frozenset(
    ("$", "£", "¥", "kr", "kr.", "Kr", "Rs", "Rs.", "dollars", "dollar", "pounds")
)  # of several countries
# Longer signs first, so that "CA$" is not read as "$".
_SIGN = re.compile("|".join(map(re.escape, sorted(_SIGNS_OF, key=len, reverse=True))))
_CODE = re.compile(r"(?<![A-Za-z])([A-Za-z]{3})(?![A-Za-z])")
_APART = re.compile(r"\b(US|CA|C|AU|A|NZ|HK|SG|S|MX|R|NT)\s+(?=\$)")
_AMOUNT = re.compile(r"\d+(?:[.,'’\u00a0\u202f\u2009 ]\d+)*(?:[.,](?=-|–|—|$|\s))?")
_BARE = re.compile(r"(?<![\d.,'’])([.,])(?=\d)")  # .99
_WORDS = re.compile(
    r"\b(?:from|starting at|as low as|now|only|our price|price|m\.?r\.?p|rrp|uvp|msrp|vat|mwst|ttc|ht|incl|excl|inkl|"
    r"exkl|inc|ex|zzgl|ab|von|bis|to|à partir de|a partir de|a partire da|desde|dès|vanaf|från|fra|od)\b[:.]?|"
    r"/-(?!\s*\d)",
    re.IGNORECASE,
)
_LEFT = re.compile(r"[\s:*~+]*(?:[-–—/][\s]*)?[\s:*~+]*")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff]")
_SIMPLE = re.compile(r"\d{1,15}\.\d\d")
_ENDINGS = frozenset((99, 98, 97, 95, 94, 90, 49, 45, 44))
_FEW = 20  # prices; fewer do not show that a file counts in cents
_USUAL = 1_000  # half of a catalogue's prices in cents are above this one


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
        maybe_minor: whether they might be, and are not taken for it.
    """

    decimal: Decimal | None = None
    thousands: bool = False
    long_decimals: bool = False
    minor_units: bool = False
    maybe_minor: bool = False


def currency_in(text: str) -> str:
    """The code of the currency that a price names; empty where it names none, or one that is shared or unknown."""
    try:
        return without_currency(text)[1]
    except PriceError:
        return ""


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
    small: int = 0
    usual: int = 0

    def add(self, value: Any) -> None:
        """Take a price as the file writes it into account."""
        if isinstance(value, int) and not isinstance(value, bool):
            self._add_whole(value)
        elif isinstance(value, float):
            self.broken += value != int(value) if math.isfinite(value) else 0
            if math.isfinite(value) and value == int(value):
                self._add_whole(int(value))
        elif isinstance(value, str) and _SIMPLE.fullmatch(value):
            self.broken, self.points = self.broken + 1, self.points + 1
        elif isinstance(value, str):
            for found in _AMOUNT.findall(_BARE.sub(r"0\1", value[:200])):
                self._add_digits(found)

    def _add_whole(self, number: int) -> None:
        if number > 0:  # 0 stands for "unknown" and "free" alike
            self.whole[number % 100] += 1
            self.small += number < min(_ENDINGS)
            self.usual += number >= _USUAL

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
        hundredths = self._in_hundredths(plain, currencies)
        minor = hundredths and self.usual >= 0.5 * plain
        return PriceRules(decimal, thousands, self.long > 0, minor, hundredths and not minor)

    def _in_hundredths(self, plain: int, currencies: Sequence[str]) -> bool:
        """Whether all are whole numbers that end as prices in cents do: 4995, 1299, 10944."""
        if self.broken or self.doubtful or plain < _FEW or self.small > 0.01 * plain:
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
    if value is None or value is False:
        return UNKNOWN
    if isinstance(value, str) and not rules.minor_units and rules.decimal != "," and _SIMPLE.fullmatch(value):
        return Price((_checked(float(value), value),))
    if isinstance(value, int | float) and value is not True:
        return Price((_units(_checked(value, value), rules, currency),)) if value == value else UNKNOWN
    text = str(value).strip() if isinstance(value, str) else repr(value)[:201]
    if text.casefold() in _ABSENT:
        return UNKNOWN
    if text.casefold() in _FREE:
        return Price((0.0,))
    if len(text) > 200:
        raise PriceError("price is not a price", f"{text[:60]!r}... holds more than a price")
    return _parse_text(text, rules, currency)


def _units(value: float, rules: PriceRules, currency: str) -> float:
    if rules.minor_units and value == int(value):
        return float(value) / float(10 ** DECIMALS.get(currency, 2))
    return float(value)


def _checked(amount: float, shown: object) -> float:
    if amount < 0:
        raise PriceError("price is negative", f"{_bounded(shown)} is below 0")
    if amount > MAX_PRICE:
        raise PriceError("price is too large", f"{_bounded(shown)} is no price that can be paid")
    return amount


def _bounded(shown: object) -> str:
    """A value for a message; Python writes no whole number of more than 4,300 digits."""
    return repr(shown)[:60] if not isinstance(shown, int) or abs(shown) < 1 << 64 else "a whole number of many digits"


def _parse_text(text: str, rules: PriceRules, currency: str) -> Price:
    rest, found = without_currency(_INVISIBLE.sub("", text), currency)
    if re.match(r"\s*[-−(]\s*\d", rest):
        raise PriceError("price is negative", f"{text!r} is below 0")
    if re.search(r"\d[eE][+-]?\d", rest):
        raise PriceError("price is not a price", f"{text!r} is written with an exponent")
    rest = _BARE.sub(r"0\1", _WORDS.sub(" ", rest))
    parts = _AMOUNT.findall(rest)
    between = _AMOUNT.sub("\0", rest).split("\0")
    clear = all(_LEFT.fullmatch(piece.replace(".", "").replace(",", "")) for piece in between)
    if not parts or len(parts) > 2 or not clear:
        raise PriceError("price is not a price", f"{text!r} holds something other than an amount or a range")
    amounts = sorted(_checked(_amount(part.rstrip(".,"), rules, found or currency, text), text) for part in parts)
    return Price(tuple(dict.fromkeys(amounts)), found)


def without_currency(text: str, currency: str = "") -> tuple[str, str]:
    """A price without the sign or code of its currency, and the code.

    Args:
        text: what a field holds.
        currency: the code that another field names; it decides between those of one sign.

    Raises:
        PriceError: several currencies have the sign, and nothing says which it is; or three capitals are no code.
    """
    found, unknown, written = "", "", text
    text = _APART.sub(r"\1", text)
    for code in _CODE.findall(text):
        if code.upper() in CODES and (code.isupper() or code.islower() or code.istitle()):
            if found and found != code.upper():
                raise PriceError("price is not a price", f"{written!r} is in two currencies")
            found = code.upper()
            text = re.sub(rf"(?<![A-Za-z]){code}(?![A-Za-z])", " ", text)
        elif code.isupper() and not _WORDS.fullmatch(code):
            unknown = code
    for sign in _SIGN.findall(text):
        if not found:
            found = currency if sign in _SHARED and currency else _SIGNS_OF[sign]
            if not found:
                raise PriceError("currency is in doubt", f"{written!r}: {sign!r} is a sign of several currencies; say "
                                 "which with currency = in a mapping file")  # fmt: skip
    if unknown and not found:
        raise PriceError("currency is unknown", f"{written!r}: {unknown} is no currency's code")
    return _SIGN.sub(" ", text), found


def _amount(digits: str, rules: PriceRules, currency: str, text: str) -> float:
    kind = decimal_of(digits)
    if kind == "wrong":
        raise PriceError("price is not a price", f"{text!r}: its digits are grouped in no usual way")
    if kind == "none":
        number = int("".join(filter(str.isdecimal, digits)) or "0")
        return _units(number, rules, currency) if digits.isdecimal() else float(number)
    if kind == "doubt":
        return _of_doubt(digits, rules, currency, text)
    signs = {char for char in digits if not char.isdigit()}
    if rules.decimal is not None and kind != rules.decimal and len(signs) == 1:
        raise PriceError(
            "price is in doubt",
            f"{text!r} has a decimal {_NAMES[kind]} where the file's other prices have a {_NAMES[rules.decimal]}",
        )
    head, _, tail = digits.rpartition(kind)
    return float(f"{''.join(filter(str.isdecimal, head))}.{tail}")


def _of_doubt(digits: str, rules: PriceRules, currency: str, text: str) -> float:
    """The amount of ``1,234``: with thousands or with three decimals."""
    sign = "," if "," in digits else "."
    decimals = DECIMALS.get(currency, 2)
    if decimals == 0:
        return float(digits.replace(sign, ""))
    if rules.decimal == sign and (rules.long_decimals or decimals == 3):
        return float(digits.replace(sign, "."))
    if rules.decimal == sign or decimals == 3 or (rules.decimal is None and not rules.thousands):
        raise PriceError("price is in doubt", f"{text!r} may have thousands or decimals, and no other price says which")
    return float(digits.replace(sign, ""))


_NAMES: Mapping[str, str] = {".": "point", ",": "comma"}
