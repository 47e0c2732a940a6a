"""``shoprl catalog import`` and ``update``: shops from what merchants export."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import tyro

from shoprl.cli.options import Printing
from shoprl.cli.output import emit
from shoprl.errors import ConfigError
from shoprl.feeds.entries import Origin
from shoprl.feeds.mapping import write_mapping
from shoprl.feeds.reader import REJECTS, Feed
from shoprl.settings import Settings
from shoprl.shop.catalog_goals import Wording
from shoprl.shop.importing import import_feed, show_feed
from shoprl.shop.refreshing import update_from_feed
from shoprl.terminal import shown

Files = Annotated[
    tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="FILE...", help_behavior_hint="(at least one)")
]
WIDEST_SAMPLE = 100  # characters
MOST_SHOWN = 10  # rejects of an update


@dataclass(frozen=True, kw_only=True)
class FromFeed(Settings):
    """Where a feed is and how it is read.

    Attributes:
        query: what to ask the database for: a SELECT.
        map: a mapping file that says what each field is; --show-mapping writes one to edit.
        delimiter: what stands between the cells of a delimited file, or tab; found out when left out.
        encoding: how its characters are encoded, such as utf-8 or windows-1252; found out when left out.
        strict: fail on a row that cannot be used; otherwise it is left out, counted and named (an import names all in
            rejects.jsonl in the shop).
    """

    query: str | None = None
    map: Path | None = None
    delimiter: str | None = None
    encoding: str | None = None
    strict: bool = False

    def origin(self, files: Sequence[str]) -> Origin:
        """How the sources are read.

        Raises:
            ConfigError: there is none.
        """
        if not files:
            raise ConfigError("FILE: give at least one file, - for standard input, or the address of a database.")
        return Origin(delimiter=self.delimiter, encoding=self.encoding, query=self.query)


@dataclass(frozen=True, kw_only=True)
class Import(FromFeed, Printing):
    """Make a shop of a product feed, ready for every command's --data.

    Fields are recognised by their names and contents, rows of one product become its variants, and what was done with
    each row is counted. The shop holds goals, splits and a search index.

    With --json: folder, goals (how many), rows, used, merged, rejected (reason -> rows), products, variants,
    fields_used (target -> fields), fields_ignored, currencies (code -> products), notes, warnings, sources (file ->
    sha256) and rejects (the file, or null). With --show-mapping --json: mapping (as in the file), file, written (false
    where it was there), and fields: target, field, samples and why of each.

    Attributes:
        files: the feed: files in CSV, TSV, JSON, JSON lines or Parquet, also in gzip or zip; - for standard input; or
            the address of a database, such as postgresql://user@host/name or sqlite:///shop.db.
        out: the shop to write; one that is there is replaced once the new one is complete.
        show_mapping: print what each field was recognised as, with samples and the reason, write that to a file to edit
            (NAME.mapping.toml in the working directory), and import nothing.
        wording: how the requests of goals are worded: webshop, people, everyday or keywords, both of the first two in
            halves, or all in fourths.
    """

    files: Files
    out: Path | None = None
    show_mapping: bool = False
    wording: Wording = "both"

    def execute(self) -> None:
        """Run the command."""
        origin = self.origin(self.files)
        if self.show_mapping:
            self._show(origin)
            return
        if self.out is None:
            raise ConfigError("--out: give the folder of the shop, or --show-mapping to look first.")
        made = import_feed(self.files, self.out, origin, self.map, self.strict, self.wording)
        answer = {"folder": str(self.out), "goals": made.goals, **made.summary.to_json()}
        rejects = str(self.out / REJECTS) if made.rejects else None
        answer["rejects"] = rejects
        lines = [f"shop       {shown(self.out)}, with {made.goals:,} goals", shown_lines(made.summary.text())]
        if rejects:
            lines.append(f"rejects    {shown(rejects)}")
        emit(answer, "\n".join(lines), self.json)

    def _show(self, origin: Origin) -> None:
        with tempfile.TemporaryDirectory() as work:
            feed = show_feed(self.files, origin, self.map, Path(work) / "feed")
        path = Path(f"{_stem(self.files[0])}.mapping.toml")
        kept = path.exists()
        if not kept:
            write_mapping(path, feed.mapping, Path(self.files[0]).name)
        rows = list(_recognised(feed))
        answer = {"mapping": feed.mapping.to_json(), "file": str(path), "written": not kept}
        answer["fields"] = [dict(zip(("target", "field", "samples", "why"), row, strict=True)) for row in rows]
        said = (
            f"{path} is there already and was left as it is" if kept else f"Edit {path}, then import with --map {path}"
        )
        lines = []
        for target, name, samples, why in rows:
            lines.append(f"{shown(target):<13} {shown(name)}" + (f"   ({why})" if why else ""))
            lines.extend(f"{'':<15}{shown(sample, WIDEST_SAMPLE)}" for sample in samples)
        emit(answer, "\n".join((*lines, "", shown(said))), self.json)


@dataclass(frozen=True, kw_only=True)
class Update(FromFeed, Printing):
    """Change a shop's products in place, without building it again.

    Rows with a title replace products or add them; rows of a feed without titles change the fields they hold, such as
    price and availability, of products or of variants by their own ids. Fields are what they were when the shop was
    imported. Whoever has the shop open goes on undisturbed, and sees the change when they open it again.

    With --json: as of catalog import without goals, and added, changed, removed, unchanged and reindexed (products);
    rejects is a list: source, line, reason and detail of each.

    Attributes:
        data: the shop, as shoprl catalog import or build --out wrote it.
        files: the feed: files in CSV, TSV, JSON, JSON lines or Parquet, also in gzip or zip; - for standard input; or
            the address of a database, such as postgresql://user@host/name or sqlite:///shop.db.
        remove: a file of identifiers of products to remove, one a line.
        whole: the feed is the whole catalogue: products that it does not hold are removed.
    """

    data: tyro.conf.Positional[Path]
    files: Files
    remove: Path | None = None
    whole: bool = False

    def execute(self) -> None:
        """Run the command."""
        origin = self.origin(self.files)
        done = update_from_feed(
            self.data, self.files, origin, self.map, removed=self.remove, whole=self.whole, strict=self.strict
        )
        rejects = [reject._asdict() for reject in done.rejects]
        answer = {"folder": str(self.data), **asdict(done.updated), **done.summary.to_json(), "rejects": rejects}
        counts = ", ".join(f"{count:,} {what}" for what, count in asdict(done.updated).items())
        lines = [f"shop       {shown(self.data)}: {counts}", shown_lines(done.summary.text())]
        lines += [
            shown(f"reject     {r.source}, line {r.line}: {r.reason}: {r.detail}") for r in done.rejects[:MOST_SHOWN]
        ]
        if len(done.rejects) > MOST_SHOWN:
            lines.append(f"reject     {len(done.rejects) - MOST_SHOWN:,} more; --json lists all")
        emit(answer, "\n".join(lines), self.json)


def _recognised(feed: Feed) -> "list[tuple[str, str, list[str], str]]":
    """Target, field, samples and reason of each field; ignored ones last."""
    mapping = feed.mapping
    named = [(target, name) for target, names in mapping.fields.items() for name in names]
    named += [(f"option {name}", field) for name, field in mapping.options.items()]
    named += [(f"feature {name}", field) for name, field in mapping.features.items()]
    named += [("ignored", name) for name in mapping.ignored]
    rows = []
    for target, name in named:
        column = next(
            (each for each in feed.columns if each == name or (name.endswith("*") and each.startswith(name[:-1]))), ""
        )
        samples = feed.columns[column].samples if column else []
        rows.append(
            (target, name, samples, mapping.why.get(name, "in the mapping file" if target != "ignored" else ""))
        )
    return rows


def _stem(source: str) -> str:
    """A feed's name without its endings."""
    name = "feed" if source == "-" or "://" in source else Path(source).name
    return name.split(".")[0] or "feed"


def shown_lines(text: str) -> str:
    """Lines with nothing in them that a terminal would obey."""
    return "\n".join(shown(line) for line in text.splitlines())
