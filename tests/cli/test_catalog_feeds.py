"""`shoprl catalog import` and `update` on good input; tests/feeds/test_malformed.py has the bad."""

import json
import tomllib
from pathlib import Path

import pytest

from shoprl.shop.store import open_store
from tests.support.cli import Call, refused, tree

FEED = "id,title,price,color,washable,code\n" + "".join(
    f"m{n},Mug number {n},{n}.50,red|blue,yes,c{n}\n" for n in range(1, 13)
)
IMPORTED = {
    "folder", "goals", "rows", "used", "merged", "rejected", "products", "variants", "fields_used", "fields_ignored",
    "currencies", "notes", "warnings", "sources", "rejects",
}  # fmt: skip


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my feed.csv"
    path.write_text(FEED)
    return path


def test_import_answers_with_what_became_of_the_rows(call: Call, feed: Path, tmp_path: Path) -> None:
    feed.write_text(FEED + "x,,1.00,red,yes,c\nm1,Mug number 1,1.50,red|blue,yes,c1\n")
    answer = call("catalog", "import", feed, "--out", tmp_path / "shop", "--json")
    row = answer.json()
    assert row.keys() == IMPORTED
    assert (row["rows"], row["used"], row["merged"], row["rejected"]) == (14, 12, 1, {"no title": 1})
    assert row["rejects"] == str(tmp_path / "shop" / "rejects.jsonl")
    assert row["products"] == len(open_store(tmp_path / "shop").catalog) == 12
    assert row["goals"] > 0
    text = call("catalog", "import", feed, "--out", tmp_path / "again").out
    assert text.splitlines()[0] == f"shop       {tmp_path / 'again'}, with {row['goals']} goals"
    assert "rejected   1: no title" in text
    assert text.splitlines()[-1] == f"rejects    {tmp_path / 'again' / 'rejects.jsonl'}"


def test_the_mapping_shown_is_written_to_be_edited_and_given(call: Call, feed: Path, tmp_path: Path) -> None:
    row = call("catalog", "import", feed, "--show-mapping", "--json").json()
    path = tmp_path / "my feed.mapping.toml"
    assert row.keys() == {"mapping", "file", "written", "fields"}
    assert (row["file"], row["written"]) == (path.name, True)
    assert {"target": "title", "field": "title", "samples": [f"Mug number {n}" for n in (1, 2, 3)],
            "why": "named like a title"} in row["fields"]  # fmt: skip
    written = tomllib.loads(path.read_text())
    assert written["fields"] == row["mapping"]["fields"]
    assert set(tree(tmp_path)) == {feed.name, path.name}
    path.write_text(path.read_text().replace('"title" = ["title"]', '"title" = ["code"]'))
    shown = call("catalog", "import", feed, "--show-mapping", "--map", path)
    assert "title         code   (in the mapping file)" in shown.out
    assert f"{path.name} is there already and was left as it is" in shown.out
    assert '"title" = ["code"]' in path.read_text()
    call("catalog", "import", feed, "--map", path, "--out", "shop")
    assert [product.title for product in open_store(tmp_path / "shop").catalog][:2] == ["c1", "c2"]


def test_update_answers_with_what_changed(call: Call, feed: Path, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    call("catalog", "import", feed, "--out", shop)
    prices, gone = tmp_path / "prices.csv", tmp_path / "gone.txt"
    prices.write_text("id,price\nm1,99.00\nm99,1.00\n")
    gone.write_text("m2\n")
    row = call("catalog", "update", shop, prices, "--remove", gone, "--json").json()
    assert (row["folder"], row["removed"]) == (str(shop), 1)
    assert [(reject["line"], reject["reason"]) for reject in row["rejects"]] == [(3, "not in the shop")]
    catalog = open_store(shop).catalog
    assert (catalog["m1"].price, len(catalog), "m2" in catalog) == (99.0, 11, False)
    text = call("catalog", "update", shop, prices).out
    assert f"reject     {prices}, line 3: not in the shop" in text
    prices.write_text("id,price\nm1,98.00\n" + "".join(f"n{n},1.00\n" for n in range(13)))
    assert call("catalog", "update", shop, prices).out.splitlines()[-1] == "reject     3 more; --json lists all"
    assert call("catalog", "verify", "--data", shop).code == 0


def test_update_refuses_with_strict_and_leaves_the_shop(call: Call, feed: Path, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    call("catalog", "import", feed, "--out", shop)
    before = tree(shop)
    (tmp_path / "prices.csv").write_text("id,price\nm1,99.00\nm99,1.00\n")
    refused(call("catalog", "update", shop, tmp_path / "prices.csv", "--strict"), "CatalogError", "line 3", "m99")
    assert tree(shop) == before


@pytest.mark.parametrize("words", [["import"], ["import", "--out", "shop"], ["import", "my feed.csv"]])
def test_what_is_missing_is_named(call: Call, feed: Path, words: list[str]) -> None:
    answer = call("catalog", *words)
    assert answer.code == 2
    assert ("FILE" if "my feed.csv" not in words else "--out") in answer.err


def test_files_of_different_columns_are_one_shop(call: Call, feed: Path, tmp_path: Path) -> None:
    rows = [{"sku": f"l{n}", "name": f"Lamp {n}", "price": 5.5 + n, "Brand": "Acme"} for n in range(3)]
    (tmp_path / "b.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    answer = call("catalog", "import", feed, tmp_path / "b.jsonl", "--out", tmp_path / "shop", "--json")
    catalog = open_store(tmp_path / "shop").catalog
    assert answer.json()["products"] == len(catalog) == 15
    assert (catalog["l1"].title, catalog["l1"].brand, catalog["m1"].title) == ("Lamp 1", "Acme", "Mug number 1")
