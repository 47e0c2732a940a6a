"""A report as GitHub Markdown: the same tables, and links to pictures in a folder beside the file."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from shoprl.errors import ConfigError
from shoprl.files import write_bytes, write_folder
from shoprl.report.document import (
    Block,
    Cell,
    Details,
    Document,
    Figures,
    Heading,
    ShownEpisode,
    ShownGoal,
    Table,
)
from shoprl.report.text import shown

# Of "]" only one that could end a link; the last two are of addresses, which become links by themselves.
_MARKED = re.compile(r"[\\`*_|~$&<>@]|\](?=[(\[:])|(?<=:)/(?=/)|(?<=www)\.", re.IGNORECASE)
_START = re.compile(r"^[-+=#]|^\d+(?=[.)](\s|$))")
_PICTURE = re.compile(r"figure-\d+\.png")


def escaped(value: object) -> str:
    """A text as one line that GitHub shows as it is: no markup, no table cell's end, no link, no list."""
    text = _MARKED.sub(_entities, " ".join(shown(value).split()))
    return _START.sub(_entities, text)


def _entities(marks: re.Match[str]) -> str:
    return "".join(f"&#{ord(letter)};" for letter in marks[0])


def check_markdown(path: Path) -> None:
    """Refuse a place for the pictures that holds anything but a report's.

    Raises:
        ConfigError: the folder beside ``path`` holds other files.
    """
    folder = _folder(path)
    others = [each.name for each in folder.iterdir() if not _PICTURE.fullmatch(each.name)] if folder.is_dir() else []
    if others or (folder.exists() and not folder.is_dir()):
        obstacle = f"holds {others[0]}" if others else "is a file"
        raise ConfigError(
            f"{folder}: {obstacle}, and the report's pictures would replace it. Choose another name with `markdown`."
        )


def write_markdown(path: Path, document: Document) -> None:
    """Write a report to ``path`` and its pictures into the folder of the same name without suffix.

    Raises:
        ConfigError: that folder holds other files.
        StorageError: something cannot be written.
    """
    check_markdown(path)
    folder = _folder(path)
    figures = list(document.figures())

    def fill(place: Path) -> None:
        for number, figure in enumerate(figures, start=1):
            (place / f"figure-{number:02d}.png").write_bytes(figure.png)

    if figures or folder.is_dir():
        write_folder(folder, fill)
    write_bytes(path, markdown(document, folder.name).encode())


def _folder(path: Path) -> Path:
    if not path.suffix:
        raise ConfigError(f"markdown {path}: needs a file name with a suffix, such as report.md.")
    return path.with_suffix("")


def markdown(document: Document, folder: str) -> str:
    """The text of a report whose pictures are in ``folder``."""
    strong = f"**{escaped(document.strong)}** " if document.strong else ""
    parts = [f"# {escaped(document.title)}", f"{strong}{escaped(document.headline)}", *map(escaped, document.notes)]
    numbers = iter(range(1, 1 + sum(1 for _ in document.figures())))
    for section in document.shown_sections():
        parts.append(f"## {escaped(section.title)}")
        for block in section.blocks:
            parts += _block(block, folder, numbers)
    if document.footer:
        parts.append(escaped(document.footer))
    return "\n\n".join(parts) + "\n"


def _block(block: Block, folder: str, numbers: Iterator[int]) -> Iterator[str]:
    if isinstance(block, Table):
        yield _table(block)
    elif isinstance(block, Heading):
        yield f"### {escaped(block.text)}"
    elif isinstance(block, Figures):
        place = "".join(letter if letter.isalnum() or letter in "-_." else f"%{ord(letter):02X}" for letter in folder)
        for figure in block.figures:
            yield f"![{escaped(figure.alt)}]({place}/figure-{next(numbers):02d}.png)"
            yield escaped(figure.caption)
    elif isinstance(block, ShownGoal):
        yield f"### {escaped(block.title)}"
        for episode in block.episodes:
            yield from _episode(episode)
    elif isinstance(block, Details):
        yield f"<details><summary>{escaped(block.summary)}</summary>"
        for part in block.blocks:
            yield from _block(part, folder, numbers)
        yield "</details>"
    else:
        yield escaped(block.text)


def _table(table: Table) -> str:
    align = ["---", *(["---" if table.text else "---:"] * (len(table.columns) - 1))]
    rows = [[escaped(name), *map(_cell, cells)] for name, cells in table.rows]
    return "\n".join(_line(row) for row in ([escaped(title) for title in table.columns], align, *rows))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    return f"{escaped(cell.text)}<br><sub>{escaped(cell.small)}</sub>" if cell.small else escaped(cell.text)


def _episode(episode: ShownEpisode) -> Iterator[str]:
    yield f"**{escaped(episode.agent)}**, reward {escaped(episode.reward)}, bought: {escaped(episode.bought)}"
    lines = [f"{escaped(action)} {escaped(about)}".rstrip() for action, about in episode.steps]
    yield "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))
