"""Rows of a Parquet file, in a process of its own: damage can end the process that reads one.

``python -I parquet_rows.py CHOICE LEFT <FILE`` writes the rows to standard output, as a stream of
Arrow's record batches, each with the number of its first row. ``CHOICE`` are the columns as JSON,
``LEFT`` the bytes that may be unpacked. Row groups that unpack to more are a batch without rows,
with the number of rows and bytes left out. Without a choice, the names of the columns are written.
"""

from __future__ import annotations

import json
import sys
from typing import BinaryIO

_BATCH = 32
_GROUP_BYTES = 1 << 31
"""Unpacked size of what is read of one row group, as the file states it."""


def column_names(file: BinaryIO) -> list[str]:
    """Return the names of a file's columns."""
    from pyarrow.parquet import ParquetFile  # pyarrow takes a third of a second to load

    return list(ParquetFile(file).schema_arrow.names)


def write_rows(file: BinaryIO, names: list[str], left: int, out: BinaryIO) -> None:
    """Write the rows of some columns to a stream."""
    from pyarrow import RecordBatch
    from pyarrow.ipc import RecordBatchStreamWriter
    from pyarrow.parquet import ParquetFile

    table = ParquetFile(file)
    schema = table.schema_arrow
    schema = schema.empty_table().select(names).schema.remove_metadata()
    number = 1
    with RecordBatchStreamWriter(out, schema) as writer:
        for group in range(table.num_row_groups):
            stated = table.metadata.row_group(group)
            size = sum(
                stated.column(i).total_uncompressed_size
                for i in range(stated.num_columns)
                if stated.column(i).path_in_schema.partition(".")[0] in names
            )
            if size > min(_GROUP_BYTES, left):
                about = {"number": number, "rows": stated.num_rows, "bytes": size}
                nothing = RecordBatch.from_pylist([], schema)
                writer.write_batch(nothing, custom_metadata={"about": json.dumps(about)})
                number += stated.num_rows
                continue
            for batch in table.iter_batches(_BATCH, row_groups=[group], columns=names):
                about = {"number": number}
                writer.write_batch(batch, custom_metadata={"about": json.dumps(about)})
                number += batch.num_rows


if __name__ == "__main__":
    chosen: list[str] = json.loads(sys.argv[1])
    with open(0, "rb", closefd=False) as whole:
        if chosen:
            write_rows(whole, chosen, int(sys.argv[2]), sys.stdout.buffer)
        else:
            sys.stdout.write(json.dumps(column_names(whole)))
