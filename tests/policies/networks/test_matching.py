import pytest
import torch

from shoprl.policies.networks.matching import cosine, coverage


def test_coverage_by_hand() -> None:
    # Candidate 0 owns the first two tokens, candidate 1 the third; the wish has two words, of weights 3 and 1.
    near = torch.tensor([[[0.5, 0.0], [0.25, 1.0], [1.0, 0.5]]])
    covered = coverage(near, torch.tensor([[3.0, 1.0]]), torch.tensor([[0, 0, 1]]), candidates=3)
    own = [(3 * 0.5 + 1 * 1.0) / 4, (3 * 1.0 + 1 * 0.5) / 4, 0.0]  # candidate 2 has no token
    page = (3 * 1.0 + 1 * 1.0) / 4
    assert covered[0].tolist() == [[each, page] for each in own]


def test_a_wish_without_words_is_covered_by_nothing() -> None:
    covered = coverage(torch.ones(1, 2, 1), torch.zeros(1, 1), torch.tensor([[0, 1]]), candidates=2)
    assert covered.tolist() == [[[0.0, 0.0], [0.0, 0.0]]]


def test_each_decision_has_candidates_of_its_own() -> None:
    near = torch.tensor([[[1.0]], [[0.5]]])
    covered = coverage(near, torch.ones(2, 1), torch.tensor([[0], [1]]), candidates=2)
    assert covered[..., 0].tolist() == [[1.0, 0.0], [0.0, 0.5]]


def test_cosines_of_all_pairs() -> None:
    first = torch.tensor([[[3.0, 4.0], [0.0, 0.0]]])  # the second is padding
    second = torch.tensor([[[4.0, 3.0], [-6.0, -8.0], [0.0, 2.0]]])
    assert cosine(first, second).tolist() == [
        [pytest.approx([0.96, -1.0, 0.8]), [0.0, 0.0, 0.0]],
    ]
