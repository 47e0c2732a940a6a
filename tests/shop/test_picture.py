"""Pages as pictures."""

import numpy as np
import pytest

from shoprl.errors import ConfigError
from shoprl.shop.env import WebShopEnv
from shoprl.shop.picture import HEIGHT, WIDTH, draw
from shoprl.shop.session import Session
from tests.support.toyshop import EVERYTHING, toy_data


def test_each_page_has_a_picture_of_its_own() -> None:
    pytest.importorskip("PIL")
    session = Session(toy_data().shop, toy_data().goals[0])
    value = toy_data().catalog["B0SHOE0001"].options["color"][0]
    pictures = [draw(session.page)]
    for action in (f"search[{EVERYTHING}]", "click[b0shoe0001]", f"click[{value}]", "click[description]",
                   "click[< prev]", "click[buy now]"):  # fmt: skip
        session.step(action)
        pictures.append(draw(session.page))
    assert all(picture.shape == (HEIGHT, WIDTH, 3) and picture.dtype == np.uint8 for picture in pictures)
    assert all(200 < (picture.min(axis=2) < 128).sum() < picture.size / 20 for picture in pictures)  # ink on white
    digests = [picture.tobytes() for picture in pictures]
    assert digests[3] == digests[5]  # the item with its option chosen, and again
    assert len(set(digests)) == len(digests) - 1
    assert draw(session.page).tobytes() == digests[-1]


def test_a_page_of_any_length_has_a_picture() -> None:
    pytest.importorskip("PIL")
    session = Session(toy_data().shop, "ask for " + "日本 \u202e very long words " * 10_000)
    assert draw(session.page).shape == (HEIGHT, WIDTH, 3)


def test_without_pillow_it_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoprl.shop.env.can_draw", lambda: False)
    with pytest.raises(ConfigError, match="render_mode 'rgb_array': needs Pillow"):
        WebShopEnv(toy_data(), render_mode="rgb_array")
