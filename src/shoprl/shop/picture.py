"""A page drawn as a picture, for recordings of episodes."""

import textwrap
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shoprl.shop.page import Page
from shoprl.shop.render import NodeKind, nodes

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

WIDTH, HEIGHT = 960, 720  # pixels
_LINE, _MARGIN, _LETTERS = 22, 20, 105  # pixels, pixels, characters a line
_COLOURS: dict[NodeKind, str] = {"text": "#222222", "button": "#117766", "option": "#114455", "product": "#114455"}


def can_draw() -> bool:
    """Whether Pillow is installed, which draws."""
    return find_spec("PIL") is not None


@cache
def _font() -> "FreeTypeFont | ImageFont":
    from PIL import ImageFont

    return ImageFont.load_default(size=15)


def _lines(page: Page) -> Iterator[tuple[str, NodeKind, bool]]:
    """The page's texts, each with what it is and whether it is chosen; longer ones take several lines."""
    chosen = {*page.options.values(), *page.visited}
    for kind, content in nodes(page):
        shown = content if kind == "text" else f"[{content}]"
        for line in textwrap.wrap(shown[: _LETTERS * HEIGHT // _LINE], _LETTERS):
            yield line, kind, kind in ("option", "product") and content in chosen


def draw(page: Page) -> NDArray[np.uint8]:
    """The page's address and, line by line, its texts; what can be clicked stands in brackets, what was on a ground.

    What does not fit is left out.

    Returns:
        Pixels of shape ``(720, 960, 3)``.
    """
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen, font = ImageDraw.Draw(image), _font()
    pen.text((_MARGIN, _MARGIN // 2), page.url[:_LETTERS], fill="#888888", font=font)
    tops = range(_MARGIN // 2 + 2 * _LINE, HEIGHT - _LINE, _LINE)
    for top, (line, kind, chosen) in zip(tops, _lines(page), strict=False):
        if chosen:
            pen.rectangle((_MARGIN - 4, top - 2, WIDTH - _MARGIN, top + _LINE - 4), fill="#ddeedd")
        pen.text((_MARGIN, top), line, fill=_COLOURS[kind], font=font)
    return np.asarray(image)
