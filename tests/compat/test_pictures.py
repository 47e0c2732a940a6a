"""Files of picture features that do not fit; tests/compat/test_legacy.py has those that do."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from shoprl.compat.pictures import read_pictures  # noqa: E402
from shoprl.errors import CatalogError  # noqa: E402


def test_a_file_that_is_missing_or_holds_something_else_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"feat_conv\.pt"):
        read_pictures(tmp_path)
    torch.save(torch.zeros(2, 3), tmp_path / "feat_conv.pt")
    torch.save(["x"], tmp_path / "feat_ids.pt")
    with pytest.raises(CatalogError, match=r"feat_conv\.pt: must hold a table of 512 columns"):
        read_pictures(tmp_path)
    torch.save(torch.zeros(2, 512), tmp_path / "feat_conv.pt")
    with pytest.raises(CatalogError, match=r"feat_ids\.pt: must list an address for each row"):
        read_pictures(tmp_path)


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    torch.save(torch.zeros(1, 512), tmp_path / "feat_conv.pt")
    torch.save([print], tmp_path / "feat_ids.pt")
    with pytest.raises(CatalogError, match=r"feat_ids\.pt: cannot be read as tensors"):
        read_pictures(tmp_path)
