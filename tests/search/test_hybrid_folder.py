import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shoprl.catalog.catalog import Catalog
from shoprl.errors import CatalogError, ConfigError, StorageError
from shoprl.search import hybrid_folder, neighbours
from shoprl.search.encoder import Vectors, encoded_text
from shoprl.search.hybrid import HybridSearch
from shoprl.search.hybrid_folder import about_hybrid, build_hybrid, open_hybrid, verify_hybrid
from tests.support.encoders import WIDTH, WordEncoder
from tests.support.products import product, random_products
from tests.support.stores import tree

PRODUCTS = random_products(50)
QUERIES = ["red wool", "boot", "10 ★ hat warm"]


def results(folder: Path) -> list[list[str]]:
    opened = open_hybrid(folder)
    return HybridSearch(opened.index, opened.neighbours, WordEncoder()).find_many(QUERIES)


def test_a_folder_holds_a_vector_for_each_product(tmp_path: Path) -> None:
    encoder = WordEncoder()
    built = build_hybrid(Catalog(PRODUCTS), tmp_path / "h", encoder)
    assert (built.products, built.encoded, built.kept, built.approximate) == (50, 50, 0, False)
    opened = open_hybrid(tmp_path / "h")
    assert opened.encoder == about_hybrid(tmp_path / "h") == encoder.identity
    texts = {each.asin: encoded_text(each) for each in PRODUCTS}
    vectors = encoder.encode([texts[asin] for asin in opened.index.asins_of()])
    assert np.allclose(opened.neighbours._vectors, vectors, atol=1e-3)  # type: ignore[attr-defined]
    assert [path.name for path in tmp_path.iterdir()] == ["h"]
    verify_hybrid(tmp_path / "h")


def test_only_new_texts_are_encoded_again(tmp_path: Path) -> None:
    build_hybrid(Catalog(PRODUCTS), tmp_path / "h", WordEncoder())
    before, unused = tree(tmp_path / "h"), WordEncoder()
    assert build_hybrid(Catalog(PRODUCTS), tmp_path / "h", unused).encoded == 0
    assert unused.encoded == []
    assert tree(tmp_path / "h") == before
    changed = [replace(PRODUCTS[0], title="blue velvet"), *PRODUCTS[2:], product("ZZZ", "new"), product("ZZY", "new")]
    changed[3] = replace(changed[3], price=2.0)
    encoder = WordEncoder()
    built = build_hybrid(Catalog(changed), tmp_path / "h", encoder)
    assert (built.products, built.encoded, built.kept) == (51, 2, 48)
    assert encoder.encoded == [["blue velvet", "new"]]
    build_hybrid(Catalog(changed), tmp_path / "fresh", WordEncoder())
    assert results(tmp_path / "h") == results(tmp_path / "fresh")


def test_an_interrupted_build_keeps_its_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    class Dying(WordEncoder):
        def encode(self, texts: Sequence[str]) -> Vectors:
            if len(self.encoded) == 3:
                raise Killed
            return super().encode(texts)

    monkeypatch.setattr(hybrid_folder, "BLOCK", 8)
    with pytest.raises(Killed):
        build_hybrid(Catalog(PRODUCTS), tmp_path / "h", Dying())
    assert not (tmp_path / "h").exists()
    with (tmp_path / ".h.part" / "texts" / "vectors.bin").open("ab") as stream:
        stream.write(b"half a vector")
    encoder = WordEncoder()
    built = build_hybrid(Catalog(PRODUCTS), tmp_path / "h", encoder)
    assert (built.encoded, built.kept) == (26, 24)
    assert sum(map(len, encoder.encoded)) == 26
    build_hybrid(Catalog(PRODUCTS), tmp_path / "whole", WordEncoder())
    kept = [tree(tmp_path / name) for name in ("h", "whole")]
    assert kept[0] == kept[1]


def test_another_encoder_makes_all_vectors_again(tmp_path: Path) -> None:
    build_hybrid(Catalog(PRODUCTS), tmp_path / "h", WordEncoder())
    assert build_hybrid(Catalog(PRODUCTS), tmp_path / "h", WordEncoder(name="other")).encoded == 50
    assert open_hybrid(tmp_path / "h").encoder.name == "other"


def test_many_vectors_are_searched_approximately(tmp_path: Path) -> None:
    pytest.importorskip("usearch", reason="needs the extra vectors")
    build_hybrid(Catalog(PRODUCTS), tmp_path / "exact", WordEncoder())
    assert build_hybrid(Catalog(PRODUCTS), tmp_path / "h", WordEncoder(), exact=20).approximate
    (both,) = [open_hybrid(tmp_path / "h").neighbours.nearest(WordEncoder().encode(QUERIES), 5)]
    exact = open_hybrid(tmp_path / "exact").neighbours.nearest(WordEncoder().encode(QUERIES), 5)
    assert [set(a.tolist()) for a in both] == [set(a.tolist()) for a in exact]


def test_nothing_is_encoded_where_usearch_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ConfigError("usearch")

    monkeypatch.setattr(hybrid_folder, "check_approximate", missing)
    encoder = WordEncoder()
    with pytest.raises(ConfigError):
        build_hybrid(Catalog(PRODUCTS), tmp_path / "h", encoder, exact=20)
    assert encoder.encoded == []
    assert neighbours.EXACT > 20


def test_damage_is_named_with_its_remedy_and_repaired_by_another_build(tmp_path: Path) -> None:
    folder = tmp_path / "h"
    build_hybrid(Catalog(PRODUCTS), folder, WordEncoder())
    whole = tree(folder)
    for name in ("vectors.npy", "index/asins.npy", "hybrid.json", "digests.json"):
        data = bytearray(whole[name])
        data[-20] ^= 1
        (folder / name).write_bytes(data)
        for check in (open_hybrid, verify_hybrid):
            with pytest.raises(CatalogError, match="shoprl catalog vectors") as caught:
                check(folder)
            assert "catalog build" not in str(caught.value)
        if name != "hybrid.json":
            assert build_hybrid(Catalog(PRODUCTS), folder, WordEncoder()).encoded == 50
        (folder / name).write_bytes(whole[name])
        verify_hybrid(folder)
    with pytest.raises(CatalogError, match=r"hybrid.json is missing"):
        open_hybrid(tmp_path / "none")


def test_a_description_that_does_not_fit_the_files_is_named(tmp_path: Path) -> None:
    build_hybrid(Catalog(PRODUCTS), tmp_path / "h", WordEncoder())
    path = tmp_path / "h" / "hybrid.json"
    about = json.loads(path.read_text())
    del about["sha256"]
    about["encoder"]["width"] = WIDTH // 2
    path.write_text(json.dumps(about | {"sha256": hybrid_folder.content_hash(about)}))
    with pytest.raises(CatalogError, match="do not belong together"):
        open_hybrid(tmp_path / "h")


def test_another_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "h").mkdir()
    (tmp_path / "h" / "letter.txt").write_text("keep me")
    with pytest.raises(StorageError, match="would be replaced"):
        build_hybrid(Catalog(PRODUCTS), tmp_path / "h", WordEncoder())
    assert tree(tmp_path) == {"h/letter.txt": b"keep me"}
