"""Files and names that the pages mention are there."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "src"
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
REPORTS = re.compile(r"study-\w+\.md")  # records of finished runs keep the names of their time
PAGES = [page for page in TEXTS if not REPORTS.fullmatch(page.name)]


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _resolves(name: str) -> bool:
    """Whether a dotted name is a module, or a name in one."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            found = getattr(found, part, None)
        return found is not None
    return False


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_files_named_in_a_page_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    files = set(re.findall(r"`(shoprl/[\w/]+\.?\w*)`", text))
    others = set(re.findall(r"`((?:benchmarks|examples|tests|docs)/[\w/.-]+\.(?:py|md|sh))`", text))
    files, others = ({name for name in each if "METHOD" not in name} for each in (files, others))  # to be written
    assert not [f for f in files if not (SOURCE / f.rstrip("/")).exists()]
    assert not [f for f in others if not (ROOT / f).exists()]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_names_of_the_package_exist(page: Path) -> None:
    names = set(re.findall(r"`(shoprl(?:\.\w+)+)", page.read_text(encoding="utf-8")))
    assert not [name for name in sorted(names) if not _resolves(name)]
