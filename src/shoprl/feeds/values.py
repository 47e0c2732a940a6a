"""Values of a feed's fields in the forms that exports give them: texts, lists, objects, JSON inside a text."""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from shoprl.catalog.ids import MAX_ID
from shoprl.catalog.webshop import MAX_OPTION, MAX_TEXT
from shoprl.feeds.texts import plain, text_and_items

Values = dict[str, tuple[str, ...]]

_FEATURE_NAMES = ("name", "key", "attribute_name", "attribute", "label")
_OPTION_NAMES = ("name", "option_display_name", "display_name", "title")
MAX_FEATURES = 200  # of a product
_MAX_FEATURE = 200  # characters of a feature's value that becomes a bullet point
_PICTURES = ("src", "hi_res", "large", "url", "href", "contentUrl", "originalSrc", "link", "image", "thumb")
_DEPTH = 4
_KEPT = 300  # characters of a text whose meaning is remembered
_ADDRESS = re.compile(r"https?://[^\s\"<>\\^`{|}]{1,2000}", re.IGNORECASE)
_ARROWS, _BARS = re.compile(r"\s*(?:>+|›|»|→)\s*"), re.compile(r"\s*\|\s*")
_SLASHES, _WIDE_SLASHES = re.compile(r"\s*/\s*"), re.compile(r"\s+/\s+")
_PREFIX = re.compile(r"attr(?:ibutes?)?_(?:[tnb]_)?|(?:attributes|specs|specifications)\.|spec_")
_ASSIGNED = re.compile(r"\w+=[^=]*(?:,\w+=[^=]*)*")
_IN_STOCK = "instock available true yes limitedavailability onlineonly instoreonly"
_OUT_OF_STOCK = "outofstock soldout unavailable false no discontinued notavailable"
_AVAILABLE = dict.fromkeys(_IN_STOCK.split(), "in stock") | dict.fromkeys(_OUT_OF_STOCK.split(), "out of stock")


class RowError(ValueError):
    """A row that cannot become a product; the message says what is wrong.

    Attributes:
        reason: a fixed phrase to count by.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def identifier_of(value: Any) -> str:
    """An id as text, empty where there is none.

    Raises:
        RowError: it is too long.
    """
    if value is None or isinstance(value, dict):
        return ""
    text = " ".join(text_of(value).split())
    if len(text) > MAX_ID:
        raise RowError("id is too long", f"an id of {len(text)} characters; {MAX_ID} are read")
    return "" if text.casefold() in ("nan", "null", "none") else text


def text_of(value: Any) -> str:
    """A value as text; the first of a list, the name of an object."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return text_of(value[0]) if value else ""
    if isinstance(value, dict):
        return text_of(
            next((value[k] for k in ("name", "value", "title", "@value", "text", "html") if k in value), None)
        )
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):  # 17.0 is what a spreadsheet made of 17
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)
    return str(value) if abs(value) < 1 << 4096 else ""


def parsed(value: Any) -> Any:
    """What JSON inside a text stands for; anything else stays what it is."""
    if isinstance(value, str) and value[:1] in ("[", "{") and value.rstrip()[-1:] in ("]", "}"):
        for read in (json.loads, _ruby, _python):
            try:
                return read(value)
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                continue
    return value


def _ruby(text: str) -> Any:
    """A hash as Ruby writes it: ``{"key"=>nil}``."""
    if "=>" not in text:
        raise ValueError("no hash")
    return json.loads(re.sub(r"(?<=:)nil\b", "null", re.sub(r'(?<!\\)"\s*=>\s*', '":', text)))


def _python(text: str) -> Any:
    """A list as Python writes it: ``['a', 'b']``; literals alone are read, nothing is evaluated."""
    if len(text) > MAX_TEXT:
        raise ValueError("too long")
    return ast.literal_eval(text)


def several(value: Any) -> tuple[str, ...]:
    """The values of an option, each once: a list, or a text that lists them."""
    value = parsed(value)
    if isinstance(value, list):
        parts = [text_of(each) for each in value]
    else:
        text = plain(text_of(value))  # whose entities would be split at their ends
        parts = re.split(r"\s*[|;]\s*", text) if re.search("[|;]", text) else [text]
        if len(parts) == 1 and "," in text:
            commas = [part.strip() for part in text.split(",")]
            parts = commas if all(0 < len(part) <= 20 for part in commas) else parts
    return tuple(dict.fromkeys(filter(None, (plain(part)[:MAX_OPTION] for part in parts))))


