"""Parquet files, a batch of rows at a time."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from .context import ReadContext
from .page import Page, ReadIssue
from .source import Source
from .tables import Row, pages_of, wanted
from .unpack import Bad

# By its path, and isolated: it needs pyarrow only, and starts in half a second.
_PROGRAM = (sys.executable, "-I", str(Path(__file__).with_name("parquet_rows.py")))


def read_parquet(source: Source, context: ReadContext) -> Iterator[Page | ReadIssue]:
    """Yield the pages of a Parquet file (``file#ROW``, from 1)."""
    from pyarrow import ArrowException  # pyarrow takes a third of a second to load

    try:
        with _as_file(source.file) as file:
            yield from pages_of(_rows(file, source, context), source, context)
    except (ArrowException, OSError, ValueError, MemoryError) as error:
        reason = f"damaged Parquet data ({' '.join(str(error).split())[:200]}); the rest is skipped"
        yield ReadIssue(source.location, reason, "broken_record")


def _rows(file: BinaryIO, source: Source, context: ReadContext) -> Iterator[Row]:
    from pyarrow.ipc import RecordBatchStreamReader

    with _child(file, [], 0) as listing:
        columns = json.loads(listing.read())
    names = wanted(columns, context.columns)
    if not names:
        yield Row("", dict.fromkeys(columns))
        return
    with _child(file, names, source.budget.left) as stream:
        reader = RecordBatchStreamReader(stream)
        while True:
            try:
                batch, metadata = reader.read_next_batch_with_custom_metadata()
            except StopIteration:
                return
            about = json.loads(metadata["about"])
            number = about["number"]
            if "bytes" in about:
                last = number + about["rows"] - 1
                reason = f"rows {number} to {last} unpack to {about['bytes']:,} bytes"
                yield Row(f"#{number}", Bad("bomb", reason))
            for values in batch.to_pylist():
                yield Row(f"#{number}", values)
                number += 1


@contextmanager
def _child(file: BinaryIO, names: list[str], left: int) -> Iterator[IO[bytes]]:
    """Run the process that reads the file (see :mod:`.parquet_rows`); its output is the stream.

    Raises ``ValueError`` with what went wrong in it.
    """
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    arguments = (json.dumps(names), str(left))
    with tempfile.TemporaryFile() as output:
        done = False
        with subprocess.Popen(
            [*_PROGRAM, *arguments], stdin=file, stdout=subprocess.PIPE, stderr=output
        ) as child:
            assert child.stdout is not None
            try:
                yield child.stdout
                done = True
            finally:
                if not done:
                    child.kill()
        if child.returncode:
            output.seek(0)
            lines = output.read().decode("utf-8", "replace").split("\n")
            raise ValueError(
                next((line for line in reversed(lines) if line.strip()), "it broke off")
            )


@contextmanager
def _as_file(file: BinaryIO) -> Iterator[BinaryIO]:
    """Give the bytes as a file of the system, which another process can read."""
    if isinstance(file, io.BufferedReader) and isinstance(file.raw, io.FileIO):
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        file.seek(0)
        shutil.copyfileobj(file, copy)
        copy.flush()
        yield copy
