import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shoprl.feeds.reader import REJECTS
from shoprl.shop.store import open_store
from tests.support.cli import Answer, Call, caller, tree
from tests.support.malformed import MALFORMED, Bad

GOOD = {"g0": 0.5, "g1": 1.5, "g2": 2.5}


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    return caller(capsys, monkeypatch)


@pytest.fixture
def run(call: Call, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    monkeypatch.setattr("shoprl.progress.SILENT", True)  # on a busy machine a bar would appear

    def import_(bad: Bad, folder: Path, *options: str) -> Answer:
        if bad.stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(bad.stdin)))
        return call("catalog", "import", *bad.words(folder), "--out", folder / "SHOP", *options)

    return import_


def test_there_are_more_than_fifty_kinds() -> None:
    assert len({bad.name for bad in MALFORMED}) == len(MALFORMED) > 50


@pytest.mark.parametrize("bad", [bad for bad in MALFORMED if bad.error], ids=lambda bad: bad.name)
def test_what_cannot_be_imported_is_one_line_and_leaves_nothing(
    bad: Bad, run: Callable[..., Answer], tmp_path: Path
) -> None:
    bad.write(tmp_path)
    before = tree(tmp_path)
    answer = run(bad, tmp_path)
    assert (answer.code, answer.out) == (2, ""), answer.err
    line = answer.err.removesuffix("\n")
    assert line.startswith(f"{bad.error}: ")
    assert line.isprintable()
    assert len(line) < 1_000
    for part in bad.says:
        assert part in line
    assert tree(tmp_path) == before


@pytest.mark.parametrize("bad", [bad for bad in MALFORMED if not bad.error], ids=lambda bad: bad.name)
def test_what_is_wrong_with_a_row_is_named_and_the_others_are_imported(
    bad: Bad, run: Callable[..., Answer], tmp_path: Path
) -> None:
    bad.write(tmp_path)
    before = tree(tmp_path)
    answer = run(bad, tmp_path, "--json")
    assert answer.code == 0, answer.err
    summary, catalog = answer.json(), open_store(tmp_path / "SHOP").catalog
    path = tmp_path / "SHOP" / REJECTS
    rejects = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    assert [(each["line"], each["reason"]) for each in rejects] == list(bad.rejects)
    assert all(each.keys() == {"source", "line", "reason", "detail"} for each in rejects)
    assert summary["rejects"] == (str(path) if bad.rejects else None)
    assert summary["rows"] == summary["used"] + summary["merged"] + len(rejects)
    assert summary["products"] == len(catalog) == bad.products
    said = json.dumps([summary["notes"], summary["warnings"], summary["fields_ignored"]])
    for part in bad.says:
        assert part in said
    ids = [product.asin for product in catalog]
    assert [each for each in ids if each not in GOOD][: len(bad.ids)] == list(bad.ids)
    kept = {product.asin: product.price for product in catalog if product.asin in GOOD}
    assert kept == (GOOD if bad.good else {name: GOOD[name] for name in kept})
    assert answer.err == ""
    assert {name for name in tree(tmp_path) if not name.startswith("SHOP")} == set(before)


@pytest.mark.parametrize("bad", [bad for bad in MALFORMED if bad.rejects], ids=lambda bad: bad.name)
def test_strict_refuses_what_is_left_out_otherwise(bad: Bad, run: Callable[..., Answer], tmp_path: Path) -> None:
    bad.write(tmp_path)
    before = tree(tmp_path)
    answer = run(bad, tmp_path, "--strict")
    (_, reason), *_ = bad.rejects
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert answer.err.startswith("CatalogError: ")
    assert reason in answer.err
    assert f"line {bad.rejects[0][0]}" in answer.err
    assert tree(tmp_path) == before
