"""WebShop's picture features: 512 numbers per picture, from ``feat_conv.pt`` and ``feat_ids.pt``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from shoprl.errors import CatalogError
from shoprl.policies.networks.pickled import read_pickled
from shoprl.tasks.base import Observation

WIDTH = 512
FEATURES, ADDRESSES = "feat_conv.pt", "feat_ids.pt"


class Pictured(Protocol):
    """Something with an ASIN and a picture, such as a product."""

    @property
    def asin(self) -> str: ...  # noqa: D102  (described by the class)
    @property
    def image(self) -> str: ...  # noqa: D102


@dataclass(frozen=True)
class ImageFeatures:
    """Features of pictures by address.

    Attributes:
        numbers: shape (pictures, WIDTH).
        rows: address of a picture -> row.
    """

    numbers: torch.Tensor
    rows: dict[str, int]

    def of(self, address: str) -> torch.Tensor:
        """Features of a picture, shape (WIDTH,); zeros if it has none."""
        row = self.rows.get(address)
        return torch.zeros(WIDTH) if row is None else self.numbers[row]

    def by_asin(self, products: Iterable[Pictured]) -> dict[str, torch.Tensor]:
        """ASIN -> features, for products whose picture has features; a policy's ``pictures``."""
        return {product.asin: self.of(product.image) for product in products if product.image in self.rows}


def shown_pictures(states: Iterable[Observation], pictures: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Features of each page's picture, shape (states, WIDTH).

    Args:
        states: the pages; only item pages have a picture.
        pictures: ASIN -> features, shape (WIDTH,); zeros for other products.
    """
    none = torch.zeros(WIDTH)
    return torch.stack([pictures.get(state.picture, none).float() for state in states])


def read_image_features(folder: Path) -> ImageFeatures:
    """Read ``feat_conv.pt`` and ``feat_ids.pt``; the numbers are memory-mapped.

    Raises:
        CatalogError: a file is missing or malformed, or the two do not fit together.
    """
    numbers, addresses = _load(folder / FEATURES), _load(folder / ADDRESSES)
    if not isinstance(numbers, torch.Tensor) or numbers.dim() != 2 or numbers.shape[1] != WIDTH:
        raise CatalogError(f"{folder / FEATURES}: expected a tensor of {WIDTH} numbers per picture.")
    if not isinstance(addresses, list | tuple) or not all(isinstance(each, str) for each in addresses):
        raise CatalogError(f"{folder / ADDRESSES}: expected a list of the pictures' addresses.")
    if len(addresses) != len(numbers):
        raise CatalogError(
            f"{folder}: {len(numbers)} pictures in {FEATURES} and {len(addresses)} addresses in {ADDRESSES}. "
            "Take both files from the same download."
        )
    return ImageFeatures(numbers, {address: row for row, address in enumerate(addresses)})


def _load(path: Path) -> Any:
    if not path.is_file():
        raise CatalogError(f"{path}: no such file. Put WebShop's {FEATURES} and {ADDRESSES} into one folder.")
    return read_pickled(path, CatalogError)
