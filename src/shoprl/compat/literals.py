"""Lists and dictionaries of texts as Python or JSON writes them, read without evaluating anything."""

import re

from shoprl.errors import ConfigError

MAX_LITERAL = 10_000  # characters
_TEXT = re.compile(r"""\ *+(?:'((?:[^'\\]|\\.)*+)'|"((?:[^"\\]|\\.)*+)")\ *+([:,]|$)""", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\\": "\\", "'": "'", '"': '"', "/": "/"}


def read_list(name: str, written: str) -> list[str]:
    """The texts of a list such as ``['red', 'lipstick']``.

    Raises:
        ConfigError: it is no flat list of texts, or too long; ``name`` says what it was to be.
    """
    texts = _read(written, "[]", ",")
    if texts is None:
        raise ConfigError(f"{name} {written[:100]!r}: must be a list of texts, such as ['red', 'lipstick'].")
    return texts


def read_dict(name: str, written: str) -> dict[str, str]:
    """The texts of a dictionary such as ``{'color': 'red'}``.

    Raises:
        ConfigError: it is no flat dictionary of texts, or too long; ``name`` says what it was to be.
    """
    texts = _read(written, "{}", ":,")
    if texts is None or len(texts) % 2:
        raise ConfigError(f"{name} {written[:100]!r}: must be a dictionary of texts, such as {{'color': 'red'}}.")
    return dict(zip(texts[::2], texts[1::2], strict=True))


def _read(written: str, brackets: str, separators: str) -> list[str] | None:
    """The texts between brackets, with the separators between them in turn; None where it is something else."""
    if len(written) > MAX_LITERAL or len(written) < 2 or written[0] + written[-1] != brackets:
        return None
    texts: list[str] = []
    inner, place = written[1:-1].strip(), 0
    while place < len(inner):
        match = _TEXT.match(inner, place)
        if match is None or match[3] not in ("", separators[len(texts) % len(separators)]):
            return None
        text = _unescaped(match[1] or match[2] or "")
        if text is None:
            return None
        texts.append(text)
        place = match.end()
    return texts


def _unescaped(text: str) -> str | None:
    """A text with its escapes replaced; None where one is none."""
    try:
        plain = _ESCAPE.sub(_character, text)
    except (KeyError, ValueError, OverflowError):  # none of the known ones, or no character
        return None
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # JSON writes some as pairs


def _character(match: re.Match[str]) -> str:
    digits = match[1] or match[2] or match[3]
    return chr(int(digits, 16)) if digits else _ESCAPED[match[4]]
