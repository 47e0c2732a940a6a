"""What hybrid search has on disk: the index of all fields, the products' vectors and what finds their neighbours.

A folder of its own beside the shop's catalogue, made again when products changed: vectors of texts that are as they
were are taken over, and those that were finished when a build was interrupted are kept.
"""

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoprl.catalog.catalog import Catalog
from shoprl.catalog.digests import Checked, check, read_settled, verify, write_digests
from shoprl.catalog.product import Product
from shoprl.catalog.records import REMEDY, load_array, save_array
from shoprl.claims import claimed
from shoprl.errors import CatalogError, StorageError
from shoprl.files import content_hash, real_path, replace_folder, write_json
from shoprl.progress import bar, track
from shoprl.reading import read_json
from shoprl.search.encoder import Encoder, EncoderIdentity, encoded_text
from shoprl.search.fields import K1, WEIGHTS, B, build_field_index, mean_lengths
from shoprl.search.index import SearchIndex
from shoprl.search.neighbours import EXACT, Approximate, Exact, Neighbours, check_approximate, write_graph

FORMAT = "shoprl-hybrid-1"
FOLDER = "hybrid"  # where in a store it lies
BLOCK = 2_048  # texts that are encoded between two writes

_ABOUT, _GRAPH, _INDEX, _TEXTS, _VECTORS = "hybrid.json", "neighbours.usearch", "index", "texts.npy", "vectors.npy"
_KEY = 16  # bytes of a text's hash
_AGAIN = "Make the vectors with `shoprl catalog vectors`."
_FIELDS = {"weights": dict(WEIGHTS), "k1": K1, "b": B}


@dataclass(frozen=True)
class Built:
    """What a build did.

    Attributes:
        products: how many have a vector.
        encoded: texts that were encoded.
        kept: texts whose vectors were there already.
        approximate: whether neighbours are found approximately.
    """

    products: int
    encoded: int
    kept: int
    approximate: bool


@dataclass(frozen=True)
class Opened:
    """What a folder holds; on disk until it is looked at.

    Attributes:
        index: of all fields.
        neighbours: finds the nearest of the products' vectors, by their numbers in the index.
        encoder: which one made them.
        catalog: the content hash of the catalogue that they were made of.
        made: a hash of all that decided what was made.
    """

    index: SearchIndex
    neighbours: Neighbours
    encoder: EncoderIdentity
    catalog: str
    made: str


def build_hybrid(catalog: Catalog, folder: Path, encoder: Encoder, exact: int = EXACT) -> Built:
    """Make a folder, or bring it up to date; one that is up to date stays as it is.

    Args:
        catalog: the products.
        folder: where to; appears, or is replaced, once it is complete.
        encoder: of their texts.
        exact: neighbours among more vectors than these are found approximately.

    Raises:
        CatalogError: what is there is damaged in a way that it cannot be replaced.
        ConfigError: there are too many products for an exact search, and usearch is not installed.
        StorageError: a file cannot be written.
    """
    folder = real_path(folder)
    if len(catalog) > exact:
        check_approximate()
    with claimed(folder, wait=True, replaced=True):
        if folder.exists() and not (folder / _ABOUT).exists():
            raise StorageError(f"{folder}: is no folder of vectors, and would be replaced. Remove or rename it.")
        old = _usable(folder, encoder.identity)
        about = _about_json(catalog, encoder.identity, exact)
        if old is not None and old["made"] == content_hash(about):
            return Built(len(catalog), 0, len(catalog), len(catalog) > exact)
        part = folder.with_name(f".{folder.name}.part")
        with _Texts(part / "texts", encoder) as texts:
            if old is not None:
                texts.take_over(folder)
            built = _fill(part / "folder", catalog, texts, exact)
        about |= {"made": content_hash(about), "digests": write_digests(part / "folder")}
        write_json(part / "folder" / _ABOUT, about | {"sha256": content_hash(about)})
        try:
            replace_folder(part / "folder", folder)
        except OSError as error:
            raise StorageError(f"{folder}: cannot be written ({error.strerror}).") from error
        shutil.rmtree(part, ignore_errors=True)
    return built


