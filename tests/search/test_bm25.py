import numpy as np
import pytest

from shoprl.search.bm25 import idf, length_factors, quantized_length, term_scores


@pytest.mark.parametrize(
    ("length", "kept"),
    [
        (0, 0),
        (1, 1),
        (23, 23),
        (24, 24),
        (40, 40),
        (41, 40),
        (42, 42),
        (55, 54),
        (56, 56),
        (57, 56),
        (100, 96),
        (1000, 984),
    ],
)
def test_lengths_keep_four_leading_bits(length: int, kept: int) -> None:
    assert quantized_length(length) == kept


def test_there_are_as_many_lengths_as_a_byte_tells_apart() -> None:
    assert len({quantized_length(length) for length in range(10_000)}) <= 256
    assert all(quantized_length(length) <= length for length in range(10_000))


def test_rare_terms_weigh_more() -> None:
    assert idf(1000, 1) > idf(1000, 500) > idf(1000, 1000) > 0
    assert idf(3, 2) == pytest.approx(np.log(1.6), abs=1e-7)


def test_scores_grow_with_frequency_and_fall_with_length() -> None:
    factors = length_factors([10, 10, 1000])
    scores = term_scores(np.float32(2), np.array([1, 5, 1]), factors)
    assert scores.dtype == np.float32
    assert 2 > scores[1] > scores[0] > scores[2] > 0


def test_empty_documents_do_not_count_in_the_average() -> None:
    assert length_factors([4, 0, 4])[0] == length_factors([4, 4])[0]
    assert np.isfinite(length_factors([0, 0])).all()
