"""What a wheel and a source distribution hold."""

import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from shoprl.policies.packaged import SHA256

ROOT = Path(__file__).parents[1]
CARRIED = ("py.typed", "pretrained/MODEL_CARD.md", *(f"pretrained/{name}" for name in SHA256))


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_the_pretrained_agent_is_in_it(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("hatchling", reason="needs the extra dev")
    from hatchling.build import build_sdist, build_wheel

    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", os.environ.get("SOURCE_DATE_EPOCH", "1700000000"))
    if kind == "wheel":
        names = zipfile.ZipFile(tmp_path / build_wheel(str(tmp_path))).namelist()
        held = {name.removeprefix("shoprl/") for name in names}
    else:
        with tarfile.open(tmp_path / build_sdist(str(tmp_path))) as packed:
            held = {name.partition("/src/shoprl/")[2] for name in packed.getnames()}
    assert set(CARRIED) <= held
