"""``shoprl catalog``: make a catalogue, mine attributes, store splits."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

from shoprl.catalog.attributes import mine_attributes
from shoprl.catalog.wordings import write_wordings
from shoprl.cli.checks import new_file
from shoprl.cli.options import (
    Confirming,
    NewFile,
    OnData,
    OnGoals,
    PolicyName,
    Printing,
    Seeded,
    Strict,
    Threaded,
    policy_of_name,
    prepare,
)
from shoprl.cli.output import emit
from shoprl.errors import CatalogError, ConfigError
from shoprl.policies.packaged import PRETRAINED
from shoprl.search.hybrid_folder import FOLDER as HYBRID
from shoprl.search.hybrid_folder import build_hybrid, verify_hybrid
from shoprl.settings import Count, Range, Seed
from shoprl.shop.cached import shop_of
from shoprl.shop.data import read_catalog_and_goals, read_products
from shoprl.shop.splits import SplitKind, disjoint_split, webshop_split, write_split
from shoprl.shop.store import FOLDER, build_store, open_store, verify_store


@dataclass(frozen=True, kw_only=True)
class Generate(Seeded, Printing):
    """Generate a shop: catalogue, goals and splits in WebShop's formats.

    The same seed and style give the same bytes.

    Attributes:
        out: the data folder to write; must be new or empty.
        products: how many products.
        style: default is about as hard as real shops are, plain is tidy, and drawn is like no other seed's.
    """

    out: Path
    products: Annotated[int, Range(1, 10**8)] = 2_000
    style: Literal["default", "plain", "drawn"] = "default"

    def execute(self) -> None:
        """Run the command."""
        from shoprl.catalog.style import style_named
        from shoprl.shop.generated import write_generated

        written = write_generated(self.out, self.products, self.seed, style_named(self.style, self.seed))
        answer = {"folder": str(self.out), **asdict(written)}
        emit(answer, f"{written.products} products and {written.goals} goals in {self.out}", self.json)


@dataclass(frozen=True, kw_only=True)
class Build(OnData, OnGoals, Strict, Printing):
    """Build the store of a data folder, which opens at once.

    The store holds catalogue, search index, goals and splits; all processes on a machine share it in memory. A build
    needs bounded memory, and one that was interrupted continues where it stopped.

    Attributes:
        out: the folder to write; when left out, the folder store in the data folder, which every command finds.
    """

    out: Path | None = None

    def execute(self) -> None:
        """Run the command."""
        folder = build_store(self.data, self.out, self.goals, self.strict)
        opened = open_store(folder)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        answer = {
            "folder": str(self.out or self.data / FOLDER),
            "products": len(opened.catalog),
            "goals": len(opened.goals),
            "bytes": size,
            "skipped": opened.catalog.skipped,
        }
        text = f"{answer['products']} products and {answer['goals']} goals in {answer['folder']} ({size / 1e6:.1f} MB)"
        emit(answer, text, self.json)


@dataclass(frozen=True, kw_only=True)
class Vectors(OnData, Confirming, Threaded, Printing):
    """Make the vectors of a shop's products, for hybrid search.

    They lie in the folder hybrid of its store, with an index of all fields. Called again after products changed, the
    command encodes only what is new; one that was interrupted continues where it stopped.

    Attributes:
        backbone: hub id or folder of the pretrained encoder; the default one when left out.
    """

    def execute(self) -> None:
        """Run the command."""
        store = shop_of(self.data)
        if store is None:
            raise CatalogError(f"{self.data}: holds no store. Build it with `shoprl catalog build --data {self.data}`.")
        if len(self.backbone) > 1:
            raise ConfigError("--backbone: give one encoder.")
        prepare(0, self.threads)
        from shoprl.policies.networks.sentences import sentence_encoder

        encoder = sentence_encoder(named=self.backbone)
        built = build_hybrid(open_store(store).catalog, store / HYBRID, encoder)
        size = sum(path.stat().st_size for path in (store / HYBRID).rglob("*") if path.is_file())
        answer = {"folder": str(self.data / (store / HYBRID).relative_to(self.data)), **asdict(built), "bytes": size}
        answer["encoder"] = encoder.identity._asdict()
        text = f"{built.products} products, {built.encoded} texts newly encoded, in {answer['folder']}"
        emit(answer, f"{text} ({size / 1e6:.1f} MB)", self.json)


@dataclass(frozen=True, kw_only=True)
class Words(OnData, Confirming, Threaded, Printing):
    """Encode the words of a shop's products for a policy, whose first answer then comes at once.

    They lie in the folder words of its store, with the nouns of titles, by which lists compare kinds of products.
    Called again after products changed, the command encodes only what is new.

    Attributes:
        policy: a policy folder, or pretrained; only policies with the match network need words.
    """

    policy: PolicyName = PRETRAINED

    def execute(self) -> None:
        """Run the command."""
        from shoprl.recommender.prepared import prepare_words

        prepared = prepare_words(policy_of_name(self.policy, 0, self.threads, self.backbone), self.data)
        if prepared is None:
            raise ConfigError(f"--policy {self.policy}: has no match network, so that there is nothing to prepare.")
        answer = {"file": str(prepared.path), "words": prepared.words, "bytes": prepared.path.stat().st_size}
        emit(answer, f"{prepared.words:,} words in {prepared.path}", self.json)


@dataclass(frozen=True, kw_only=True)
class Verify(OnData, Printing):
    """Check every byte of a data folder's store.

    Against the digests of its build. Opening a store checks a small one whole, of a large one a part.
    """

    def execute(self) -> None:
        """Run the command."""
        checked = verify_store(self.data)
        answer = {"data": str(self.data), "files": checked.files, "chunks": checked.chunks, "bytes": checked.size}
        store = shop_of(self.data)
        if store is not None and (store / HYBRID).exists():
            vectors = verify_hybrid(store / HYBRID)
            answer["vectors"] = {"files": vectors.files, "chunks": vectors.chunks, "bytes": vectors.size}
        text = (
            f"{checked.files} files of the store of {self.data} are as they were written ({checked.size / 1e6:.1f} MB)"
        )
        emit(answer, text, self.json)


@dataclass(frozen=True, kw_only=True)
class Attributes(OnData, NewFile, Printing):
    """Mine attributes of products by TF-IDF, as WebShop did.

    Over words and word pairs of titles and bullet points, department by department.

    Attributes:
        out: the file to write, in the form of WebShop's items_ins_v2.json, with an instruction a product; must not
            exist. Beside the products as items_ins_v2.json it gives them attributes and goals.
        top: attributes of a product, at most.
        readable: leave out numbers, model numbers, units and the product's own brand.
    """

    top: Count = 5
    readable: bool = False

    def execute(self) -> None:
        """Run the command."""
        new_file(self.out)
        catalog = read_products(self.data)
        mined = mine_attributes(catalog, self.top, self.readable)
        count = write_wordings(self.out, zip(catalog, mined, strict=True))
        answer = {"file": str(self.out), "products": len(catalog), "attributes": count}
        emit(answer, f"{count} attributes of {len(catalog)} products in {self.out}", self.json)


@dataclass(frozen=True, kw_only=True)
class Split(OnData, OnGoals, NewFile, Seeded, Printing):
    """Split goals into train, eval and test, with a content hash.

    Attributes:
        out: the file to write; must not exist. Commands use split.json or split_disjoint.json of the data folder.
        kind: webshop splits by position, disjoint by product.
        seed: seed of the products that disjoint holds out, from 0 to 4294967295.
    """

    kind: SplitKind = "webshop"
    seed: Seed = 233

    def execute(self) -> None:
        """Run the command."""
        import numpy as np

        new_file(self.out)
        _, goals = read_catalog_and_goals(self.data, goals=self.goals)
        split = (
            webshop_split(goals) if self.kind == "webshop" else disjoint_split(goals, np.random.default_rng(self.seed))
        )
        write_split(self.out, split)
        sizes = {name: len(split.part(name)) for name in ("train", "eval", "test")}
        answer = {"file": str(self.out), "kind": self.kind, "split_sha256": split.content_hash, **sizes}
        emit(answer, f"{self.kind} split of {len(goals)} goals in {self.out}: {sizes}", self.json)
