from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from shoprl.errors import ConfigError
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
from shoprl.report.markdown import escaped, markdown, write_markdown
from tests.support.folders import HOSTILE

FIGURE = Figure("caption", "alt ] (x)", b"png")
TABLE = Table("t", (HOSTILE, "B"), ((HOSTILE, (Cell(HOSTILE, HOSTILE),)),))
GOAL = ShownGoal(HOSTILE, (ShownEpisode(HOSTILE, "1.00", ((HOSTILE, HOSTILE),), HOSTILE),))


def document(*blocks: Block, title: str = "Title") -> Document:
    return Document(title, HOSTILE, HOSTILE, (HOSTILE,), (Section(HOSTILE, blocks), Section("empty", ())), HOSTILE)


@pytest.mark.parametrize(
    "text",
    [HOSTILE, "1. a", "- a", "# a", "a\n\nb", "[a]: http://x.example", "![a](b)", "a@b.example www.x.example", "$a$"],
)
def test_texts_show_as_they_are(text: str) -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(escaped(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    children = tokens[1].children or []
    assert {token.type for token in children} <= {"text", "text_special"}
    assert "".join(token.content for token in children) == " ".join(text.split())


def test_plain_numbers_and_brackets_stay_readable() -> None:
    assert escaped("+2.0% [1.0%, 3.4%]") == "&#43;2.0% [1.0%, 3.4%]"
    assert escaped("26.1% (50.0)") == "26.1% (50.0)"


def test_hostile_texts_leave_a_table_whole() -> None:
    text = markdown(document(TABLE, GOAL, Heading(HOSTILE), Note(HOSTILE), Details(HOSTILE, (TABLE,))), "out")
    assert "<script" not in text
    assert "](" not in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert [line.count("|") for line in tables] == [3] * 6
    assert "## empty" not in text


def test_pictures_stand_in_a_folder_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "my report.md"
    write_markdown(path, document(Figures((FIGURE, FIGURE))))
    assert "![alt ] (x)](my%20report/figure-02.png)" in path.read_text()
    assert (tmp_path / "my report" / "figure-02.png").read_bytes() == b"png"
    write_markdown(path, document(Figures((FIGURE,))))
    assert [each.name for each in (tmp_path / "my report").iterdir()] == ["figure-01.png"]


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(ConfigError, match=r"mine\.txt.*`markdown`"):
        write_markdown(tmp_path / "out.md", document(Figures((FIGURE,))))
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["mine.txt"]
    with pytest.raises(ConfigError, match="suffix"):
        write_markdown(tmp_path / "out", document())
