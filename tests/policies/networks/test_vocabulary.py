import json
from pathlib import Path

import pytest

from shoprl.errors import PolicyError
from shoprl.policies.networks.token_batch import plain
from shoprl.policies.networks.vocabulary import PADDING, START, Vocabulary, read_vocabulary, vocabulary_of, words_of

TEXTS = ["a red mug", "a red lamp", "a mug", "a mug", "blue"]


def test_words() -> None:
    text = plain("[button] Buy Now [button_] [SEP] $7.99, men's X-Large\n [clicked button] 9 [clicked button_]")
    assert words_of(text)[:5] == ["[button]", "buy", "now", "[button_]", "[SEP]"]
    assert words_of(text)[5:] == ["$", "7.99", ",", "mens", "x-large", "[clicked button]", "9", "[clicked button_]"]
    assert words_of("[buttons] kräuter №") == ["[", "buttons", "]", "kräuter", "№"]


def test_frequent_words_get_their_own_number() -> None:
    vocabulary = vocabulary_of(TEXTS, least=2)
    assert vocabulary.words == ("a", "mug", "red")  # "a mug" twice counts once
    assert vocabulary_of(reversed(TEXTS), least=2) == vocabulary
    assert vocabulary_of(TEXTS, size=1, least=1).words == ("a",)
    numbers = vocabulary.encode("a mug red lamp", 10)
    assert numbers[0] == START
    assert len(set(numbers)) == 5
    assert PADDING not in numbers
    assert max(numbers) < len(vocabulary)


def test_other_words_keep_one_number() -> None:
    vocabulary = Vocabulary(("a",), shared=1000)
    first, second = vocabulary.encode("unheard of", 9)[1:], vocabulary.encode("of unheard", 9)[1:]
    assert first == second[::-1]
    assert first[0] != first[1]


@pytest.mark.parametrize("limit", [1, 2, 3, 9])
def test_long_texts_lose_their_beginning(limit: int) -> None:
    vocabulary = vocabulary_of(TEXTS, least=1)
    whole = vocabulary.encode("a red mug", 100)[1:]
    assert vocabulary.encode("a red mug", limit) == [START, *whole[max(0, 4 - limit) :]]
    assert vocabulary.encode("", limit) == [START]


def test_round_trip(tmp_path: Path) -> None:
    vocabulary = vocabulary_of(["kräuter tee", '"quoted" \\ words'], least=1)
    vocabulary.save(tmp_path / "vocabulary.json")
    assert read_vocabulary(tmp_path / "vocabulary.json") == vocabulary


@pytest.mark.parametrize(
    "row", [[], {}, {"words": "abc", "shared": 3}, {"words": [1], "shared": 3}, {"words": ["a"], "shared": 0}]
)
def test_other_files_are_refused(tmp_path: Path, row: object) -> None:
    path = tmp_path / "vocabulary.json"
    path.write_text(json.dumps(row))
    with pytest.raises(PolicyError, match="vocabulary"):
        read_vocabulary(path)
