"""A vocabulary of the training texts, for policies without a pretrained tokenizer."""

import re
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from shoprl.errors import PolicyError
from shoprl.files import write_json
from shoprl.policies.networks.limits import check_file
from shoprl.reading import read_json

VOCABULARY = "vocabulary.json"
PADDING, START = 0, 1
_FIXED = 2
MOST_SHARED = 1_000_000
_WORD = re.compile(r"\[(?:clicked )?button_?\]|\[SEP\]|\w+(?:[.-]\w+)*|[^\w\s]")


def words_of(text: str) -> list[str]:
    """Words, punctuation and button marks of a plain text (:func:`shoprl.policies.networks.token_batch.plain`)."""
    return _WORD.findall(text)


@dataclass(frozen=True)
class Vocabulary:
    """Vocabulary ids of words.

    Unknown words share some ids by checksum, so that a rare word of the request still matches itself in a title.

    Attributes:
        words: the words with an id of their own.
        shared: number of ids that the others share.
    """

    words: tuple[str, ...]
    shared: int = 256
    _numbers: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        first = _FIXED + self.shared
        object.__setattr__(self, "_numbers", {word: first + i for i, word in enumerate(self.words)})

    def __len__(self) -> int:
        return _FIXED + self.shared + len(self.words)

    def encode(self, text: str, limit: int) -> list[int]:
        """``START`` and the text's last ``limit - 1`` words."""
        words = words_of(text)
        return [START, *(self._number(word) for word in words[max(0, len(words) - limit + 1) :])]

    def save(self, path: Path) -> None:
        """Write the vocabulary as JSON."""
        write_json(path, {"shared": self.shared, "words": list(self.words)})

    def _number(self, word: str) -> int:
        number = self._numbers.get(word)
        return _FIXED + zlib.crc32(word.encode()) % self.shared if number is None else number


def vocabulary_of(texts: Iterable[str], size: int = 20_000, least: int = 3) -> Vocabulary:
    """The words of some texts, most frequent first.

    Args:
        texts: repeated texts count once.
        size: maximum number of words.
        least: rarer words get no id of their own, so that shared ids are trained too.
    """
    counts = Counter(word for text in dict.fromkeys(texts) for word in words_of(text))
    ranked = sorted((-count, word) for word, count in counts.items() if count >= least)
    return Vocabulary(tuple(word for _, word in ranked[:size]))


def read_vocabulary(path: Path) -> Vocabulary:
    """Read what :meth:`Vocabulary.save` wrote.

    Raises:
        PolicyError: the file is missing or malformed.
    """
    check_file(path)
    row = read_json(path, PolicyError)
    words, shared = (row.get("words"), row.get("shared")) if isinstance(row, dict) else (None, None)
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise PolicyError(f"{path}: field 'words' is not a list of words. Train the policy again.")
    if type(shared) is not int or not 1 <= shared <= MOST_SHARED:
        raise PolicyError(f"{path}: field 'shared' is not a number from 1 to {MOST_SHARED}. Train the policy again.")
    return Vocabulary(tuple(words), shared)
