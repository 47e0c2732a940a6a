"""What a request says about the price: ceilings in many words and currencies, ranges, and what is no ceiling.

Numbers are found first; what stands before and after each is looked at in a window of some words, so that the time is
linear in the text.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from shoprl.catalog.money import SIGNS
from shoprl.feeds.prices import CODES, decimal_of
from shoprl.tasks.numerals import NUMERAL, numeral

Kind = Literal["most", "least", "about", ""]  # a ceiling, a floor, neither, unsaid
WINDOW = 48  # characters before a number that may lead to it
_SIGN_WINDOW = 8  # characters before it that may be its currency
_LEAST_IN_WORDS = 10  # smaller numbers in words are prices only with a currency: "the one under two"

# Codes that are no words, in small letters too; other codes in capitals, unless they are words as well.
_ANY_CASE = (
    "usd eur gbp jpy cny inr krw chf cad aud nzd mxn brl hkd sgd twd pln sek nok dkk czk huf ils uah ngn thb zar"
)
_ALSO_WORDS = "ALL AMD ANG AWG BAM BOB COP CUP DOP GEL LAK MAD MOP PEN RON SOS TOP TRY"
# What people call currencies (patterns): its code, or the sign in :data:`SHARED` that it is another word for.
_NAMES: Mapping[str, str] = {
    r"(?:us|american)\s?dollars?": "USD", r"canadian\s?dollars?": "CAD", r"australian\s?dollars?": "AUD",
    r"new\szealand\sdollars?": "NZD", r"hong\skong\sdollars?": "HKD", r"singapore\sdollars?": "SGD", r"dollars?": "$",
    r"bucks?": "$", r"euros?": "EUR", r"(?:british\spounds?|pounds?)\ssterling": "GBP", r"british\spounds?": "GBP",
    r"quid": "GBP", r"pounds": "£", r"yen": "JPY", r"yuan": "CNY", r"renminbi": "CNY", r"rmb": "CNY",
    r"rupees?": "Rs", r"rs\.?": "Rs", r"won": "KRW", r"(?:swiss\s)?francs?": "CHF", r"pesos?": "MX$", r"reais": "BRL",
    r"(?:turkish\s)?lira": "TRY", r"zł": "PLN", r"zlotys?": "PLN", r"zloty?ch": "PLN", r"złotych": "PLN",
    r"kronor": "kr", r"kroner?": "kr", r"kr\.?": "kr", r"koruna": "CZK", r"kč": "CZK", r"forint": "HUF",
    r"shekels?": "ILS", r"hryvnia": "UAH", r"naira": "NGN", r"baht": "THB", r"rand": "ZAR", r"rou?bles?": "RUB",
}  # fmt: skip
_ALSO_OTHER = re.compile(r"\s*(?:pounds|won)", re.IGNORECASE)  # a weight, a victory: in doubt unless a price is named
_SIGN_OF: Mapping[str, str] = {
    **{sign: code for code, sign in SIGNS.items() if not sign.isalpha()},
    "US$": "USD", "AU$": "AUD", "C$": "CAD", "NT$": "TWD", "₽": "RUB", "円": "JPY", "元": "CNY",
    "$": "$", "£": "£", "¥": "¥", "MX$": "MXN",
}  # fmt: skip
# Signs and words that several currencies share: the usual one first.
SHARED: Mapping[str, tuple[str, ...]] = {
    "$": ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP", "JMD", "TTD", "BBD", "FJD"),
    "£": ("GBP", "EGP", "GIP", "FKP", "SHP"), "¥": ("JPY", "CNY"), "kr": ("SEK", "NOK", "DKK", "ISK"),
    "Rs": ("INR", "PKR", "LKR", "NPR", "MUR"), "MX$": ("MXN", "ARS", "CLP", "COP", "PHP", "UYU", "DOP"),
}  # fmt: skip
# Currencies of countries in which 1.250 is five quarters.
_POINT = frozenset(("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "GBP", "INR"))

_CODE = rf"(?:{'|'.join(_ANY_CASE.split())}|(?-i:{'|'.join(sorted(CODES - set(_ALSO_WORDS.split())))}))"
_SIGN = "|".join(
    re.escape(sign[:-1]) + r"\s?\$" if len(sign) > 1 and sign.endswith("$") else re.escape(sign)
    for sign in sorted(_SIGN_OF, key=len, reverse=True)
)
_BEFORE = re.compile(rf"(?:(?<!\w)(?:{_CODE}|(?-i:Rs\.?|rs\.)|{_SIGN})|[$€£¥])\s*$", re.IGNORECASE)
_UNIT = rf"\s*+(?:(?:{'|'.join(_NAMES)}|{_CODE})(?!\w)|(?:{_SIGN})(?!{{next}}\d))"
_AFTER = re.compile(_UNIT.format(next=r"\s?"), re.IGNORECASE)  # of "8 $ 30" the sign is that of 30
_AFTER_LED = re.compile(_UNIT.format(next=""), re.IGNORECASE)  # of "under 8 $ 30" that of 8
_NUMBER = re.compile(
    r"(?P<digits>(?>\d{1,3}(?:[\u00a0\u202f'’]\d{3})++(?!\d)|\d[\d,]*+(?:\.\d+)*+(?:,\d\d?(?!\d))?))(?P<kilo>k(?!\w))?|"
    + NUMERAL,
    re.IGNORECASE,
)
_ROUGHLY = r"about|around|approximately|approx\.?|roughly|circa|ca\.|nearly|close\sto"
_LEAST = (
    r"(?:no|not|nothing)\s(?:less|lower|cheaper)\sthan|(?:no|not|nothing)\s(?:under|below)|at\sleast|min(?:imum|\.)?|"
    r"(?:more|higher|greater)\sthan|over|above|upwards?\sof|starting\s(?:at|from)|from|mindestens"
)
_MOST = (
    r"(?:no|not|nothing)\s(?:more|higher|greater)\sthan|(?:not?|nothing)\s(?:over|above)|(?:lower|less|cheaper)\sthan|"
    r"under|below|beneath|at\smost|up\sto|within|max(?:imum|\.)?|budget\s(?:is|of)|not\sexceed(?:ing)?|bis(?:\szu)?|"
    r"unter|höchstens|maximal|weniger\sals|moins\sde|menos\sde|hasta"
)
_LED = re.compile(
    rf"(?:\b(?:(?P<least>{_LEAST})|(?P<most>{_MOST})|(?P<about>{_ROUGHLY}))|(?P<below>[<≤]=?)|(?P<beyond>[>≥]=?)|[~≈])"
    rf"\s*(?:of\s+|a\s+|(?:{_ROUGHLY})\s+)?$",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s*+(?:(?P<most>(?:or|and|&)\s(?:less|under|below|cheaper|lower)\b)|"
    r"(?P<most_of_money>max(?:imum)?\b|tops\b|at\s(?:the\s)?most\b)|"
    r"(?P<least>(?:or|and|&)\s(?:more|up|over|above|higher)\b|\+|min(?:imum)?\b|at\sleast\b)|(?P<about>or\sso\b|-?ish\b))",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s*(?:(?P<dash>[-–—])|to|and|bis)\s*", re.IGNORECASE)
_OPENING = re.compile(r"\b(?:between|from)\s+$", re.IGNORECASE)
_COST = re.compile(r"price|cost|budget|spend", re.IGNORECASE)
_WEIGHT = re.compile(r"weigh|heavy|\blbs?\b|\bloads?\b|capacity|\bholds?\b|bells?\b|supports?\b", re.IGNORECASE)
_MEASURE = re.compile(
    r"(?:size|pack|of|ages?|aged|kids|children|level|number|count|quantity|set|spf|usb|version|gen|grade|model|series|"
    r"resolution)\s*$",
    re.IGNORECASE,
)
_TENTHS = re.compile(r"\d+[.,]\d(?!\d)")  # 2.0, which no price is written as
_END = re.compile(r"\s*(?:$|[,;.!?](?!\d)|(?:please|pls|thanks?|asap|if|and|with|for)\b)", re.IGNORECASE)
_WORD_BEFORE = re.compile(r"\b(\w+)\s+$")
_LEADING = (
    "and but with i can my the a its that which it should must be is of for at to price priced prices cost costs "
    "costing budget spend spending"
)
_FILLERS = frozenset(_LEADING.split())
_NEGATIONS = re.compile(r"\b(?:no|not|nothing|never|without|cannot|cant|dont|wont|\w+n['’]t)\b[^.;!?]*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AskedPrice:
    """What a text says about the price.

    Attributes:
        ceiling: the highest price it allows; None where it names a floor or a rough price alone.
        currency: the code of its currency, of several that share its sign the usual one; empty where it names none.
        shared: whether several currencies share the sign or word that it has.
        start, end: the clause, which is no part of the wish; equal where all words are.
    """

    ceiling: float | None
    currency: str
    shared: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Amount:
    """A number of a text, and what is said about it.

    Attributes:
        start, end: the number with its currency and the words that say what it is: "under $20", "$20 or less".
        first: where the number begins, its currency included.
        value: the number.
        name: the code or shared sign of its currency; empty where it names none.
        kind: what it bounds.
        tail: whether the words that say so follow it.
        doubtful: whether its currency's name means other things too, and no word about a price leads to it.
        trailing: whether its currency follows it.
    """

    start: int
    end: int
    first: int
    value: float
    name: str
    kind: Kind = ""
    tail: bool = False
    doubtful: bool = False
    trailing: bool = False


def share_a_sign(first: str, second: str) -> bool:
    """Whether two currencies, by their codes, are written with one sign or called by one word."""
    return any(first in codes and second in codes for codes in SHARED.values())


def asked_price(text: str) -> AskedPrice | None:
    """What a text says about the price; None where it says nothing.

    Of several ceilings the first that is money counts. A bare number is a price only behind words such as "under", and
    where no unit or noun follows it.
    """
    amounts = list(_amounts(text))
    most = [each for each in amounts if each.kind == "most"]
    led = [each for each in most if not each.tail]
    ranges = [_range(text, *pair) for pair in pairwise(amounts)]
    priced = [each for each in (*most, *filter(None, ranges)) if each.tail or each.start != each.first]
    found = next((each for each in led if _is_money(text, each)), None)
    if found is None:
        found = min((each for each in priced if _is_money(text, each)), key=lambda each: each.start, default=None)
    if found is None:
        found = next((each for each in led if not each.name and _END.match(text, each.end)), None)
    if found is None:
        found = next((each for each in most if each.tail and _is_bare_price(text, each)), None)
    if found is not None:
        return _asked(found, found.value, _clause_start(text, found.start), found.end)
    found = next((each for each in amounts if each.name and not each.kind and not each.doubtful), None)
    if found is not None:
        return _asked(found, found.value, 0, 0)
    found = next((each for each in amounts if each.name and each.kind and not each.doubtful), None)
    return _asked(found, None, _clause_start(text, found.start), found.end) if found is not None else None


def _asked(amount: _Amount, ceiling: float | None, start: int, end: int) -> AskedPrice:
    codes = SHARED.get(amount.name, (amount.name,))
    if ceiling is None:
        return AskedPrice(None, "", False, start, end)
    if amount.doubtful:
        start = end = 0
    return AskedPrice(ceiling, codes[0], len(codes) > 1, start, end)


def _amounts(text: str) -> Iterator[_Amount]:
    """The numbers of a text that are finite, in order."""
    done, weighed = 0, _WEIGHT.search(text) is not None
    for match in _NUMBER.finditer(text):
        at, end = match.span()
        before, after = _BEFORE.search(text, max(done, at - _SIGN_WINDOW), at), None
        if before is None:
            led = _LED.search(text, max(done, at - WINDOW), at)
            after = (_AFTER_LED if led else _AFTER).match(text, end)
        doubtful = after is not None and _ALSO_OTHER.fullmatch(after[0]) is not None
        shown = None if doubtful and weighed else before or after
        name = _name_of(shown[0]) if shown else ""
        value = _value(match, name)
        if value is None or (match["digits"] is None and not name and value < _LEAST_IN_WORDS):
            continue
        first, end = (before.start() if before else at), (after.end() if after and shown else end)
        amount = _bounded(text, _Amount(first, end, first, value, name, trailing=after is not None), done)
        if doubtful:
            priced = _COST.search(text, _clause_start(text, amount.start), amount.end)
            amount = replace(amount, doubtful=priced is None)
        yield amount
        done = amount.end


def _bounded(text: str, amount: _Amount, done: int) -> _Amount:
    """An amount with what the words before and after it say."""
    led = _LED.search(text, max(done, amount.first - WINDOW), amount.first)
    tail = _TAIL.match(text, amount.end)
    if tail is not None and (amount.name or tail["most"]) and not (led and tail["about"]):
        kind: Kind = "most" if tail["most"] or tail["most_of_money"] else "least" if tail["least"] else "about"
        return replace(amount, kind=kind, start=led.start() if led else amount.start, end=tail.end(), tail=True)
    if led is None or (led["below"] and not amount.name):  # "<3" is a heart
        return amount
    if led["least"] or led["beyond"]:
        negated = led["least"] and not led["least"].lower().startswith("no")
        if negated and _NEGATIONS.search(text, max(done, led.start() - WINDOW), led.start()):
            return amount  # "i do not want to spend more than"
        return replace(amount, kind="least", start=led.start())
    return replace(amount, kind="most" if led["most"] or led["below"] else "about", start=led.start())


def _range(text: str, low: _Amount, high: _Amount) -> _Amount | None:
    """Two amounts as a range, whose upper end is a ceiling."""
    between = _BETWEEN.fullmatch(text, low.end, high.start)
    if between is None or high.value < low.value or low.tail or high.kind == "least" or high.doubtful:
        return None
    found = _OPENING.search(text, max(0, low.first - WINDOW), low.first)
    start = found.start() if found else low.start
    opened = found is not None or low.kind == "about"
    if not (opened or low.name or (between["dash"] and high.trailing)):
        return None
    if not opened and not low.name and _MEASURE.search(text, max(0, low.first - WINDOW), low.first):
        return None
    return replace(high, start=start, kind="most", name=high.name or low.name, tail=True)


def _is_money(text: str, amount: _Amount) -> bool:
    start = _clause_start(text, amount.start)
    return bool(amount.name) or _COST.search(text, start, amount.end) is not None


def _is_bare_price(text: str, amount: _Amount) -> bool:
    """Whether "20 or less" is about money: not "size 20 or less", "2.0 or less", nor "20 or less pieces"."""
    measured = _MEASURE.search(text, max(0, amount.first - WINDOW), amount.first)
    measured = measured or _TENTHS.match(text, amount.first)
    return not amount.name and measured is None and _END.match(text, amount.end) is not None


def _clause_start(text: str, start: int) -> int:
    """Where the clause begins that leads to a price: ", and price" of ", and price lower than 20"."""
    while (word := _WORD_BEFORE.search(text, max(0, start - 16), start)) and word[1].lower() in _FILLERS:
        start = word.start()
    start -= len(text[max(0, start - WINDOW) : start]) - len(text[max(0, start - WINDOW) : start].rstrip())
    return start - 1 if start and text[start - 1] in ",;." else start


def _name_of(shown: str) -> str:
    """The code or shared sign of a currency as a text writes it."""
    shown = "".join(shown.split())
    for sign, name in _SIGN_OF.items():
        if sign.lower() == shown.lower():
            return name
    if shown.upper() in CODES:
        return shown.upper()
    return next(name for pattern, name in _COMPACT if pattern.fullmatch(shown))


_COMPACT: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern.replace(r"\s?", "").replace(r"\s", ""), re.IGNORECASE), name)
    for pattern, name in _NAMES.items()
]


def _value(match: re.Match[str], name: str) -> float | None:
    """The number of a match; None for words that are none, and for what no price can be."""
    if match["digits"] is None:
        words = numeral(match[0])
        return None if words is None else float(words)
    digits = match["digits"].rstrip(",")
    kind = decimal_of(digits)
    code = SHARED.get(name, (name,))[0]
    grouped = kind == "none" or (kind == "doubt" and "." in digits and code and code not in _POINT)
    if grouped:
        written = "".join(filter(str.isdecimal, digits))
    elif kind == ",":
        head, _, tail = digits.rpartition(",")
        written = f"{''.join(filter(str.isdecimal, head))}.{tail}"
    else:
        head, _, tail = digits.replace(",", "").partition(".")
        written = f"{head}.{tail.split('.')[0]}"
    value = float(written) * (1_000 if match["kilo"] else 1)
    return value if math.isfinite(value) else None
