"""The feeds within a zip file."""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO

from shoprl.errors import CatalogError
from shoprl.feeds.entries import Notes
from shoprl.feeds.formats import HEAD, kind_of, refuse
from shoprl.reading import read_limits

FAULTS = (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, zlib.error)
_MOST = 10_000  # members
_SMALL = 1 << 26  # bytes that any file may unzip to
_ASIDE = {"readme", "license", "licence", "changelog", "copying"}


class Archive:
    """A zip file.

    Args:
        file: the file.
        size: its bytes.
        name: its name.

    Raises:
        CatalogError: it is damaged, encrypted, an office document, or unzips to too much.
    """

    def __init__(self, file: IO[bytes], size: int, name: str) -> None:
        self._name = name
        try:
            self._zip = zipfile.ZipFile(file)
        except (*FAULTS, ValueError, OSError) as cause:
            raise self.damaged(cause) from cause
        infos = self._zip.infolist()
        names = {info.filename for info in infos}
        if "[Content_Types].xml" in names:
            raise refuse(name, "an Excel workbook or another Office file", "Save the sheet as CSV UTF-8.")
        if "mimetype" in names or "META-INF/MANIFEST.MF" in names or "Index/Document.iwa" in names:
            raise refuse(name, "a document in a zip file", "Save the sheet as CSV.")
        limits = read_limits()
        if len(infos) > _MOST:
            raise CatalogError(f"{name}: holds {len(infos):,} files, at most {_MOST:,} are read. Unzip it first.")
        if sum(info.file_size for info in infos) > max(_SMALL, limits.ratio * size):
            raise CatalogError(
                f"{name}: unzips to more than {limits.ratio} times its size. If that is right, unzip it first, or set "
                "SHOPRL_MAX_RATIO."
            )
        self._infos = sorted((info for info in infos if not info.is_dir()), key=lambda info: info.filename)

    def damaged(self, cause: BaseException) -> CatalogError:
        """The error of a zip file that cannot be read."""
        return CatalogError(f"{self._name}: cannot be read ({cause}). It may be truncated; fetch it again.")

    def members(self, notes: Notes, encoding: str | None) -> Iterator[tuple[str, int, IO[bytes]]]:
        """Yield the name, the size and the open file of each feed, in order of name.

        Raises:
            CatalogError: a member is encrypted or a zip file itself, or there is no feed.
        """
        count, refusal = 0, None
        for info in self._infos:
            path = PurePosixPath(info.filename)
            if "__MACOSX" in path.parts or path.name.startswith(".") or path.stem.lower() in _ASIDE:
                notes.say(self._name, f"{info.filename[:100]} left out")
                continue
            name = f"{self._name}/{info.filename}"
            if info.flag_bits & 1:
                raise CatalogError(f"{name}: is encrypted. Unzip it first.")
            try:
                with self._zip.open(info) as member:
                    head = member.read(HEAD)
            except (*FAULTS, EOFError, OSError, ValueError) as cause:
                raise self.damaged(cause) from cause
            try:
                kind = kind_of(head, name, encoding)
            except CatalogError as cause:
                refusal = refusal or cause
                notes.say(self._name, f"{info.filename[:100]} left out, as no feed")
                continue
            if kind in ("zip", "gzip"):
                raise CatalogError(f"{name}: is compressed within a zip file. Unzip {self._name} first.")
            if kind == "sqlite":
                raise CatalogError(f"{name}: is a database. Unzip {self._name} first.")
            count += 1
            with self._zip.open(info) as member:
                yield name, info.file_size, member
        if not count:
            raise refusal or CatalogError(f"{self._name}: holds no feed. Zip a CSV, JSON lines or Parquet file.")
