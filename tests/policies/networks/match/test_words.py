import numpy as np
import pytest
import torch

from shoprl.policies.networks.match.words import MAX_WORDS, WordStore, encode_words, principal, words_in
from tests.support.fakes import WIDTH, FakeBackbone
from tests.support.resuming import PaddedBackbone

TEXTS = ("The red mug of stoneware", "mugs and plates", "", "the of", "Rot­kohl № 5 🙂", "x" * 400)


def store(backbone: FakeBackbone | None = None, width: int = WIDTH) -> WordStore:
    own = backbone or FakeBackbone()
    return WordStore(lambda: own, torch.eye(WIDTH)[:, :width], torch.zeros(WIDTH))  # type: ignore[arg-type]


def test_words_are_kept_once_by_their_term_without_stop_words() -> None:
    assert words_in("The red Mugs, and the mug") == (("red", "red"), ("mugs", "mug"))
    assert words_in("") == words_in("the of and") == ()
    assert len(words_in(" ".join(f"word{n}" for n in range(3 * MAX_WORDS)))) == MAX_WORDS


def test_a_word_is_encoded_once_whatever_texts_it_stands_in() -> None:
    backbone = FakeBackbone()
    words = store(backbone)
    words.add(TEXTS)
    asked = backbone.asked
    words.add(["red stoneware plates", *TEXTS])
    assert backbone.asked == asked
    first, second = words["The red mug of stoneware"], words["red stoneware plates"]
    assert first.names[0] == second.names[0] == "red"
    assert first.rows[0] == second.rows[0]
    assert first.terms[1] == words["mugs and plates"].terms[0]  # mug and mugs are one term,
    assert first.rows[1] != words["mugs and plates"].rows[0]  # and two words


def test_states_are_of_length_one_and_that_of_padding_is_zero() -> None:
    words = store()
    words.add(TEXTS)
    assert not words.states[0].any()
    assert words[""].rows.shape == words["the of"].rows.shape == (0,)
    rows = torch.from_numpy(words["The red mug of stoneware"].rows)
    torch.testing.assert_close(words.states[rows].norm(dim=1), torch.ones(3), atol=1e-3, rtol=0)  # half precision
    assert torch.isfinite(words.states).all()


def test_the_table_grows_and_keeps_what_it_holds() -> None:
    words = store()
    words.add(["red mug"])
    before, size = words.states[words["red mug"].rows].clone(), len(words.states)
    words.add(f"n{n} {' '.join(f'w{n}x{k}' for k in range(50))}" for n in range(size // 50 + 1))
    assert len(words.states) > size
    assert torch.equal(words.states[words["red mug"].rows], before)


def test_words_are_encoded_again_with_the_same_others() -> None:
    first, second, other = (store(PaddedBackbone()) for _ in range(3))
    first.add(["a red mug", "stoneware"])
    first.add(["porcelain plates"])
    second.repeat(first.batches)
    second.add(["porcelain plates stoneware", "a red mug"])
    other.add(["porcelain plates stoneware", "a red mug"])
    assert second.batches == first.batches

    def state(held: WordStore) -> torch.Tensor:
        held.add(["stoneware"])
        return held.states[held["stoneware"].rows]

    assert torch.equal(state(second), state(first))
    assert not torch.equal(state(other), state(first))  # which is what the batches are kept for


def test_a_word_without_a_token_has_a_state() -> None:
    found = encode_words(FakeBackbone(), ["red", ""])  # type: ignore[arg-type]
    assert found.shape == (2, WIDTH)
    assert not found[1].any()


def test_the_directions_kept_are_those_in_which_words_differ() -> None:
    rng = np.random.default_rng(0)
    scales = np.array([1.0, 9.0, 0.1, 3.0])
    states = torch.from_numpy(rng.normal(size=(500, 4)) * scales + 5).float()
    rotation, center = principal(states, 2)
    assert rotation.abs().argmax(dim=0).tolist() == [1, 3]
    torch.testing.assert_close(rotation.T @ rotation, torch.eye(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(center, states.mean(dim=0))
    assert (rotation.gather(0, rotation.abs().argmax(dim=0, keepdim=True)) > 0).all()  # the sign is fixed
    again, _ = principal(states, 2)
    assert torch.equal(again, rotation)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_words_have_directions_all_the_same(count: int) -> None:
    rotation, center = principal(torch.ones(count, 4), 2)
    torch.testing.assert_close(rotation.T @ rotation, torch.eye(2))
    assert center.tolist() == [float(count)] * 4


def test_what_is_forgotten_is_met_again_as_before() -> None:
    words = store()
    words.add(["a red mug"])
    kept, held = len(words), words.held
    before = words.states[words["a red mug"].rows].clone()
    words.add(["some words that nobody needs again", "a red mug with a lid"])
    assert words.held > held
    words.forget(kept)
    assert len(words) == kept
    assert "nobody" not in words
    words.add(["a red mug", "nobody needs it"])
    assert torch.equal(words.states[words["a red mug"].rows], before)
    assert "nobody" in words
