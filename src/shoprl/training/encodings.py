"""Keeps which texts a training encoded together, so that a resumed one has the same token states to the bit.

The padding of a batch changes the last bits of the token states of a frozen backbone. A training that meets texts as
it goes (the pages of its rollouts) would encode them in other batches after it was resumed. So each of its batches is
a line of a file, which is much smaller than the token states, and a resumed training first encodes those batches again.
"""

import hashlib
import json
import os
from pathlib import Path

from shoprl.errors import RunError, StorageError
from shoprl.files import json_line
from shoprl.policies.networks.encoder import Encodings

FILE = "encoded"
CHECKPOINT = "checkpoint.safetensors"


class EncodingJournal:
    """The batches of texts that a store encodes in a training, as ``{"update": 40, "texts": [...]}`` per line.

    A line's update is that of the checkpoint it was written with; lines of later checkpoints than the last one, as of a
    training that was killed in between, are discarded. What was encoded before the training began is no part of it.

    Args:
        store: encodes texts; None for a policy that has none.
        folder: of the training.
        process: number of this process, each of which has its own file.
    """

    def __init__(self, store: Encodings | None, folder: Path, process: int = 0) -> None:
        self._store = store
        self._path = folder / (f"{FILE}-{process}.jsonl" if process else f"{FILE}.jsonl")
        self._written = len(store.batches) if store is not None else 0  # of the store's batches
        self._digest = hashlib.sha256()  # of the file's lines

    def restore(self, update: int, digest: str | None) -> None:
        """Encode again what was encoded up to a checkpoint.

        Args:
            update: of the checkpoint; 0 for a training that begins.
            digest: what :meth:`write` returned for the checkpoint; None if that is not known.

        Raises:
            RunError: the file is not what was written.
            StorageError: what belongs to no checkpoint cannot be removed.
        """
        if self._store is None:
            return
        batches, end = self._read(update)
        if digest is not None and self._digest.hexdigest() != digest:
            raise RunError(
                f"{self._path}: not what was written with the checkpoint. Delete {CHECKPOINT} beside it to start this "
                "training again."
            )
        self._cut(end)
        self._store.repeat(batches)
        self._written = len(self._store.batches)

    def _read(self, update: int) -> tuple[list[list[str]], int]:
        """The batches up to an update, and where the next line starts in the file."""
        batches: list[list[str]] = []
        end = 0
        if not self._path.is_file():
            return batches, end
        with self._path.open("rb") as stream:
            for line in stream:
                texts = _texts_of(line, update)
                if texts is None:
                    break  # of a later checkpoint, or cut off while it was written, which is later too
                batches.append(texts)
                self._digest.update(line)
                end += len(line)
        return batches, end

    def _cut(self, end: int) -> None:
        try:
            if self._path.is_file() and self._path.stat().st_size > end:
                os.truncate(self._path, end)
        except OSError as error:
            raise StorageError(f"{self._path}: cannot be cut to its checkpoint ({error.strerror}).") from error

    def write(self, update: int) -> str:
        """Append and sync what was encoded since the last checkpoint.

        Args:
            update: of the checkpoint that will follow.

        Returns:
            Digest of the file.

        Raises:
            StorageError: they cannot be written.
        """
        new = self._store.batches[self._written :] if self._store is not None else ()
        if not new:
            return self._digest.hexdigest()
        lines = [json_line({"update": update, "texts": batch}) for batch in new]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as stream:
                stream.writelines(lines)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise StorageError(
                f"{self._path}: cannot be written ({error.strerror or error}). Free some space, then resume."
            ) from error
        self._written += len(new)
        for line in lines:
            self._digest.update(line)
        return self._digest.hexdigest()


def _texts_of(line: bytes, update: int) -> list[str] | None:
    """The texts of a line; None if it is not whole or of a later update."""
    try:
        row = json.loads(line)
        texts, number = row["texts"], int(row["update"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    whole = line.endswith(b"\n") and isinstance(texts, list) and all(isinstance(text, str) for text in texts)
    return texts if whole and number <= update else None
