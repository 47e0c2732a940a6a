"""Reads Parquet files in batches of rows."""

from collections.abc import Iterator
from typing import IO, Any

from shoprl.errors import CatalogError, ConfigError
from shoprl.feeds.entries import Notes, Row, distinct_names, json_fields
from shoprl.reading import read_limits

MAGIC = b"PAR1"
_BATCH = 512  # rows held at a time
_SMALL = 1 << 26  # bytes that any file may unpack to


def _import_pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ConfigError(
            "Parquet files are read by pyarrow, which is not installed. Run: pip install 'shoprl[feeds]'"
        ) from error
    return pyarrow


def parquet_rows(file: IO[bytes], size: int, source: str, notes: Notes) -> Iterator[Row]:
    """Yield the rows of a Parquet file, with values as JSON has them.

    Args:
        file: the file, in which places can be sought.
        size: its bytes.
        source: its name.
        notes: takes what the user is told.

    Raises:
        ConfigError: pyarrow is not installed.
        CatalogError: the file is damaged, or unpacks to too much.
    """
    pyarrow = _import_pyarrow()
    damaged = (pyarrow.ArrowException, OSError, ValueError, KeyError, OverflowError)
    try:
        content = pyarrow.parquet.ParquetFile(file)
        _check_size(content.metadata, size, source)
        names, number = distinct_names(content.schema_arrow.names), 0
        for batch in content.iter_batches(batch_size=_BATCH, use_threads=False):
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                number += 1
                yield Row(source, number, json_fields(names, values, source, number, notes))
    except damaged as cause:
        raise CatalogError(
            f"{source}: is no Parquet file that can be read ({str(cause)[:200]}). It may be truncated; write it again."
        ) from cause


def _check_size(metadata: Any, size: int, source: str) -> None:
    limits = read_limits()
    unpacked = sum(metadata.row_group(place).total_byte_size for place in range(metadata.num_row_groups))
    if unpacked > limits.file:
        raise CatalogError(f"{source}: holds more than {limits.file:,} bytes. Split it, or set SHOPRL_MAX_FILE.")
    if unpacked > max(_SMALL, limits.ratio * size):
        raise CatalogError(
            f"{source}: unpacks to more than {limits.ratio} times its size. If that is right, set SHOPRL_MAX_RATIO."
        )
