import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from shoprl.errors import BackboneError
from shoprl.policies.networks.backbone import load_backbone
from shoprl.policies.query.data import Typed
from shoprl.policies.query.extractive import best_sets, mark, query_of, word_states, words_of
from shoprl.policies.query.policy import QueryPolicy
from shoprl.search.analysis import analyze
from shoprl.tasks.instruction import parse_instruction, terms_of
from tests.support.fakequery import fake_backbone, fake_extractive
from tests.support.fakes import FakeBackbone

TEXT = "I'd like 1/4 zip, clip-on shirts for the shirt, and 7.5 é men's 日本"


def texts(text: str) -> list[str]:
    return [text[word.start : word.end] for word in words_of(text)]


def test_words_are_what_a_search_looks_for() -> None:
    assert texts(TEXT) == ["I'd", "like", "1", "4", "zip", "clip", "shirts", "7.5", "é", "men's", "日", "本"]
    assert {word.term for word in words_of(TEXT)} == set(terms_of(TEXT))
    assert texts("") == texts("of the, and!") == []
    assert len(texts("x" * 600)) == 2  # cut by the search, two pieces of 255 alike


@given(st.text())
def test_words_of_any_text(text: str) -> None:
    words = words_of(text)
    assert {word.term for word in words} == terms_of(text)
    assert all(analyze(text[word.start : word.end]) == [word.term] for word in words)
    assert all(first.end <= second.start for first, second in itertools.pairwise(words))
    assert terms_of(query_of(text, words, [True] * len(words))) == terms_of(text)


def test_queries_keep_order_and_glue() -> None:
    words = words_of(TEXT)
    assert query_of(TEXT, words, [True] * len(words)) == "I'd like 1/4 zip clip shirts 7.5 é men's 日本"
    kept = [TEXT[word.start : word.end] in ("1", "zip", "7.5", "本") for word in words]
    assert query_of(TEXT, words, kept) == "1 zip 7.5 本"
    assert query_of(TEXT, words, [False] * len(words)) == ""
    for number in range(len(words)):
        own = query_of(TEXT, words, [i >= number for i in range(len(words))])
        assert terms_of(own) == {word.term for word in words[number:]}


@pytest.mark.parametrize("seed", range(5))
def test_sets_come_most_probable_first(seed: int) -> None:
    log_odds = np.random.default_rng(seed).normal(size=6).round(2).tolist()
    chance = [1 / (1 + math.exp(-each)) for each in log_odds]

    def probability(kept: tuple[bool, ...]) -> float:
        return math.prod(p if keep else 1 - p for p, keep in zip(chance, kept, strict=True))

    found = list(best_sets(log_odds))
    everything = set(itertools.product([False, True], repeat=6)) - {(False,) * 6}
    assert len(found) == len(everything)
    assert set(found) == everything
    rest = [probability(kept) for kept in found]
    assert rest == pytest.approx(sorted(rest, reverse=True))


def test_sets_by_hand() -> None:
    assert list(best_sets([-1.0])) == [(True,)]
    assert list(best_sets([-2.0, -1.0])) == [(False, True), (True, False), (True, True)]
    assert list(itertools.islice(best_sets([2.0, -0.5, 1.0]), 3)) == [
        (True, False, True), (True, True, True), (True, False, False),
    ]  # fmt: skip
    assert len(list(itertools.islice(best_sets([0.1] * 200), 30))) == 30  # lazily, of 2^200


def test_a_word_is_the_mean_of_its_tokens() -> None:
    backbone = load_backbone()
    text = "Unbelievable jinxuan-tea"
    words, states = word_states(backbone, text)
    assert [text[word.start : word.end] for word in words] == ["Unbelievable", "jinxuan", "tea"]
    whole = backbone.token_states([text], 64)[0][0].float()
    places = backbone.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    second = [i for i, (start, end) in enumerate(places) if start >= 13 and end <= 20]
    assert len(second) > 1  # in several pieces
    torch.testing.assert_close(states[1], whole[second].mean(dim=0))
    torch.testing.assert_close(states[2], whole[-1])


def test_what_the_backbone_does_not_read_is_left_out() -> None:
    text = " ".join(f"word{number}" for number in range(100))
    for backbone, count in ((fake_backbone(), 64), (load_backbone(), 32)):  # "word12" is two pieces
        words, states = word_states(backbone, text)
        assert len(words) == len(states) == count
    assert word_states(fake_backbone(), "the")[1].shape == (0, 16)


def test_labels_are_shares_of_the_queries() -> None:
    typed = Typed("find running shoes for men, red shoe, and price lower than 5 dollars", ("run shoe", "shoes red"))
    marked = mark(typed, fake_backbone())
    assert [round(share, 2) for share in marked.shares.tolist()] == [0.0, 0.5, 1.0, 0.0, 0.5]
    assert marked.states.shape == (5, 16)


def test_a_slow_tokenizer_is_named() -> None:
    with pytest.raises(BackboneError, match="fast"):
        word_states(FakeBackbone(), "a mug")  # type: ignore[arg-type]


def test_padding_changes_nothing() -> None:
    model = fake_extractive(dropout=0.5).model
    states = torch.randn((2, 5, 16), generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    with torch.inference_mode():
        both, alone = model(states, mask), model(states[1:, :3], mask[1:, :3])
    torch.testing.assert_close(both[1, :3], alone[0])
    assert both[1, 3:].tolist() == [0.0, 0.0]


def test_fresh_weights_come_from_the_generator_alone() -> None:
    before = torch.get_rng_state()
    first, second, third = (fake_extractive(seed).model.score.weight for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, third)
    assert torch.equal(torch.get_rng_state(), before)


def test_queries_do_not_depend_on_what_was_asked_before() -> None:
    asked = [parse_instruction(text) for text in ("a red mug for my mother", "blue lamps", TEXT)]
    whole = QueryPolicy(fake_extractive())
    before = [whole.queries(each, 5) for each in asked]
    for each, found in zip(reversed(asked), reversed(before), strict=True):
        assert QueryPolicy(fake_extractive()).queries(each, 5) == found
        assert all(terms_of(query) <= each.terms for query in found)
    assert QueryPolicy(fake_extractive()).queries(parse_instruction("the"), 2) == ("the",)


def test_the_threshold_moves_the_best_set() -> None:
    asked = parse_instruction("one two three four five six")
    keen, strict = (QueryPolicy(fake_extractive(threshold=each)).queries(asked, 1)[0] for each in (0.01, 0.99))
    assert keen == asked.text
    assert len(strict.split()) == 1
