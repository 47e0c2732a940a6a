"""A report as data, which :mod:`html` and :mod:`markdown` write out; its texts are as they came, not yet escaped."""

from collections.abc import Iterable, Iterator
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
    kind: ClassVar[str] = "figure"


@dataclass(frozen=True)
class Walk:
    """An agent's episode: each step is an action and what is said of it."""

    agent: str
    reward: str
    steps: tuple[tuple[str, str], ...]
    bought: str


@dataclass(frozen=True)
class Walks:
    """Episodes of several agents with one goal, side by side."""

    title: str
    walks: tuple[Walk, ...]
    opened: bool = False
    kind: ClassVar[str] = "walks"


@dataclass(frozen=True)
class Details:
    """Tables and notes that are opened on demand."""

    summary: str
    blocks: tuple["Table | Note", ...]
    kind: ClassVar[str] = "details"


Block = Table | Heading | Note | Figure | Walks | Details


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
        headline: goes on after ``strong``.
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
            yield from figures_of(section.blocks)


def figures_of(blocks: Iterable[Block]) -> Iterator[Figure]:
    """The figures among blocks."""
    return (block for block in blocks if isinstance(block, Figure))
