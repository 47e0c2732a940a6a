"""The query policy, which turns an instruction into search queries with a model of either kind."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol

from safetensors import SafetensorError
from torch import nn

from shoprl.errors import ConfigError
from shoprl.files import sha256_of, write_folder, write_json
from shoprl.policies.packaged import MANIFEST
from shoprl.tasks.instruction import WISH, Instruction, QueryStrategy, queries_for, terms_of
from shoprl.version import __version__

QueryModel = Literal["extractive", "seq2seq"]
FILES = ("config.json", "model.safetensors")  # of a policy folder of any kind
FORMAT = 1
MAX_QUERIES = 10  # of an instruction; WebShop's search model gives as many
MAX_QUERY = 256  # characters; longer queries are cut at a word boundary
_REMEMBERED = 20_000  # instructions
_TRIED = 50  # proposals considered, some of which may have the same terms


class QueryWriter(Protocol):
    """A model that proposes queries."""

    kind: QueryModel

    @property
    def model(self) -> nn.Module:
        """The network."""

    def write(self, instruction: Instruction) -> Iterable[str]:
        """Proposals, best first; some may be empty or have the same terms."""

    def save(self, folder: Path) -> None:
        """Write the files from which the model can be loaded, weights in ``model.safetensors``."""


def check_count(n: int) -> None:
    """Check a number of queries.

    Raises:
        ConfigError: it is out of range.
    """
    if not 1 <= n <= MAX_QUERIES:
        raise ConfigError(f"{n} queries: ask for 1 to {MAX_QUERIES}.")


def clean(query: str) -> str:
    """A query that is valid in ``search[...]``: one line, no brackets, at most ``MAX_QUERY`` characters."""
    query = " ".join(query.replace("[", " ").replace("]", " ").split())
    if len(query) <= MAX_QUERY:
        return query
    return query[: MAX_QUERY + 1].rpartition(" ")[0] or query[:MAX_QUERY]


class QueryPolicy:
    """Turns an instruction into search queries, deterministically.

    Args:
        writer: the model.
        name: shown in tables.
        about: further entries of its manifest, such as how it was trained.
    """

    def __init__(self, writer: QueryWriter, name: str = "query", about: Mapping[str, Any] | None = None) -> None:
        self.writer, self.name, self.about = writer, name, dict(about or {})
        self._known: dict[str, tuple[str, ...]] = {}

    def queries(self, instruction: Instruction, n: int) -> tuple[str, ...]:
        """The best ``n`` queries, best first, with distinct sets of terms.

        Args:
            instruction: the request.
            n: maximum number, from 1 to ``MAX_QUERIES``.

        Returns:
            At least one; the wish if the model proposes none.

        Raises:
            ConfigError: ``n`` is out of range.
        """
        check_count(n)
        if instruction.text not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[instruction.text] = self._written(instruction)
        return self._known[instruction.text][:n]

    def _written(self, instruction: Instruction) -> tuple[str, ...]:
        queries: dict[frozenset[str], str] = {}
        for proposal in islice(self.writer.write(instruction), _TRIED):
            query = clean(proposal)
            terms = terms_of(query)
            if terms:
                queries.setdefault(terms, query)
            if len(queries) == MAX_QUERIES:
                break
        return tuple(queries.values()) or tuple(map(clean, WISH(instruction)))

    def save(self, folder: Path, about: Mapping[str, Any] | None = None) -> None:
        """Write a policy folder, replacing an old one: the model's files, and ``policy.json`` with their digests.

        Args:
            folder: the folder.
            about: further entries of the manifest; replaces ``self.about``.

        Raises:
            StorageError: it cannot be written; nothing is left behind.
        """
        write_folder(folder, lambda temporary: self.write(temporary, about), (OSError, SafetensorError))

    def write(self, folder: Path, about: Mapping[str, Any] | None = None) -> None:
        """Write the files of :meth:`save` into an empty folder."""
        self.writer.save(folder)
        manifest = {
            "format": FORMAT,
            "kind": "query",
            "model": self.writer.kind,
            "name": self.name,
            "shoprl": __version__,
            "sha256": {path.name: sha256_of(path) for path in sorted(folder.iterdir())},
            "about": dict(self.about if about is None else about),
        }
        write_json(folder / MANIFEST, manifest)


@dataclass(frozen=True, slots=True)
class QueryOffer:
    """Queries that a choice policy may type besides its strategy's.

    Attributes:
        policy: writes the queries.
        n: how many of its best queries, from 1 to ``MAX_QUERIES``.
    """

    policy: QueryPolicy
    n: int = 3

    def __post_init__(self) -> None:
        check_count(self.n)


def queries_with(strategy: QueryStrategy, offer: QueryOffer | None, instruction: Instruction) -> tuple[str, ...]:
    """The queries of a strategy, then the other queries of an offer, best first."""
    own = queries_for(strategy, instruction)
    return own if offer is None else tuple(dict.fromkeys((*own, *offer.policy.queries(instruction, offer.n))))
