from pathlib import Path

import pytest

from shoprl.errors import CatalogError
from shoprl.shop.data import read_data
from shoprl.shop.importing import import_feed
from shoprl.shop.refreshing import imported_mapping, update_from_feed
from tests.support.shops import FEED, make_shop, write_feed


def tags(shop: Path) -> dict[str, tuple[str, str]]:
    return {product.asin: (product.title, product.price_tag) for product in read_data(shop).catalog}


def test_whole_rows_replace_and_add_products(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    before = tags(shop)
    rows = "id,title,price,color,description,product_type\n1,Glass mug,9.00 USD,red|blue,,Kitchen > Mugs\n"
    feed = write_feed(tmp_path / "new.csv", rows + "99,Tin jug,4.00 USD,,,Kitchen > Jugs\n")
    done = update_from_feed(shop, [feed])
    assert (done.updated.added, done.updated.changed, done.updated.removed) == (1, 1, 0)
    assert tags(shop) == before | {"1": ("Glass mug", "$9.00"), "99": ("Tin jug", "$4.00")}
    assert [p.asin for p in read_data(shop).catalog] == [*before, "99"]


def test_rows_without_a_title_change_what_they_hold(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    old = read_data(shop).catalog["2"]
    feed = write_feed(tmp_path / "prices.csv", "id,price,availability\n2,1.25 USD,out of stock\n77,1.00,in stock\n")
    done = update_from_feed(shop, [feed])
    new = read_data(shop).catalog["2"]
    assert (new.title, new.options, new.attributes) == (old.title, old.options, old.attributes)
    assert (new.price, new.price_tag, new.availability) == (1.25, "$1.25", "out of stock")
    assert [(reject.line, reject.reason) for reject in done.rejects] == [(3, "not in the shop")]
    assert done.updated.reindexed == 0


def test_a_variants_price_changes_by_its_id(tmp_path: Path) -> None:
    header = "id,item_group_id,title,price,color\n"
    write_feed(tmp_path / "feed.csv", header + "a1,a,Mug,3.00 USD,red\na2,a,Mug,4.00 USD,blue\n")
    shop = import_feed([tmp_path / "feed.csv"], tmp_path / "shop").folder
    assert read_data(shop).catalog["a"].price_tag == "$3.00 to $4.00"
    feed = write_feed(tmp_path / "prices.csv", "id,item_group_id,price\na2,a,8.00 USD\nzz,a,1.00 USD\n")
    with pytest.raises(CatalogError, match=r"prices\.csv: line \d: no such variant"):
        update_from_feed(shop, [feed])
    write_feed(feed, "id,item_group_id,price\na2,a,8.00 USD\n")
    update_from_feed(shop, [feed])
    product = read_data(shop).catalog["a"]
    assert (product.price_tag, product.price_with({"color": "blue"})) == ("$3.00 to $8.00", 8.0)


def test_prices_are_read_as_when_the_shop_was_made(tmp_path: Path) -> None:
    rows = "".join(f"{n},Mug {n},{n}095\n" for n in range(1, 30))
    write_feed(tmp_path / "feed.csv", f"id,title,price\n{rows}")
    shop = import_feed([tmp_path / "feed.csv"], tmp_path / "shop").folder
    assert read_data(shop).catalog["1"].price == 10.95
    update_from_feed(shop, [write_feed(tmp_path / "one.csv", "id,price\n1,1295\n")])
    assert read_data(shop).catalog["1"].price == 12.95
    mapping = imported_mapping(shop)
    assert mapping is not None
    assert mapping.prices.minor_units


def test_products_are_removed_by_name_or_by_a_whole_feed(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    feed = write_feed(tmp_path / "one.csv", "id,title,price\n1,Stone bowl,2.00 USD\n")
    (tmp_path / "gone.txt").write_text("3\n4\n")
    assert update_from_feed(shop, [feed], removed=tmp_path / "gone.txt").updated.removed == 2
    assert len(tags(shop)) == 22
    (tmp_path / "gone.txt").write_text("3\n")
    with pytest.raises(CatalogError, match="3"):
        update_from_feed(shop, [feed], removed=tmp_path / "gone.txt")
    write_feed(tmp_path / "feed.csv", "\n".join(FEED.splitlines()[:6]) + "\n")
    update_from_feed(shop, [tmp_path / "feed.csv"], whole=True)
    assert set(tags(shop)) == {"1", "2", "3", "4", "5"}
    with pytest.raises(CatalogError, match="without titles"):
        update_from_feed(shop, [write_feed(tmp_path / "p.csv", "id,price\n1,2\n")], whole=True)


def test_what_cannot_be_used_changes_nothing(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    before = read_data(shop).hashes()
    with pytest.raises(CatalogError, match="no field is an id"):
        update_from_feed(shop, [write_feed(tmp_path / "a.csv", "price\n3\n")])
    with pytest.raises(CatalogError, match="not in the shop"):
        update_from_feed(shop, [write_feed(tmp_path / "b.csv", "id,price\nxx,3\n")])
    with pytest.raises(CatalogError, match="price is not a price"):
        update_from_feed(shop, [write_feed(tmp_path / "c.csv", "id,price\n1,3.00\n2,abc\n")], strict=True)
    assert read_data(shop).hashes() == before


def test_an_unchanged_product_keeps_its_attributes(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    old = read_data(shop).catalog["5"]
    line = next(line for line in FEED.splitlines() if line.startswith("5,")).replace("5.50 USD", "6.00 USD")
    update_from_feed(shop, [write_feed(tmp_path / "x.csv", f"{FEED.splitlines()[0]}\n{line}\n")])
    new = read_data(shop).catalog["5"]
    assert (new.attributes, new.price) == (old.attributes, 6.0)


def test_identifiers_that_differ_in_case_stay_apart(tmp_path: Path) -> None:
    write_feed(tmp_path / "feed.csv", "id,title,price\nABC,Red mug,3.00 USD\nabc,Blue mug,4.00 USD\nXYZ,Pot,1.00 USD\n")
    shop = import_feed([tmp_path / "feed.csv"], tmp_path / "shop").folder
    write_feed(tmp_path / "prices.csv", "id,price\nabc,8.00 USD\n")
    update_from_feed(shop, [tmp_path / "prices.csv"])
    update_from_feed(
        shop, [write_feed(tmp_path / "new.csv", "id,title,price\nxyz,Jug,2.00 USD\nabc,Blue cup,9.00 USD\n")]
    )
    assert [(title, tag) for title, tag in tags(shop).values()] == [
        ("Red mug", "$3.00"), ("Blue cup", "$9.00"), ("Pot", "$1.00"), ("Jug", "$2.00")
    ]  # fmt: skip
    assert len({asin.lower() for asin in tags(shop)}) == 4


def test_variants_are_found_by_their_ids_alone(tmp_path: Path) -> None:
    feed, shop = tmp_path / "feed.csv", tmp_path / "shop"
    feed.write_text(
        "item_group_id,id,title,price,color\n"
        + "".join(f"g{n},v{n}{c},Mug {n},{n + 1}.00,{c}\n" for n in range(3) for c in ("red", "blue"))
    )
    import_feed([feed], shop)
    prices = tmp_path / "prices.csv"
    prices.write_text("id,price\nv1red,5.00\nv1blue,7.00\nv9red,1.00\n")
    done = update_from_feed(shop, [prices])
    assert (done.updated.changed, done.summary.used, done.summary.products) == (1, 2, 1)
    assert [(reject.line, reject.reason) for reject in done.rejects] == [(4, "not in the shop")]
    product = read_data(shop).catalog["g1"]
    assert {variant.id: variant.price for variant in product.variants} == {"v1red": 5.0, "v1blue": 7.0}
    assert product.price_tag == "$5.00 to $7.00"


def test_fields_left_aside_by_the_import_stay_so(tmp_path: Path) -> None:
    feed, shop = tmp_path / "feed.csv", tmp_path / "shop"
    rows = [f"{n},Mug {n},{n + 1}.00,{1000 + n},code {n}\n" for n in range(30)]
    feed.write_text("id,title,price,gtin,lot\n" + "".join(rows))
    import_feed([feed], shop)
    few = tmp_path / "few.csv"
    few.write_text("id,title,price,gtin,lot\n" + "".join(f"{n},Mug {n},{n + 1}.00,{1000 + n},same\n" for n in (1, 2)))
    done = update_from_feed(shop, [few])
    assert done.summary.fields_used["id"] == ["id"]
    assert done.summary.fields_ignored == ["gtin", "lot"]
    assert (done.updated.changed, done.updated.unchanged) == (0, 2)


def test_a_folder_that_is_no_shop_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"nowhere: is no shop. Give one that `shoprl catalog import`"):
        update_from_feed(tmp_path / "nowhere", [tmp_path / "feed.csv"])


def test_a_damaged_account_of_the_import_is_named(tmp_path: Path) -> None:
    for text in ("[]", '{"mapping": {"fields": []}}'):
        (tmp_path / "import.json").write_text(text)
        with pytest.raises(CatalogError, match="not what the import wrote"):
            imported_mapping(tmp_path)
