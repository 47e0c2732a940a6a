import itertools

import numpy as np
import pytest
import torch

from shoprl.experiments.studies.pictures import COLOURS, SHAPES, SIDE, Picture, draw, encode_pictures
from shoprl.policies.networks.image_features import WIDTH

RECORDED = [0.0, -0.0, -0.04, -0.406, -1.025, -0.528, 1.366, -1.343]  # every 64th number of one picture
LOOKS = list(itertools.product(COLOURS, SHAPES))


def drawn(each: int, seed: int) -> list[Picture]:
    """So many pictures of each look, one look after the other."""
    rng = np.random.default_rng(seed)
    return [draw(*look, rng) for look in LOOKS for _ in range(each)]


def test_a_picture_is_that_of_its_seed() -> None:
    first, again, other = (draw("blue", "star", np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert first.shape == (SIDE, SIDE, 3)
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 1
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("colour", "shape"), [("pink", "star"), ("blue", "cross")])
def test_colour_and_shape_are_in_the_pixels(colour: str, shape: str) -> None:
    first, other = (draw(*look, np.random.default_rng(0)) for look in (("blue", "star"), (colour, shape)))
    assert abs(first - other).max() > 0.3


def test_features_of_a_picture_do_not_depend_on_the_others() -> None:
    pictures = drawn(1, 0)
    together = encode_pictures(pictures)
    assert together.shape == (len(LOOKS), WIDTH)
    torch.testing.assert_close(encode_pictures(pictures[3:4])[0], together[3], atol=1e-3, rtol=0)


def test_the_encoder_is_the_recorded_one() -> None:
    found = encode_pictures([draw("purple", "triangle", np.random.default_rng(0))])[0]
    recorded = torch.tensor(RECORDED)
    torch.testing.assert_close(found[::64], recorded, atol=0.01, rtol=0)


def test_numbers_are_of_one_scale() -> None:
    found = encode_pictures(drawn(10, 5))
    assert found.mean(dim=0).abs().max() < 0.5
    assert 0.5 < found.std() < 1.5


@pytest.mark.parametrize(("part", "names"), [(0, list(COLOURS)), (1, list(SHAPES))])
def test_colour_and_shape_are_read_off_the_nearest_mean(part: int, names: list[str]) -> None:
    truth = torch.tensor([names.index(look[part]) for look in LOOKS for _ in range(8)])
    shown, other = encode_pictures(drawn(8, 1)), encode_pictures(drawn(8, 2))
    means = torch.stack([shown[truth == number].mean(dim=0) for number in range(len(names))])
    right = (torch.cdist(other, means).argmin(dim=1) == truth).float().mean()
    assert right > 0.8  # a guess: one sixth