def option_lists(value: Any) -> Values:
    """Options of a nested field: a list of names with values, or an object from name to values."""
    options: Values = {}
    if isinstance(value, dict):
        for name, values in value.items():
            if each := several(values if isinstance(values, list) else [values]):
                options[plain(str(name)).lower()[:MAX_OPTION]] = each
    elif isinstance(value, list):
        for each in value:
            if isinstance(each, dict) and (called := next((each[k] for k in _OPTION_NAMES if each.get(k)), None)):
                values = next((each[k] for k in ("values", "value", "label", "option") if k in each), None)
                found = several(values if isinstance(values, list) else [values])
                name = plain(text_of(called)).lower()[:MAX_OPTION]
                if found and not (name == "title" and found == ("Default Title",)):
                    options[name] = found
    return options


def category_path(value: Any) -> tuple[str, ...]:
    """The parts of a category, the general before the special."""
    return _path_of_text(value) if isinstance(value, str) and len(value) < _KEPT else _path(value)


def _path(value: Any) -> tuple[str, ...]:
    value = parsed(value)
    if isinstance(value, dict):  # levels that each repeat the path
        value = max(value.items(), key=lambda pair: (len(str(pair[0])), str(pair[0])), default=("", ""))[1]
    if isinstance(value, list):
        if value and all(isinstance(each, list) for each in value):  # several paths
            longest: list[Any] = max(value, key=len)
            return _parts(map(text_of, longest))
        texts = [text_of(each) for each in value[:100]]
        paths = [text for text in texts if _ARROWS.search(text)]
        return category_path(max(paths, key=len)) if paths else _parts(texts)
    text = plain(text_of(value)).strip("[]'\" ")
    if _ARROWS.search(text):
        paths = re.split(r"\s*,\s+", text)
        roots = [_ARROWS.split(path)[0] for path in paths]
        if len(paths) == len(set(roots)) > 1:  # "Handbags, Wallets & Cases" is one part of a path
            return _parts(_ARROWS.split(text))
        return _parts(_ARROWS.split(max(paths, key=lambda path: len(_ARROWS.findall(path)))))
    if "|" in text:
        return _parts(_BARS.split(text))
    return _parts(_by_slash(text))


def _by_slash(text: str) -> list[str]:
    """The parts of a category that slashes tell apart; of several, the longest."""
    slashes = _WIDE_SLASHES if _WIDE_SLASHES.search(text) else _SLASHES
    paths = [slashes.split(path) for path in re.split(r"\s*;\s*", text)]
    listed = [slashes.split(path) for path in text.split(",")]
    if len(listed) > len({path[0].strip() for path in listed}) and max(map(len, listed)) > 1:
        paths = listed  # Magento's
    longest = max(paths, key=len)
    return longest if len(longest) > 1 else [path[0] for path in paths]


_path_of_text = lru_cache(maxsize=10_000)(_path)


def _parts(texts: Iterable[str]) -> tuple[str, ...]:
    found = (plain(text)[:200] for text in texts)
    return tuple(dict.fromkeys(part for part in found if part and not part.isdecimal()))[:20]  # Google's own numbers


def bullet_points(value: Any) -> Iterator[str]:
    """Bullet points of a field: a list, or a text in lines or HTML."""
    value = parsed(value)
    for each in value if isinstance(value, list) else [value]:
        text, items = text_and_items(text_of(each))
        yield from items
        if "|" in text and not items:
            yield from filter(None, _BARS.split(text))
        elif text:
            yield text


def bounded(bullets: Iterable[str]) -> Iterator[str]:
    """Bullet points, each once, as long as all together are no longer than a product's text may be."""
    left = MAX_TEXT
    for bullet in dict.fromkeys(bullets):
        left -= len(bullet)
        if left < 0:
            return
        yield bullet


def tags(value: Any) -> Iterator[str]:
    """Short words about a product: a list, or a text with commas."""
    value = parsed(value)
    texts = [text_of(each) for each in value] if isinstance(value, list) else re.split(r"[,|;]", text_of(value))
    for text in texts:
        tag = plain(text).lower()
        if 1 < len(tag) <= 40:
            yield tag


def feature_name(column: str) -> str:
    """A feature's name from its field's: ``attr_t_product_colour`` is "product colour"."""
    name = _PREFIX.sub("", column, count=1) if _PREFIX.match(column) else column
    return " ".join(re.sub(r"[_.\s]+", " ", name).split()).lower()[:MAX_OPTION]