def _about_json(catalog: Catalog, encoder: EncoderIdentity, exact: int) -> dict[str, Any]:
    about = {"format": FORMAT, "catalog": catalog.content_hash, "products": len(catalog)}
    return about | {"encoder": encoder._asdict(), "approximate": len(catalog) > exact, "fields": _FIELDS}


def _fill(folder: Path, catalog: Catalog, texts: "_Texts", exact: int) -> Built:
    """Write all but the description."""
    shutil.rmtree(folder, ignore_errors=True)
    asins: list[str] = []

    def keys() -> Iterator[bytes]:
        for product in track(catalog, "reading products", total=len(catalog), unit="product"):
            asins.append(product.asin)
            yield _key(encoded_text(product))

    of_product = np.frombuffer(b"".join(keys()), dtype=np.uint8).reshape(-1, _KEY)
    encoded = texts.add(catalog, of_product)
    order = np.argsort(np.array(asins), kind="stable")  # the index's
    of_product = of_product[order]
    save_array(folder / _TEXTS, of_product.reshape(-1))
    approximate = len(catalog) > exact
    vectors = _write_vectors(folder / _VECTORS, texts, of_product, np.float16 if approximate else np.float32)
    if approximate:
        write_graph(folder / _GRAPH, vectors)
    shards = folder / "shards"
    products = track(catalog, "indexing fields", total=len(catalog), unit="product")
    build_field_index(products, mean_lengths(catalog), folder / _INDEX, shards)
    shutil.rmtree(shards)
    return Built(len(catalog), encoded, len({key.tobytes() for key in of_product}) - encoded, approximate)


def _write_vectors(path: Path, texts: "_Texts", keys: NDArray[np.uint8], dtype: Any) -> NDArray[np.floating[Any]]:
    rows = texts.rows(keys)
    try:
        flat = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=(len(rows) * texts.width,))
        vectors = flat.reshape(-1, texts.width)
        for start in range(0, len(rows), BLOCK):
            vectors[start : start + BLOCK] = texts.vectors(rows[start : start + BLOCK])
        flat.flush()
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror}). Free some space.") from error
    return vectors


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()[:_KEY]


