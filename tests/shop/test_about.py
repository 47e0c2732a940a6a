from pathlib import Path
from typing import Any

import pytest

from shoprl.errors import CatalogError
from shoprl.files import content_hash, write_json
from shoprl.shop.about import ABOUT, FORMAT, UPDATED, About, Update, read_about

HASHES = {"catalog": "c", "goals": "g", "split": "s"}
BUILT = About(3, {"doubled": 1}, HASHES, {"items.json": [1, 2, "x"]}, "synthetic", False, "d")
CHANGED = About(3, {}, HASHES, {}, "human", True, "d", Update(7, "base-4", "c", "changes-7", "e"))


@pytest.mark.parametrize(("about", "named"), [(BUILT, FORMAT), (CHANGED, UPDATED)])
def test_a_description_is_read_as_it_was_written(tmp_path: Path, about: About, named: str) -> None:
    write_json(tmp_path / ABOUT, about.to_json())
    assert read_about(tmp_path) == about
    assert about.to_json()["format"] == named


@pytest.mark.parametrize(
    "update",
    [None, 5, {}, {"number": True}, {"base": "../other"}, {"changes": "changes-1/../.."}, {"number": "1"},
     {"catalog": 1}, {"digests": None}, {"more": 1}],
)  # fmt: skip
def test_a_state_that_cannot_be_is_refused(tmp_path: Path, update: Any) -> None:
    row = CHANGED.to_json()
    row["update"] = row["update"] | update if isinstance(update, dict) and update else update
    del row["sha256"]
    write_json(tmp_path / ABOUT, {**row, "sha256": content_hash(row)})
    with pytest.raises(CatalogError, match="is damaged"):
        read_about(tmp_path)


def test_a_built_store_with_changes_is_refused(tmp_path: Path) -> None:
    row = CHANGED.to_json() | {"format": FORMAT}
    del row["sha256"]
    write_json(tmp_path / ABOUT, {**row, "sha256": content_hash(row)})
    with pytest.raises(CatalogError, match="is damaged"):
        read_about(tmp_path)