def feature_values(value: Any) -> list[str]:
    """The values of a feature as texts."""
    values = value if isinstance(value, list) else [value]
    texts = (plain(text_of(each)) for each in values[:50] if not isinstance(each, list))
    return [text[:_MAX_FEATURE] for text in texts if text]


def feature_pairs(value: Any, depth: int = 0) -> tuple[list[tuple[str, str]], list[str]]:
    """Features of one field, and texts in it that have no name: ``k:v|k:v``, an object, a list of either."""
    value, pairs, single = parsed(value), list[tuple[str, str]](), list[str]()
    if isinstance(value, dict):
        for name, content in value.items():
            if isinstance(content, list) and any(isinstance(each, dict) for each in content) and depth < _DEPTH:
                inner = feature_pairs(content, depth + 1)
                pairs.extend(inner[0])
                single.extend(inner[1])
            else:
                pairs.extend((feature_name(str(name)), text) for text in feature_values(content))
    elif isinstance(value, list):
        for each in value[:MAX_FEATURES]:
            if isinstance(each, dict):
                name = next((each[k] for k in _FEATURE_NAMES if each.get(k)), "")
                content = next((each[k] for k in ("value", "values", "attribute_value") if k in each), None)
                pairs.extend((feature_name(text_of(name)), text) for text in feature_values(content) if name)
            elif text := plain(text_of(each)):
                _split_feature(text, pairs, single)
    else:
        for part in _listed(plain_lines(text_of(value))):
            if part.strip():
                _split_feature(" ".join(part.split()), pairs, single)
    return pairs[:MAX_FEATURES], single[:MAX_FEATURES]


def _listed(text: str) -> list[str]:
    if "," in text and not re.search(r"[|;\n]", text):  # Google's section:name:value,section:name:value
        parts = text.split(",")
        if all(part.count(":") == 2 for part in parts):
            return parts
    if _ASSIGNED.fullmatch(text):  # Magento's name=value,name=value|value
        return [part.replace("=", ":", 1) for part in re.split(r",(?=\w+=)", text)]
    return re.split(r"[|;\n]", text)


def plain_lines(raw: str) -> str:
    """A text without HTML; its lines stay apart."""
    return "\n".join(filter(None, map(plain, raw.splitlines()[:MAX_FEATURES])))


def _split_feature(text: str, pairs: list[tuple[str, str]], single: list[str]) -> None:
    parts = [part.strip() for part in (text.split(" : ", 1) if " : " in text else text.split(":"))]
    if len(parts) == 3 and all(parts) and not parts[1].isdecimal():  # Google's section:name:value
        parts = parts[1:]
    elif len(parts) > 2:  # "aspect ratio: 16:9"
        parts = [parts[0], text.split(":", 1)[1].strip()]
    if len(parts) == 2 and all(parts) and len(parts[0]) <= 60 and "//" not in text and not parts[0].isdecimal():
        pairs.append((feature_name(parts[0]), parts[1][:_MAX_FEATURE]))
    else:
        single.append(text)


def availability(value: Any) -> str:
    """``in stock``, ``out of stock``, or the feed's own word."""
    if isinstance(value, bool):
        return "in stock" if value else "out of stock"
    return _stock(text_of(value)[:_KEPT])


@lru_cache(maxsize=10_000)
def _stock(raw: str) -> str:
    text = plain(raw)
    text = text.rpartition("/")[2] if "://" in text else text
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return "in stock" if float(text) > 0 else "out of stock"
    key = "".join(char for char in text.lower() if char.isalpha())
    return _AVAILABLE.get(key, text.lower().replace("_", " ")[:40])


def address(value: Any) -> str:
    """An http(s) address, or an empty string."""
    text = text_of(value).strip()
    text = f"https:{text}" if text.startswith("//") else text
    return text if _ADDRESS.fullmatch(text) and text.isprintable() else ""


def addresses(value: Any) -> list[str]:
    """The http(s) addresses of a field: a text, several with commas, a list of texts or of objects."""
    value = parsed(value)
    found: list[str] = []
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            each = next((each[k] for k in _PICTURES if each.get(k)), None)
        text = text_of(each).strip()
        parts = [text] if _ADDRESS.fullmatch(text) and ",http" not in text else re.split(r"[,;|\s]+(?=https?:)", text)
        found.extend(filter(None, map(address, parts)))
    return found
