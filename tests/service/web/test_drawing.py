import re
from xml.etree import ElementTree

import pytest

from shoprl.service.arms import Arm
from shoprl.service.web.drawing import HEIGHT, WIDTH, density_picture, placeholder

SPACE = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("title", ["Red mug", "", "<script>", "&", "😀", "\ud800", "ß"])
def test_a_placeholder_is_well_formed_and_the_same_each_time(title: str) -> None:
    made = placeholder(title)
    assert made == placeholder(title)
    letters = ElementTree.fromstring(made).find("text")
    assert letters is not None
    assert len(letters.text or "") in (1, 2)
    assert "<script" not in made


def test_titles_get_several_colours() -> None:
    assert len({re.search(r"#\w{6}", placeholder(f"mug {number}"))[0] for number in range(50)}) > 4  # type: ignore[index]


def curves(arms: list[Arm]) -> list[list[tuple[float, float]]]:
    found = ElementTree.fromstring(density_picture(arms)).iter("polyline")
    return [[tuple(map(float, dot.split(","))) for dot in each.attrib["points"].split()] for each in found]  # type: ignore[misc]


def test_a_density_stands_over_the_mean() -> None:
    (curve,) = curves([Arm("a", "1", 1_000, 300.0)])
    left, right = re.findall(r">([\d.]+)%<", density_picture([Arm("a", "1", 1_000, 300.0)]))[::4]
    top = min(curve, key=lambda dot: dot[1])[0] / WIDTH
    assert float(left) + top * (float(right) - float(left)) == pytest.approx(30, abs=0.5)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in curve)


@pytest.mark.parametrize("counts", [(0, 0.0), (1, 1.0), (100_000, 0.0), (100_000, 100_000.0), (3, 0.5)])
def test_any_counts_can_be_drawn(counts: tuple[int, float]) -> None:
    drawn = curves([Arm("<b>&", "1", *counts), Arm("b", "1", 10, 3.0)])
    assert len(drawn) == 2
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for curve in drawn for x, y in curve)
