"""A report as data, which :mod:`html` and :mod:`markdown` write out; its texts are as they came, not yet escaped."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Cell:
    """A value of a table and what stands small below it, such as its interval."""

    text: str
    small: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under columns, the first of which names the row.

    Attributes:
        label: what the table holds, for those who cannot see it.
        columns: the titles.
        rows: the name of each row and its other cells.
        text: whether the cells are texts rather than numbers.
    """

    label: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    text: bool = False
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str
    kind: ClassVar[str] = "heading"


@dataclass(frozen=True)
class Note:
    """A paragraph that explains."""

    text: str
    kind: ClassVar[str] = "note"


@dataclass(frozen=True)
class Figure:
    """A picture: the bytes of a PNG file."""

    caption: str
    alt: str
    png: bytes = field(repr=False)


@dataclass(frozen=True)
class Figures:
    """Pictures side by side, each of which opens larger."""

    figures: tuple[Figure, ...]
    kind: ClassVar[str] = "figures"


@dataclass(frozen=True)
class ShownEpisode:
    """An agent's episode: each step is an action, and the page it was taken on."""

    agent: str
    reward: str
    steps: tuple[tuple[str, str], ...]
    bought: str


@dataclass(frozen=True)
class ShownGoal:
    """Episodes of several agents with one goal, side by side."""

    title: str
    episodes: tuple[ShownEpisode, ...]
    opened: bool = False
    kind: ClassVar[str] = "goal"


@dataclass(frozen=True)
class Details:
    """Tables and notes that are opened on demand."""

    summary: str
    blocks: tuple["Table | Note", ...]
    kind: ClassVar[str] = "details"


Block = Table | Heading | Note | Figures | ShownGoal | Details


@dataclass(frozen=True)
class Section:
    """A part of a report."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A report.

    Attributes:
        title: of the page.
        strong: the agent that the headline is about; empty where the headline is about none.
        headline: the rest of its sentence.
        notes: below the headline.
        sections: those without a block are left out.
        footer: the last line.
    """

    title: str
    strong: str
    headline: str
    notes: tuple[str, ...]
    sections: tuple[Section, ...]
    footer: str = ""

    def shown_sections(self) -> list[Section]:
        """The sections that hold something."""
        return [section for section in self.sections if section.blocks]

    def figures(self) -> Iterator[Figure]:
        """The figures in their order."""
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Figures):
                    yield from block.figures
