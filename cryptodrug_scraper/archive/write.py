"""Writing WARC files: one response record after another, each compressed by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from .http import SECRETS
from .sidecar import without_credentials

_ENCODED = frozenset(("content-encoding", "transfer-encoding", "content-length"))
_REASONS = {200: "OK", 301: "Moved Permanently", 302: "Found", 404: "Not Found", 502: "Bad Gateway"}


class WarcWriter:
    """Writes response records to a ``.warc.gz`` (or ``.warc``), from the start or at its end.

    Bodies are given decoded, so headers of encodings are left out; cookies and credentials never
    reach the file.
    """

    def __init__(self, path: Path, *, append: bool = False) -> None:
        self.path = path
        self._file: BinaryIO = path.open("ab" if append else "wb")
        self._writer = WARCWriter(
            self._file, gzip=path.name.endswith(".gz"), warc_version="WARC/1.1"
        )

    def write_response(
        self,
        url: str,
        captured_at: datetime,
        status: int,
        headers: Mapping[str, str] | Iterable[tuple[str, str]],
        body: bytes,
    ) -> int:
        """Write one response; return the offset of its record in the file."""
        if captured_at.tzinfo is None:
            raise ValueError("captured_at needs a time zone")
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        kept = [
            (key, value)
            for key, value in pairs
            if key.lower() not in SECRETS and key.lower() not in _ENCODED
        ]
        kept.append(("Content-Length", str(len(body))))
        record = self._writer.create_warc_record(
            without_credentials(url),
            "response",
            payload=BytesIO(body),
            length=len(body),
            http_headers=StatusAndHeaders(
                f"{status} {_REASONS.get(status, 'Status')}", kept, protocol="HTTP/1.1"
            ),
            warc_headers_dict={
                "WARC-Date": captured_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
            },
        )
        offset = self._file.tell()
        self._writer.write_record(record)
        return offset

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
