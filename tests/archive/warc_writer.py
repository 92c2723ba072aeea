"""A writer of WARC files of pages that are at hand."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Self

from cryptodrug_scraper.archive.invented import field_of, of_this_machine
from cryptodrug_scraper.archive.write import (
    RESPONSE,
    address,
    digest_of,
    in_utc,
    moment_text,
    new_id,
    packed,
    record,
    response_head,
)


class WarcWriter:
    """Writes response records to a ``.warc.gz`` (or ``.warc``), from the start or at its end.

    For pages that are at hand; :class:`~.capture.CrawlArchive` is what a crawl writes to. Bodies
    are given decoded, so headers of encodings are left out; cookies and credentials never
    reach the file.
    """

    def __init__(self, path: Path, *, append: bool = False) -> None:
        self.path = path
        self._gzip = path.name.endswith(".gz")
        self._file = path.open("ab" if append else "wb")
        self._file.seek(0, os.SEEK_END)

    def write_response(
        self,
        url: str,
        captured_at: datetime,
        status: int,
        headers: Mapping[str, str] | Iterable[tuple[str, str]],
        body: bytes,
    ) -> int:
        """Write one response; return the offset of its record in the file."""
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        block = response_head(status, pairs, len(body)) + body
        fields = [
            ("WARC-Date", moment_text(in_utc(captured_at))),
            ("WARC-Target-URI", address(url)),
            ("WARC-Block-Digest", digest_of(block)),
            ("WARC-Payload-Digest", digest_of(body)),
            *field_of(of_this_machine(url)),
            ("Content-Type", RESPONSE),
        ]
        data = record("response", new_id(), fields, block)
        offset = self._file.tell()
        self._file.write(packed(data) if self._gzip else data)
        return offset

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
