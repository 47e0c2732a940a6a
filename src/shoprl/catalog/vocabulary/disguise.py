"""Option values as only sellers write them: "a7-blue", "03 - large", "xl (us 12-14)", "2 pack of 500 ml"."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from shoprl.catalog.vocabulary.draws import Draws
from shoprl.catalog.vocabulary.everyday import SIZES
from shoprl.catalog.vocabulary.family import words

_LETTERS = "ABCDEFGHKMXYZ"
_SECOND = words("Navy, White, Black, Gold, Grey, Clear, Red, Stripe, Silver, Beige, Multi")
_FABRIC = words("Cotton, Matte, Fleece, Glossy, Leather, Mesh, Linen, Velvet, Satin, Metal")
_FITS = words("Tall, Plus, Petite, Short, Slim, Regular")
_WIDTHS = words("Wide, Narrow, X-Wide, M US, US, Medium Width, D(M) US, B(M) US")
_NUMBER = re.compile(r"\d+(\.\d+)?")
_MEASURE = re.compile(r"^\d+(\.\d+)? (ml|fl oz|ounce|gb|tb|feet|inch|inches)\b", re.IGNORECASE)

Write = Callable[[Draws, int, str], str]  # draws, the value's place, the value -> as the seller writes it


def _upper(draws: Draws, place: int, value: str) -> str:
    return value.upper()


def _numbered(draws: Draws, place: int, value: str) -> str:
    return f"{place + 1:02d} - {value}"


def _counted(draws: Draws, place: int, value: str) -> str:
    return f"{value} {place + 1:02d}"


def _style(draws: Draws, place: int, value: str) -> str:
    return f"Style {draws.between(1, 40)} {value}"


def _coded(draws: Draws, place: int, value: str) -> str:
    return f"{draws.pick(_LETTERS)}{draws.between(1, 29)}-{value}"


def _tagged(draws: Draws, place: int, value: str) -> str:
    return f"{value}-{draws.pick(_LETTERS)}{draws.between(100, 999)}"


def _hashed(draws: Draws, place: int, value: str) -> str:
    return f"#{place + 1} {value}"


def _piped(draws: Draws, place: int, value: str) -> str:
    return f"{value} | {draws.pick(_SECOND)}"


def _behind(draws: Draws, place: int, value: str) -> str:
    return f"{draws.pick(_SECOND)} | {value}"


def _fabric(draws: Draws, place: int, value: str) -> str:
    return f"{draws.pick(_FABRIC)}-{value}"


def _bracketed(draws: Draws, place: int, value: str) -> str:
    return f"{value} ({draws.pick(_FABRIC)})"


def _tall(draws: Draws, place: int, value: str) -> str:
    return f"{value} {draws.pick(_FITS)}"


def _charted(draws: Draws, place: int, value: str) -> str:
    low = 2 + 4 * place
    short = SIZES.get(value.lower(), (value,))[0].upper()
    return f"{short} (US {low}-{low + 2})"


def _short(draws: Draws, place: int, value: str) -> str:
    return SIZES.get(value.lower(), (value,))[0].upper()


def _double(draws: Draws, place: int, value: str) -> str:
    return f'US {value} = Asia {value} ({36 + 2 * place}")'


def _wide(draws: Draws, place: int, value: str) -> str:
    return f"{value} {draws.pick(_WIDTHS)}"


def _european(draws: Draws, place: int, value: str) -> str:
    return f"US {value} | EU {35 + place}"


def _packed(draws: Draws, place: int, value: str) -> str:
    return f"{draws.between(2, 6)} Pack of {value}"


def _count(draws: Draws, place: int, value: str) -> str:
    return f"{value} (Pack of {draws.between(1, 12)})"


def _pieces(draws: Draws, place: int, value: str) -> str:
    return f"{draws.between(1, 6)}pcs-{value.replace(' ', '')}"


def _glued(draws: Draws, place: int, value: str) -> str:
    return value.replace(" ", "")


_ANY: tuple[Write, ...] = (_upper, _numbered, _coded, _tagged, _hashed, _style)
_COLOURS: tuple[Write, ...] = (*_ANY, _coded, _coded, _counted, _piped, _behind, _fabric, _bracketed)
_CLOTHES: tuple[Write, ...] = (_upper, _numbered, _tall, _charted, _charted, _short, _short, _double)
_SHOES: tuple[Write, ...] = (_wide, _wide, _european)
_MEASURES: tuple[Write, ...] = (_upper, _numbered, _packed, _count, _pieces, _glued)


@lru_cache(maxsize=4096)
def _ways(name: str, value: str) -> tuple[Write, ...]:
    """How a seller may write such a value."""
    if "Color" in name:
        return _COLOURS
    if value.lower() in SIZES:
        return _CLOTHES
    if _NUMBER.fullmatch(value):
        return _SHOES if name == "Size" else _ANY
    return _MEASURES if _MEASURE.match(value) and "(" not in value else _ANY


def disguised(draws: Draws, name: str, values: Sequence[str]) -> Mapping[str, str]:
    """The values of an option, all written in one odd way -> the plain values; none is lost or doubled."""
    if not values:
        return {}
    write = draws.pick(_ways(name, values[0]))
    shown = {write(draws, place, value): value for place, value in enumerate(values)}
    different = len({value.lower() for value in shown}) == len(values)
    return shown if different else {value: value for value in values}
