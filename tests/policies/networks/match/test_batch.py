import numpy as np
import pytest
import torch

from shoprl.policies.networks.match.batch import collate, evidence_of
from shoprl.policies.networks.match.words import WordStore
from shoprl.tasks.base import Observation
from tests.support.fakes import WIDTH, FakeBackbone
from tests.support.matching import shown


def store(*states: Observation) -> WordStore:
    words = WordStore(FakeBackbone, torch.eye(WIDTH), torch.zeros(WIDTH))  # type: ignore[arg-type]
    words.add(text for state in states for text in (state.request, *evidence_of(state).texts))
    return words


def test_rows_of_words_are_padded_with_marks_and_have_gaps() -> None:
    first = shown("red stoneware mug", "red mug", "", seen=("a blue plate",))
    second = shown("tea", "green tea")
    batch = collate([first, second], store(first, second), 3)
    assert batch.request.shape == (2, 3, WIDTH)
    assert (batch.request_terms[1] == -1).tolist() == [False, True, True]
    assert batch.owner[0].tolist() == [0, 0, 0, 1, 2, 2, 2]  # the last of each is a gap
    assert (batch.terms[0] == -2).tolist() == [False, False, True, True, False, False, True]
    assert (batch.terms[1] == -2).tolist() == [False, False, True, True, True, True, True]
    assert not batch.words[batch.terms == -2].any()
    assert batch.rows.tolist() == [[True] * 3, [True, False, False]]
    assert batch.candidates.tolist() == [[True, True], [True, False]]
    assert batch.terms[0, 0] == batch.request_terms[0, 0]  # the term of "red"


def test_what_was_read_is_marked_by_source() -> None:
    state = shown("red cotton mug", "mug", "plate", terms=("cotton red", ""))
    batch = collate([state], store(state), 3)
    assert batch.known[0, 0, :, 2].tolist() == [1, 1, 0]
    assert batch.known.sum() == 2


def test_a_state_without_evidence_has_its_candidates_as_rows() -> None:
    state = Observation("tea", ("green tea", ""), np.ones((2, 4), dtype=np.float32))
    batch = collate([state], store(state), 0)
    assert batch.rows.tolist() == [[True, True]]
    assert not batch.products.any()
    assert batch.known.shape == (1, 2, 1, 0)
    assert evidence_of(state).names == ("", "")


def test_nothing_to_read_makes_a_batch_too() -> None:
    state = Observation("", ("", ""), np.ones((2, 4), dtype=np.float32))
    batch = collate([state], store(state), 3)
    assert batch.request_terms.tolist() == [[-1]]
    assert batch.terms.tolist() == [[-2, -2]]


def test_states_of_one_request_share_their_texts() -> None:
    states = [shown("red mug", "mug", "plate"), shown("red mug", "plate", seen=("a red mug", ""))]
    batch = collate(states, store(*states), 3, together=True)
    assert (batch.texts, len(batch.words)) == (4, 1)
    assert batch.places is not None
    assert batch.places.tolist() == [[1, 2, 0], [2, 3, 0]]
    assert batch.owner.tolist() == [[0, 1, 1, 2, 2, 3, 3, 3]]
    assert not (batch.owner[batch.terms >= 0] == 0).any()  # the empty text that padding has


@pytest.mark.parametrize("others", [(), ("tea",)])
def test_one_state_and_several_requests_share_none(others: tuple[str, ...]) -> None:
    states = [shown(request, "mug") for request in ("red mug", *others)]
    batch = collate(states, store(*states), 3, together=True)
    assert batch.places is None
    assert len(batch.words) == len(states)


@pytest.mark.parametrize("together", [False, True])
def test_a_copy_on_a_device_has_every_field(together: bool) -> None:
    states = [shown("tea", "green tea"), shown("tea", "black tea")]
    batch = collate(states, store(*states), 3, together)
    copy = batch.to(torch.device("cpu"))
    for name in batch.__slots__:
        before, after = getattr(batch, name), getattr(copy, name)
        assert torch.equal(after, before) if torch.is_tensor(before) else after == before
