from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from shoprl.errors import CatalogError
from shoprl.policies.networks.image_features import WIDTH, read_image_features, shown_pictures
from tests.support.tiny_bert import toy_states
from tests.support.toyshop import PRODUCTS

ADDRESSES = ["https://img.example/a.jpg", PRODUCTS[1].image, PRODUCTS[2].image]
NUMBERS = torch.arange(3 * WIDTH, dtype=torch.float32).reshape(3, WIDTH)


def write(folder: Path, numbers: Any = NUMBERS, addresses: Any = ADDRESSES, old_format: bool = False) -> Path:
    for name, value in (("feat_conv.pt", numbers), ("feat_ids.pt", addresses)):
        torch.save(value, folder / name, _use_new_zipfile_serialization=not old_format)
    return folder


@pytest.mark.parametrize("old_format", [False, True])
def test_features_by_address(tmp_path: Path, old_format: bool) -> None:
    features = read_image_features(write(tmp_path, old_format=old_format))
    assert torch.equal(features.of(ADDRESSES[2]), NUMBERS[2])
    assert torch.equal(features.of("https://img.example/none.jpg"), torch.zeros(WIDTH))


def test_products_with_one_title_have_their_own_pictures(tmp_path: Path) -> None:
    same = [replace(product, title="mug") for product in PRODUCTS]
    found = read_image_features(write(tmp_path)).by_asin(same)
    assert {asin: int(numbers[0]) for asin, numbers in found.items()} == {
        PRODUCTS[1].asin: WIDTH,
        PRODUCTS[2].asin: 2 * WIDTH,
    }
    assert read_image_features(tmp_path).by_asin([replace(PRODUCTS[1], image="")]) == {}


def test_pages_without_a_picture_show_zeros() -> None:
    pages = [replace(toy_states()[0], picture=asin) for asin in ("A", "", "B", "A")]
    found = shown_pictures(pages, {"A": NUMBERS[1].half()})
    assert found.dtype == torch.float32
    assert [int(row[0]) for row in found] == [WIDTH, 0, 0, WIDTH]
    assert not found[1:3].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"numbers": NUMBERS[:, :9]}, "512 numbers"),
        ({"numbers": [1.0, 2.0]}, "512 numbers"),
        ({"addresses": ADDRESSES[:2]}, "3 pictures"),
        ({"addresses": {"a": 1}}, "list of"),
        ({"addresses": [1, 2, 3]}, "list of"),
        ({"addresses": Path("code")}, "cannot be read"),
    ],
)
def test_files_of_another_form_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        read_image_features(write(tmp_path, **change))


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 half a file", b"\x80\x02K"])
def test_broken_files_are_named(tmp_path: Path, content: bytes | None) -> None:
    write(tmp_path)
    if content is None:
        (tmp_path / "feat_ids.pt").unlink()
    else:
        (tmp_path / "feat_ids.pt").write_bytes(content)
    with pytest.raises(CatalogError, match=r"feat_ids\.pt"):
        read_image_features(tmp_path)
