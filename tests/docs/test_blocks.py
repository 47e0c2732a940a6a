"""Every code block of the README and the documentation runs, or says why it does not."""

import re
from pathlib import Path

import pytest

from tests.support.blocks import OTHER, blocks_of, run_page
from tests.support.fakerun import use_fake_backbone

ROOT = Path(__file__).parent.parent.parent
GENERATED = ROOT / "docs" / "reference" / "api"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"] + [
    page for page in sorted((ROOT / "docs").rglob("*.md")) if GENERATED not in page.parents
]
RUN = [page for page in PAGES if any(block.code and block.reason is None for block in blocks_of(page))]


PRETRAINED = {"docs/howto/networks.md", "docs/algorithms/query.md"}  # others run on a backbone without weights


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_block_has_a_known_language(page: Path) -> None:
    unknown = [(b.line, b.language) for b in blocks_of(page) if not b.code and b.language not in OTHER]
    assert not unknown, f"{page.name}: a block without a language, or with another one, is neither run nor excused"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_only_code_is_excused(page: Path) -> None:
    assert not [block.line for block in blocks_of(page) if block.reason is not None and not block.code]


def test_most_blocks_run() -> None:
    code = [block for page in PAGES for block in blocks_of(page) if block.code]
    assert sum(block.reason is None for block in code) > len(code) / 2


@pytest.mark.parametrize("page", RUN, ids=_name)
def test_the_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if _name(page) not in PRETRAINED:
        use_fake_backbone(monkeypatch)
    run_page(page, monkeypatch)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_relative_links_of_the_readme_lead_somewhere(page: Path) -> None:
    """Sphinx checks the links between its own pages; this also holds for the files read on their own."""
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text)
    assert not [link for link in links if not (page.parent / link).exists() and "reference/api/" not in link]
