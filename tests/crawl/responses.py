"""What lies in a crawl's archive, read by another program's library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from fastwarc.warc import ArchiveIterator, WarcRecordType


def responses(files: Iterable[Path]) -> Counter[str]:
    """Whole responses by address and moment; what is cut off at a file's end is none."""
    found: Counter[str] = Counter()
    for file in files:
        with file.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
                body = record.reader.read()
                if len(body):
                    found[f"{record.headers['WARC-Date']} {record.headers['WARC-Target-URI']}"] += 1
    return found
