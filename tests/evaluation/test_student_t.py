import pytest

from shoprl.evaluation.student_t import student_t


@pytest.mark.parametrize(
    ("freedom", "level", "expected"),
    [
        (1, 0.95, 12.7062),
        (2, 0.95, 4.3027),
        (3, 0.95, 3.1824),
        (4, 0.95, 2.7764),
        (9, 0.95, 2.2622),
        (30, 0.95, 2.0423),
        (2, 0.99, 9.9248),
        (5, 0.80, 1.4759),
        (1000, 0.95, 1.9623),
    ],
)
def test_quantiles_of_printed_tables(freedom: int, level: float, expected: float) -> None:
    assert student_t(level, freedom) == pytest.approx(expected, abs=6e-5)
