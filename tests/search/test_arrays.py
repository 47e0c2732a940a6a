"""An index's files: what is damaged, missing or of another index is named."""

import json
from pathlib import Path

import numpy as np
import pytest

from shoprl.errors import CatalogError, StorageError
from shoprl.search import SearchIndex
from shoprl.search.arrays import on_disk
from tests.support.products import product, random_products


def test_an_index_cut_short_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SearchIndex.build(random_products(5)).save(tmp_path)
    monkeypatch.setattr(np, "save", lambda *args, **kwargs: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(StorageError, match="disk full"):
        SearchIndex.build(random_products(9)).save(tmp_path)
    with pytest.raises(CatalogError, match="Build the index again"):
        SearchIndex.load(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        SearchIndex.build(random_products(5)).save(tmp_path / "index")
    with pytest.raises(CatalogError, match="no search index here"):
        SearchIndex.load(tmp_path / "index")


def test_a_folder_without_an_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"no search index here.*Build the index again"):
        SearchIndex.load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["documents", "asins", "term_letters"])
def test_a_missing_or_damaged_array_is_named(tmp_path: Path, name: str) -> None:
    SearchIndex.build(random_products(20)).save(tmp_path)
    path = tmp_path / f"{name}.npy"
    content = path.read_bytes()
    for damaged in (content[:-8], content[:20], b"", b"not an array"):
        path.write_bytes(damaged)
        with pytest.raises(CatalogError, match=rf"{name}\.npy.*Build the index again"):
            SearchIndex.load(tmp_path)
    path.unlink()
    with pytest.raises(CatalogError, match=rf"{name}\.npy: is missing"):
        SearchIndex.load(tmp_path)


def test_arrays_of_another_index_are_noticed(tmp_path: Path) -> None:
    SearchIndex.build(random_products(20)).save(tmp_path / "a")
    SearchIndex.build(random_products(30)).save(tmp_path / "b")
    (tmp_path / "a" / "documents.npy").write_bytes((tmp_path / "b" / "documents.npy").read_bytes())
    with pytest.raises(CatalogError, match="another type or shape"):
        SearchIndex.load(tmp_path / "a")


@pytest.mark.parametrize("description", ["[]", '{"format": "other"}', "{}", "{", '{"format": "shoprl-search-index-1"}'])
def test_a_wrong_description_is_named(tmp_path: Path, description: str) -> None:
    SearchIndex.build(random_products(3)).save(tmp_path)
    (tmp_path / "index.json").write_text(description)
    with pytest.raises(CatalogError, match=r"index\.json"):
        SearchIndex.load(tmp_path)


def test_a_description_that_contradicts_itself_is_noticed(tmp_path: Path) -> None:
    SearchIndex.build(random_products(20)).save(tmp_path)
    offsets = np.load(tmp_path / "offsets.npy")
    np.save(tmp_path / "offsets.npy", offsets + 1)
    with pytest.raises(CatalogError, match="do not belong together"):
        SearchIndex.load(tmp_path)
    facts = json.loads((tmp_path / "index.json").read_text())
    assert facts["arrays"]["offsets"]["shape"] == list(offsets.shape)


def test_no_room_for_an_array_is_named(tmp_path: Path) -> None:
    (tmp_path / "documents.npy").mkdir()
    with pytest.raises(StorageError, match=r"documents\.npy: cannot be written"):
        on_disk(tmp_path, "documents", np.int32, 10)


def test_long_asins_are_found_and_widen_no_others(tmp_path: Path) -> None:
    long = ["ä" * 41, "x" * 1_000, "🙂" * 300, "nul\0", "x" * 40]
    products = [*random_products(30), *(product(asin, "red hat") for asin in long)]
    index = SearchIndex.build(products)
    index.save(tmp_path)
    loaded = SearchIndex.load(tmp_path)
    assert loaded._arrays.asins.dtype == "<U40"
    assert {path.name for path in tmp_path.glob("long_*")} == {"long_letters.npy", "long_starts.npy"}
    hits = loaded.search("red hat", 100)
    assert hits == index.search("red hat", 100)
    assert {*long} <= {hit.asin for hit in hits}
    assert hits == sorted(hits, key=lambda hit: (-hit.score, hit.asin))
    every = sorted(each.asin for each in products)
    assert [loaded._arrays.document_of(asin) for asin in every] == list(range(len(every)))
    assert loaded._arrays.document_of("x" * 999) is None
    SearchIndex.build(random_products(5)).save(tmp_path)
    assert SearchIndex.load(tmp_path)._arrays.asins.dtype == "<U5"


def test_an_index_of_ordinary_asins_is_written_as_before(tmp_path: Path) -> None:
    SearchIndex.build(random_products(5)).save(tmp_path)
    assert not list(tmp_path.glob("long_*"))
    assert "long_starts" not in (tmp_path / "index.json").read_text()
