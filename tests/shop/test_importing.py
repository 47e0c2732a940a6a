import json
from pathlib import Path

import pytest

from shoprl.errors import CatalogError, ConfigError, StorageError
from shoprl.feeds.entries import Origin
from shoprl.feeds.reader import REJECTS
from shoprl.shop.data import read_data
from shoprl.shop.importing import ABOUT_IMPORT, import_feed, show_feed
from shoprl.shop.session import Session
from shoprl.shop.store import verify_store
from tests.support.shops import FEED, make_shop, write_feed


def test_a_feed_becomes_a_shop_that_agents_can_shop_in(tmp_path: Path) -> None:
    made = import_feed([write_feed(tmp_path / "feed.csv")], tmp_path / "shop")
    assert (made.summary.rows, made.summary.products, made.rejects) == (24, 24, None)
    verify_store(made.folder)
    data = read_data(made.folder)
    assert len(data.catalog) == 24
    assert len(data.goals) == made.goals >= 50
    assert {goal.asin for goal in data.goals} == {product.asin for product in data.catalog}
    goal = data.goals[0]
    session = Session(data.shop, goal)
    session.step(f"search[{goal.name}]")
    session.step(f"click[{goal.asin}]")
    for value in goal.option_values:
        session.step(f"click[{value}]")
    assert session.step("click[buy now]") == 1.0


def test_two_imports_of_one_feed_are_equal(tmp_path: Path) -> None:
    write_feed(tmp_path / "feed.csv")
    first, second = (import_feed([tmp_path / "feed.csv"], tmp_path / name) for name in ("a", "b"))
    assert read_data(first.folder).hashes() == read_data(second.folder).hashes()
    digests = [(made.folder / "digests.json").read_bytes() for made in (first, second)]
    assert digests[0] == digests[1]


def test_rejects_and_the_summary_lie_in_the_shop(tmp_path: Path) -> None:
    write_feed(tmp_path / "feed.csv", FEED + "bad,Mug,abc,red,,\n" + "bad2,,1.00 USD,red,,\n")
    made = import_feed([tmp_path / "feed.csv"], tmp_path / "shop")
    assert made.rejects == tmp_path / "shop" / REJECTS
    rows = [json.loads(line) for line in made.rejects.read_text().splitlines()]
    assert [(row["line"], row["reason"]) for row in rows] == [(26, "price is not a price"), (27, "no title")]
    about = json.loads((made.folder / ABOUT_IMPORT).read_text())
    assert about["summary"]["rejected"] == {"price is not a price": 1, "no title": 1}
    assert about["mapping"]["fields"]["title"] == ["title"]
    assert read_data(made.folder).catalog.skipped == {"price is not a price": 1, "no title": 1}


@pytest.mark.parametrize("strict", [True, False])
def test_what_cannot_be_imported_leaves_nothing(tmp_path: Path, strict: bool) -> None:
    text = FEED + "bad,Mug,abc,red,,\n" if strict else "id,title,price\n1,Mug,abc\n"
    write_feed(tmp_path / "feed.csv", text)
    with pytest.raises(CatalogError, match=r"feed\.csv: line \d+: price is not a price"):
        import_feed([tmp_path / "feed.csv"], tmp_path / "shop", strict=strict)
    assert {path.name for path in tmp_path.iterdir()} <= {"feed.csv", ".shop.lock"}


def test_a_shop_is_replaced_and_any_other_folder_is_not(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    write_feed(tmp_path / "feed.csv", FEED + "more,Stone mug extra,3.00 USD,red,,Kitchen > Mugs\n")
    assert len(read_data(import_feed([tmp_path / "feed.csv"], shop).folder).catalog) == 25
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "thesis.txt").write_text("mine")
    with pytest.raises(StorageError, match="no shop"):
        import_feed([tmp_path / "feed.csv"], tmp_path / "own")
    assert (tmp_path / "own" / "thesis.txt").read_text() == "mine"


def test_a_failed_import_leaves_the_shop_as_it_was(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    before = read_data(shop).hashes()
    write_feed(tmp_path / "feed.csv", "name_of_things,cost\nMug,3\n")
    with pytest.raises(CatalogError, match=r"feed\.csv: no field is named like a title"):
        import_feed([tmp_path / "feed.csv"], shop)
    assert read_data(shop).hashes() == before


def test_a_mapping_overrides_what_is_recognised(tmp_path: Path) -> None:
    write_feed(tmp_path / "feed.csv", "code,what,cost\nA,Red mug,3\nB,Blue mug,4\n")
    (tmp_path / "map.toml").write_text(
        '[fields]\nid = "code"\ntitle = "what"\nprice = "cost"\n[prices]\ncurrency = "EUR"\nminor_units = true\n'
    )
    made = import_feed([tmp_path / "feed.csv"], tmp_path / "shop", mapping=tmp_path / "map.toml")
    assert [(p.asin, p.title, p.price_tag) for p in read_data(made.folder).catalog] == [
        ("A", "Red mug", "€0.03"),
        ("B", "Blue mug", "€0.04"),
    ]
    (tmp_path / "map.toml").write_text('[fields]\ntitle = "name"\n')
    with pytest.raises(CatalogError, match=r"map\.toml: the feed has no field 'name'"):
        import_feed([tmp_path / "feed.csv"], tmp_path / "shop2", mapping=tmp_path / "map.toml")
    (tmp_path / "map.toml").write_text("[feelds]\n")
    with pytest.raises(ConfigError, match=r"map\.toml: no such table: 'feelds'. Did you mean 'fields'"):
        import_feed([tmp_path / "feed.csv"], tmp_path / "shop2", mapping=tmp_path / "map.toml")


def test_a_shop_too_small_for_goals_says_so(tmp_path: Path) -> None:
    write_feed(tmp_path / "feed.csv", "id,title\n1,Mug\n")
    made = import_feed([tmp_path / "feed.csv"], tmp_path / "shop")
    assert made.goals == 0
    assert any("no goals" in warning for warning in made.summary.warnings)
    assert len(read_data(made.folder).catalog) == 1


def test_the_first_rows_show_what_is_recognised(tmp_path: Path) -> None:
    feed = show_feed([write_feed(tmp_path / "feed.csv")], Origin(), None, tmp_path / "work")
    assert feed.mapping.fields["title"] == ("title",)
    assert feed.columns["price"].samples == ["1.50 USD", "2.50 USD", "3.50 USD"]
