import pytest

from shoprl.report.document import (
    Block,
    Cell,
    Details,
    Document,
    Figure,
    Figures,
    Heading,
    Note,
    Section,
    ShownEpisode,
    ShownGoal,
    Table,
)
from shoprl.report.html import html
from tests.support.folders import HOSTILE

EPISODE = ShownEpisode(HOSTILE, HOSTILE, ((HOSTILE, HOSTILE),), HOSTILE)
BLOCKS: list[Block] = [
    Table(HOSTILE, (HOSTILE, HOSTILE), ((HOSTILE, (Cell(HOSTILE, HOSTILE),)),)),
    Heading(HOSTILE),
    Note(HOSTILE),
    Figures((Figure(HOSTILE, HOSTILE, b"png"),)),
    ShownGoal(HOSTILE, (EPISODE,)),
    Details(HOSTILE, (Note(HOSTILE),)),
]


@pytest.fixture(autouse=True)
def _needs_jinja2() -> None:
    pytest.importorskip("jinja2")


def page(*blocks: Block) -> str:
    return html(Document(HOSTILE, HOSTILE, HOSTILE, (HOSTILE,), (Section(HOSTILE, blocks),), HOSTILE)).decode()


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.kind)
def test_every_text_of_every_block_is_escaped(block: Block) -> None:
    text = page(block)
    assert "<script" not in text
    assert text.count("&lt;script&gt;") > 7  # title twice, headline twice, note, section's title, footer, and the block


def test_figures_are_small_until_they_are_opened() -> None:
    text = page(Figures((Figure("A", "b", b"png"),)))
    assert '<details class="plot">' in text
    assert '<img src="data:image/png;base64,cG5n" alt="b">' in text


def test_a_cell_of_several_words_is_no_number() -> None:
    cells = (Cell("1.0"), Cell("the interval holds zero, so to say"))
    text = page(Table("t", ("a", "b", "c"), (("row", cells),)))
    assert '<td>1.0</td><td class="words">the interval' in text
