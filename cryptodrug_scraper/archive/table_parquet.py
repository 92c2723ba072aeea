"""Parquet files, a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator

from .context import Context
from .page import Page, Trouble
from .source import Source
from .tables import Row, pages_of, wanted
from .unpack import Bad

_BATCH = 32
_GROUP_BYTES = 1 << 31
"""Unpacked size of what is read of one row group, as the file states it."""


def read_parquet(source: Source, context: Context) -> Iterator[Page | Trouble]:
    """Yield the pages of a Parquet file (``file#ROW``, from 1)."""
    from pyarrow import ArrowException  # pyarrow takes a third of a second to load

    try:
        yield from pages_of(_rows(source, context), source, context)
    except (ArrowException, OSError, ValueError, MemoryError, NotImplementedError) as error:
        reason = f"damaged Parquet data ({' '.join(str(error).split())[:200]}); the rest is skipped"
        yield Trouble(source.location, reason, "broken_record")


def _rows(source: Source, context: Context) -> Iterator[Row]:
    from pyarrow.parquet import ParquetFile

    source.file.seek(0)
    table = ParquetFile(source.file)
    names = wanted(table.schema_arrow.names, context.columns)
    if not names:
        yield from (Row("", dict.fromkeys(table.schema_arrow.names)) for _ in range(1))
        return
    number = 0
    for group in range(table.num_row_groups):
        stated = table.metadata.row_group(group)
        size = sum(
            stated.column(i).total_uncompressed_size
            for i in range(stated.num_columns)
            if stated.column(i).path_in_schema.partition(".")[0] in names
        )
        if size > min(_GROUP_BYTES, source.budget.left):
            reason = f"rows {number + 1} to {number + stated.num_rows} unpack to {size:,} bytes"
            yield Row(f"#{number + 1}", Bad("bomb", reason))
            number += stated.num_rows
            continue
        for batch in table.iter_batches(_BATCH, row_groups=[group], columns=names):
            for values in batch.to_pylist():
                number += 1
                yield Row(f"#{number}", values)
