"""The features of products' pictures that WebShop publishes."""

from pathlib import Path

import torch
from torch import Tensor

from shoprl.catalog.product import Product
from shoprl.errors import CatalogError
from shoprl.policies.networks.pickled import read_pickled

WIDTH = 512
FEATURES, ADDRESSES = "feat_conv.pt", "feat_ids.pt"


class Pictures:
    """Features of pictures by their address.

    Args:
        features: a row for each picture, shape ``(pictures, 512)``.
        places: a picture's address -> its row.
    """

    def __init__(self, features: Tensor, places: dict[str, int]) -> None:
        self._features, self._places = features, places

    def features(self, product: Product | None) -> Tensor:
        """Those of a product's picture, shape ``(512,)``; zeros for None and where they are not known."""
        place = None if product is None else self._places.get(product.image)
        return torch.zeros(WIDTH) if place is None else self._features[place]


def read_pictures(folder: Path) -> Pictures:
    """Read WebShop's ``feat_conv.pt`` and ``feat_ids.pt``.

    Args:
        folder: the data folder.

    Raises:
        CatalogError: a file is missing or holds something else.
    """
    features, addresses = (read_pickled(folder / name, CatalogError) for name in (FEATURES, ADDRESSES))
    if not isinstance(features, Tensor) or features.ndim != 2 or features.shape[1] != WIDTH:
        raise CatalogError(f"{folder / FEATURES}: must hold a table of {WIDTH} columns. Fetch WebShop's file again.")
    if not isinstance(addresses, list) or len(addresses) != len(features):
        raise CatalogError(f"{folder / ADDRESSES}: must list an address for each row of {FEATURES}. Fetch it again.")
    return Pictures(features, {address: row for row, address in enumerate(addresses)})
