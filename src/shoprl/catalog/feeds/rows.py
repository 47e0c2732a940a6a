"""What a feed is made of: rows, and rows that cannot be read."""

from typing import Any, NamedTuple


class Row(NamedTuple):
    """A row as it was read.

    Attributes:
        source: the file's name as given; ``-`` for standard input, ``a.zip/b.csv`` for a member of an archive.
        line: the line it starts on, or its number in a list, from 1.
        fields: name -> value; text for delimited files, where empty cells are left out, JSON values else.
    """

    source: str
    line: int
    fields: dict[str, Any]


class Fault(NamedTuple):
    """A row that cannot be read.

    Attributes:
        source, line: as in :class:`Row`.
        reason: a fixed phrase to count by.
        detail: what exactly, and what to do; bounded in length.
    """

    source: str
    line: int
    reason: str
    detail: str
