"""Drawn pictures of coloured shapes, and a small fixed encoder that turns a picture into 512 numbers.

They stand in for photographs and for the pretrained network behind WebShop's ``feat_conv.pt`` where neither can be had.
The encoder is never trained: random convolutions of a constant seed, pooled over the whole picture, beside how much of
what stands out from the background has each of a coarse grid of colours.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import conv2d, max_pool2d

from shoprl.policies.networks.image_features import WIDTH

Picture = NDArray[np.float32]
Plane = NDArray[np.float64]

SIDE = 32  # pixels
COLOURS: Mapping[str, tuple[float, float, float]] = {
    "blue": (0.12, 0.25, 0.85),
    "green": (0.10, 0.60, 0.20),
    "orange": (0.95, 0.50, 0.08),
    "pink": (0.95, 0.45, 0.70),
    "purple": (0.45, 0.12, 0.60),
    "yellow": (0.90, 0.82, 0.10),
}
_TONES = 6  # steps of red, of green and of blue in the grid of colours
_FIRST, _SECOND = 32, (WIDTH - _TONES**3) // 2  # filters; each of the second gives its mean and its largest answer
_FILTER = 5  # pixels a side
_CONSTANT = 20_240_816  # seed of the filters and of the pictures that the scale comes from
_REFERENCES = 360


def _square(x: Plane, y: Plane) -> Plane:
    return np.maximum(abs(x), abs(y)) - 0.8


def _triangle(x: Plane, y: Plane) -> Plane:
    return np.maximum(y - 0.6, 0.866 * abs(x) - 0.5 * y - 0.5)


def _bars(x: Plane, y: Plane) -> Plane:
    upright, level = np.maximum(abs(x) - 0.3, abs(y) - 1.0), np.maximum(abs(y) - 0.3, abs(x) - 1.0)
    return np.minimum(upright, level)


def _star(x: Plane, y: Plane) -> Plane:
    fifth = 2 * np.pi / 5
    angle = abs((np.arctan2(x, -y) + fifth / 2) % fifth - fifth / 2)  # folded onto half of one point
    tip, notch = np.array([1.1, 0.0]), 0.45 * np.array([np.cos(fifth / 2), np.sin(fifth / 2)])
    along = notch - tip
    outward = np.array([along[1], -along[0]]) / np.hypot(*along)
    radius = np.hypot(x, y)
    beyond: Plane = (radius * np.cos(angle) - tip[0]) * outward[0] + (radius * np.sin(angle) - tip[1]) * outward[1]
    return beyond


SHAPES: Mapping[str, Callable[[Plane, Plane], Plane]] = {  # below zero inside; about one unit from middle to edge
    "circle": lambda x, y: np.hypot(x, y) - 0.9,
    "cross": _bars,
    "diamond": lambda x, y: abs(x) + abs(y) - 1.05,
    "square": _square,
    "star": _star,
    "triangle": _triangle,
}


def draw(colour: str, shape: str, rng: np.random.Generator) -> Picture:
    """A picture of a coloured shape: where it is, its size, tilt and tone, the background and the noise are drawn.

    Args:
        colour: of :data:`COLOURS`.
        shape: of :data:`SHAPES`.
        rng: decides everything else.

    Returns:
        RGB in [0, 1], shape (SIDE, SIDE, 3).
    """
    size, tilt = rng.uniform(0.42, 0.62), rng.uniform(-0.15, 0.15)
    across, down = rng.uniform(-0.3, 0.3, size=2)
    tint = rng.uniform(0.75, 1.0) + rng.uniform(-0.06, 0.06, size=3)
    tone = np.array(COLOURS[colour]) + rng.uniform(-0.06, 0.06, size=3)
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    x, y = (x - across) / size, (y - down) / size
    x, y = np.cos(tilt) * x + np.sin(tilt) * y, np.cos(tilt) * y - np.sin(tilt) * x
    inside = np.clip(0.5 - SHAPES[shape](x, y) * size * SIDE / 2, 0, 1)[:, :, None]  # edges one pixel wide
    picture = inside * tone + (1 - inside) * tint + rng.normal(0, 0.03, size=(SIDE, SIDE, 3))
    return np.clip(picture, 0, 1).astype(np.float32)


@cache
def _filters() -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(_CONSTANT)
    first, second = rng.normal(size=(_FIRST, 1, _FILTER, _FILTER)), rng.normal(size=(_SECOND, _FIRST, _FILTER, _FILTER))
    first -= first.mean(axis=(2, 3), keepdims=True)  # answers to edges, not to plain areas
    second -= second.mean(axis=(1, 2, 3), keepdims=True)
    return torch.from_numpy(first / _FILTER).float(), torch.from_numpy(second / (_FILTER * _FIRST**0.5)).float()


def _stands_out(pixels: torch.Tensor) -> torch.Tensor:
    """How far each pixel is from the background's colour, in [0, 1]; shape (pictures, 1, SIDE, SIDE)."""
    border = torch.cat([pixels[:, :, 0], pixels[:, :, -1]], dim=-1).median(dim=-1).values
    distance = (pixels - border[:, :, None, None]).norm(dim=1, keepdim=True)
    shown: torch.Tensor = distance / distance.amax(dim=(2, 3), keepdim=True)
    return shown


def _colours(pixels: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Share of each colour of the grid, shape (pictures, _TONES ** 3); a pixel counts for those it is between."""
    steps = torch.linspace(0, 1, _TONES)
    near = torch.relu(1 - (_TONES - 1) * (pixels.flatten(2)[:, :, :, None] - steps).abs())
    red, green, blue = near.unbind(dim=1)  # each of shape (pictures, pixels, _TONES)
    weights = weights.flatten(1) ** 2  # the noise of the background counts for little
    weights = weights / weights.sum(dim=1, keepdim=True)
    both = (red[:, :, :, None] * green[:, :, None, :]).flatten(2) * weights[:, :, None]
    return (both.transpose(1, 2) @ blue).flatten(1)


def _answers(pictures: Sequence[Picture]) -> torch.Tensor:
    """Colours and filters' answers before they are brought to one scale, shape (pictures, WIDTH)."""
    pixels = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    shown = _stands_out(pixels)
    first, second = _filters()
    edges = max_pool2d(torch.relu(conv2d(shown, first, padding=2)), 2)
    parts = torch.relu(conv2d(edges, second, padding=2))
    return torch.cat([_colours(pixels, shown), parts.mean(dim=(2, 3)), parts.amax(dim=(2, 3))], dim=1)


@cache
def _scale() -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and spread of each number over reference pictures, which are the same for everyone."""
    rng = np.random.default_rng(_CONSTANT + 1)
    looks = [(colour, shape) for colour in COLOURS for shape in SHAPES]
    answers = _answers([draw(*looks[i % len(looks)], rng) for i in range(_REFERENCES)])
    return answers.mean(dim=0), answers.std(dim=0).clamp(min=0.005)  # a colour that is hardly met


@torch.inference_mode()
def encode_pictures(pictures: Sequence[Picture]) -> torch.Tensor:
    """Features of pictures, shape (pictures, WIDTH); each number is about 0 on average and varies by about 1.

    Args:
        pictures: at least one, each of shape (SIDE, SIDE, 3), in [0, 1].
    """
    mean, spread = _scale()
    return (_answers(pictures) - mean) / spread
