"""N-grams of texts, department by department."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoprl.catalog.ngrams import MAX_DEPARTMENTS, Limits, Vocabulary, is_readable, make_key, split_key
from shoprl.errors import StorageError

Counted = dict[tuple[str, str], int]


def counted(vocabulary: Vocabulary, length: int) -> Counted:
    """Department and n-gram -> how often."""
    words = {number: word for word, number in vocabulary.numbers.items() if number}
    departments = {number: name for name, number in vocabulary.departments.items()}
    keys, counts = vocabulary.counted(length)
    found = {}
    for department, first, last, count in zip(
        *(each.tolist() for each in split_key(keys)), counts.tolist(), strict=True
    ):
        term = words[last] if length == 1 else f"{words[first]} {words[last]}"
        found[departments[department], term] = count
    return found


TEXTS = st.lists(
    st.tuples(st.sampled_from("ab"), st.lists(st.sampled_from(["oak", "ash", "elm", "the", "7"]), max_size=6))
)


@given(TEXTS, st.integers(1, 9))
def test_all_are_counted_whatever_the_blocks(texts: list[tuple[str, list[str]]], block: int) -> None:
    vocabulary = Vocabulary(limits=Limits(block=block))
    vocabulary.count((department, " ".join(words), "") for department, words in texts)
    for length in (1, 2):
        plain: Counter[tuple[str, str]] = Counter()
        for department, words in texts:
            kept = [word for word in words if word not in ("the", "7")]
            plain.update((department, term) for term in (kept if length == 1 else map(" ".join, pairwise(kept))))
        assert counted(vocabulary, length) == plain


def test_words_that_are_dropped_begin_anew() -> None:
    vocabulary = Vocabulary(limits=Limits(words=12, block=2))
    texts = [("a", f"frequent rare{n}x", "") for n in range(40)]
    vocabulary.count(texts)
    assert counted(vocabulary, 1)["a", "frequent"] == 40
    assert sum(number > 0 for number in vocabulary.numbers.values()) <= 14
    assert all(count == 1 for (_, term), count in counted(vocabulary, 1).items() if term != "frequent")


def test_a_pair_does_not_reach_over_what_is_left_out_of_it() -> None:
    vocabulary = Vocabulary(readable=True)
    vocabulary.count([("a", "wide acme screen with the stand x200 glass", "ACME")])
    assert not counted(vocabulary, 2)
    vocabulary.count([("b", "wide screen, oak-stand", "")])
    assert set(counted(vocabulary, 2)) == {("b", "wide screen"), ("b", "oak stand")}
    assert {term for name, term in counted(vocabulary, 1) if name == "a"} == {"wide", "screen", "stand", "glass"}


@pytest.mark.parametrize(
    ("word", "readable"), [("touchscreen", True), ("dv7", False), ("17", False), ("gb", False), ("größe", True)]
)
def test_readable_words(word: str, readable: bool) -> None:
    assert is_readable(word) == readable


def test_keys_hold_the_largest_numbers() -> None:
    parts = [np.array([number]) for number in (MAX_DEPARTMENTS - 1, 2**22 - 1, 2**22 - 2)]
    assert [int(part[0]) for part in split_key(make_key(*parts))] == [int(part[0]) for part in parts]


def test_texts_come_back_in_the_numbers_that_words_have_now() -> None:
    vocabulary = Vocabulary(limits=Limits(words=12, block=2))
    vocabulary.count([("a", f"frequent rare{n}x", "") for n in range(40)])
    words = {number: word for word, number in vocabulary.numbers.items() if number} | {1: "-"}
    said = [words[number] for block in vocabulary.blocks() for number in block.words.tolist()]
    assert said[::2] == ["frequent"] * 40
    assert said[1] == "-"
    assert said[-1] == "rare39x"


def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(StorageError, match=r"cannot be written \(.*No space left.*Free some space"):
        Vocabulary().count([("a", "oak table", "")])
