from pathlib import Path

from shoprl.service.database import open_database
from shoprl.service.running import Service
from shoprl.service.shopping import Opening
from shoprl.shop.data import ShopData
from tests.support.serving import Served


def test_products_are_found_by_their_catalogues_id(served: Served) -> None:
    assert served.service.asin("B0LAMP0002") == "B0LAMP0002"
    assert served.service.asin("none") is None
    assert served.service.product("none") is None


def test_a_shop_with_vectors_is_searched_with_them_unless_told_otherwise(toy: ShopData, toy_folder: Path) -> None:
    engine = open_database(f"sqlite:///{toy_folder / 'a.db'}")
    services = [Service(toy.shop, Opening(toy_folder, search), engine) for search in (None, "hybrid", "bm25")]  # type: ignore[arg-type]
    assert [each.hybrid for each in services] == [False, True, False]
    for each in services:
        each.close()
