"""The query policy: an instruction becomes search queries, by a model of either kind, kept in a policy folder."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol

from safetensors import SafetensorError
from torch import nn

from shoprl.errors import ConfigError
from shoprl.files import sha256_of, write_folder, write_json
from shoprl.tasks.instruction import WISH, Instruction, QueryStrategy, queries_for, terms_of
from shoprl.version import __version__

QueryModel = Literal["extractive", "seq2seq"]
MANIFEST = "policy.json"
FILES = ("config.json", "model.safetensors")  # of a policy folder of any kind
FORMAT = 1
MAX_QUERIES = 10  # of an instruction, as many as WebShop's search model gives
MAX_QUERY = 256  # characters; a query is cut after its last whole word before
_REMEMBERED = 20_000  # instructions
_TRIED = 50  # proposals looked at, of which some may search for the same


class QueryWriter(Protocol):
    """A model that proposes queries."""

    kind: QueryModel

    @property
    def model(self) -> nn.Module:
        """The network."""

    def write(self, instruction: Instruction) -> Iterable[str]:
        """Proposals, best first; some may be empty or search for the same."""

    def save(self, folder: Path) -> None:
        """Write what is needed to load the model again, weights in ``model.safetensors``."""


def check_count(n: int) -> None:
    """Refuse a number of queries that is out of range."""
    if not 1 <= n <= MAX_QUERIES:
        raise ConfigError(f"{n} queries: ask for 1 to {MAX_QUERIES}.")


def clean(query: str) -> str:
    """A query that can stand in ``search[...]``: one line, no brackets, at most ``MAX_QUERY`` characters."""
    query = " ".join(query.replace("[", " ").replace("]", " ").split())
    if len(query) <= MAX_QUERY:
        return query
    return query[: MAX_QUERY + 1].rpartition(" ")[0] or query[:MAX_QUERY]


class QueryPolicy:
    """Turns an instruction into search queries; the same ones whenever it is asked.

    Args:
        writer: the model.
        name: shown in tables.
        about: what its folder notes, such as how it was trained.
    """

    def __init__(self, writer: QueryWriter, name: str = "query", about: Mapping[str, Any] | None = None) -> None:
        self.writer, self.name, self.about = writer, name, dict(about or {})
        self._known: dict[str, tuple[str, ...]] = {}

    def queries(self, instruction: Instruction, n: int) -> tuple[str, ...]:
        """The best ``n`` queries, best first; no two search for the same terms.

        Args:
            instruction: the request.
            n: how many at most, from 1 to ``MAX_QUERIES``.

        Returns:
            At least one; the wish itself where the model has nothing to say.

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
        found: dict[frozenset[str], str] = {}
        for proposal in islice(self.writer.write(instruction), _TRIED):
            query = clean(proposal)
            terms = terms_of(query)
            if terms:
                found.setdefault(terms, query)
            if len(found) == MAX_QUERIES:
                break
        return tuple(found.values()) or tuple(map(clean, WISH(instruction)))

    def save(self, folder: Path, about: Mapping[str, Any] | None = None) -> None:
        """Write a policy folder: the model's files, and ``policy.json`` with their digests. An old one is replaced.

        Args:
            folder: where to.
            about: what else to note, in place of what it was loaded with.

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
    """Queries that a choice policy may make beside its strategy's.

    Attributes:
        policy: who writes them.
        n: how many of its best, from 1 to ``MAX_QUERIES``.
    """

    policy: QueryPolicy
    n: int = 3

    def __post_init__(self) -> None:
        check_count(self.n)


def queries_with(strategy: QueryStrategy, offer: QueryOffer | None, instruction: Instruction) -> tuple[str, ...]:
    """The queries of a strategy, then those of an offer that are others, best first."""
    own = queries_for(strategy, instruction)
    return own if offer is None else tuple(dict.fromkeys((*own, *offer.policy.queries(instruction, offer.n))))