class _Texts:
    """The vectors of texts, by a hash of the text; those that are new are appended to two files as they are made.

    They are kept in 16 bits, whose error is far below the differences between products.
    """

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self.width = encoder.identity.width
        self._encoder = encoder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            about, own = folder / "encoder.json", list(encoder.identity)
            if not about.is_file() or _read_list(about) != own:
                for stale in folder.iterdir():
                    stale.unlink()
                write_json(about, own)
            self._keys, self._values = (folder / "keys.bin").open("ab+"), (folder / "vectors.bin").open("ab+")
        except OSError as error:
            raise StorageError(f"{folder}: cannot be written ({error.strerror}). Free some space.") from error
        self._old: NDArray[np.floating[Any]] = np.zeros((0, self.width), dtype=np.float16)
        self._row: dict[bytes, int] = {}
        count = min(self._keys.tell() // _KEY, self._values.tell() // (2 * self.width))
        self._keys.truncate(count * _KEY)  # both are as long as what was written whole
        self._values.truncate(count * 2 * self.width)
        self._keys.seek(0)
        made = self._keys.read()
        self._made = [made[start : start + _KEY] for start in range(0, len(made), _KEY)]

    def __enter__(self) -> "_Texts":
        return self

    def __exit__(self, *_: object) -> None:
        self._keys.close()
        self._values.close()

    def take_over(self, folder: Path) -> None:
        """Use the vectors of a finished folder."""
        keys = load_array(folder / _TEXTS, "u").reshape(-1, _KEY)
        self._old = load_array(folder / _VECTORS, "f").reshape(-1, self.width)
        self._row = {key.tobytes(): row for row, key in enumerate(keys)}

    def add(self, products: Iterable[Product], keys: NDArray[np.uint8]) -> int:
        """Encode what has no vector yet; how many texts that were."""
        self._row |= {key: len(self._old) + row for row, key in enumerate(self._made)}
        known = len(self._row)
        missing = {key.tobytes() for key in keys} - self._row.keys()
        count = len(missing)
        new = self._missing(products, keys, missing)
        with bar(count, "encoding products", "text") as progress:
            while block := dict(islice(new, BLOCK)):
                self._append(block)
                progress.update(len(block))
        return len(self._row) - known

    def _missing(
        self, products: Iterable[Product], keys: NDArray[np.uint8], missing: set[bytes]
    ) -> Iterator[tuple[bytes, str]]:
        """The texts without a vector, each once, in the order of the products."""
        for product, row in zip(products, keys, strict=True):
            key = row.tobytes()
            if key in missing:
                missing.remove(key)
                yield key, encoded_text(product)

    def _append(self, block: dict[bytes, str]) -> None:
        vectors = self._encoder.encode(list(block.values())).astype(np.float16)
        first = len(self._old) + len(self._made)
        try:
            self._values.write(vectors.tobytes())
            self._values.flush()  # before the keys, which say that it is there
            self._keys.write(b"".join(block))
            self._keys.flush()
        except OSError as error:
            raise StorageError(f"{self._keys.name}: cannot be written ({error.strerror}). Free some space.") from error
        self._made += block
        self._row |= {key: first + number for number, key in enumerate(block)}

    def rows(self, keys: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Where :meth:`vectors` has each text."""
        return np.fromiter((self._row[key.tobytes()] for key in keys), dtype=np.int64, count=len(keys))

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
        """The vectors at some places."""
        old = rows < len(self._old)
        found = np.empty((len(rows), self.width), dtype=np.float16)
        found[old] = self._old[rows[old]]
        if self._made:
            made = np.memmap(self._values.name, dtype=np.float16, mode="r").reshape(-1, self.width)
            found[~old] = made[rows[~old] - len(self._old)]
        return found


def _read_list(path: Path) -> object:
    try:
        return read_json(path, CatalogError)
    except CatalogError:
        return None


def _usable(folder: Path, encoder: EncoderIdentity) -> dict[str, Any] | None:
    """The description of a whole folder whose vectors are of an encoder, or None."""
    try:
        about = _about(folder)
        verify_hybrid(folder)
    except CatalogError:
        return None
    return about if about["encoder"] == encoder._asdict() else None


def _about(folder: Path) -> dict[str, Any]:
    path = folder / _ABOUT
    if not path.is_file():
        raise CatalogError(f"{folder}: holds no vectors ({_ABOUT} is missing). {_AGAIN}")
    about = read_json(path, CatalogError)
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise CatalogError(f"{path}: not vectors of format {FORMAT}. {_AGAIN}")
    if about.pop("sha256", None) != content_hash(about):
        raise CatalogError(f"{path}: was changed after it was written, or is damaged. {_AGAIN}")
    return about


def about_hybrid(folder: Path) -> EncoderIdentity:
    """The encoder of a folder's vectors.

    Raises:
        CatalogError: it holds none, or its description is damaged.
    """
    return EncoderIdentity(**_about(folder)["encoder"])


def verify_hybrid(folder: Path) -> Checked:
    """Check every byte of a folder.

    Raises:
        CatalogError: a file is missing or damaged.
    """
    try:
        return verify(folder, _about(folder)["digests"])
    except CatalogError as error:
        raise _renamed(error) from error


def open_hybrid(folder: Path) -> Opened:
    """Open a folder.

    Raises:
        CatalogError: it holds no vectors, or a file is missing or damaged.
        ConfigError: it needs usearch, which is not installed.
    """
    return read_settled(folder / _ABOUT, lambda: _opened(folder))


def _opened(folder: Path) -> Opened:
    about = _about(folder)
    width, count = about["encoder"]["width"], about["products"]
    try:
        check(folder, about["digests"])
        index = SearchIndex.load(folder / _INDEX)
        neighbours: Neighbours
        if about["approximate"]:
            neighbours = Approximate(folder / _GRAPH, width)
        else:
            neighbours = Exact.of_file(folder / _VECTORS, width)
    except CatalogError as error:
        raise _renamed(error) from error
    if not len(index) == len(neighbours) == count:
        raise CatalogError(f"{folder}: its files do not belong together. {_AGAIN}")
    return Opened(index, neighbours, EncoderIdentity(**about["encoder"]), about["catalog"], about["made"])


def _renamed(error: Exception) -> CatalogError:
    """An error with the remedy of this folder."""
    return CatalogError(str(error).replace(REMEDY, "").split(" Build the index again")[0].strip() + f" {_AGAIN}")
