"""The WARC files of a crawl run: written capture by capture, taken back, and mended.

A file begins with a warcinfo record that holds the run's stamp. A capture is a response record
and, behind it, the request record, each a gzip member of its own, written at once; so what is cut
off loses its request first. A body met before in the run becomes a revisit record. The run's last
file ends with a metadata record that says how the run ended (:mod:`.stamp`).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Self
from uuid import UUID

from cryptodrug_scraper.common.locks import try_lock

from .files import location_of
from .held import RecordPlace
from .http import split_response
from .invented import field_of, of_this_machine
from .page import DEFAULT_LIMITS, Page
from .repair import beginning_of, files_of
from .responses import KnownCapture, page_of
from .secret import public_body
from .stamp import END_URI, CrawlEnd, CrawlStamp, end_block, stamp_block
from .write import (
    REFERS_TO_FILE,
    REFERS_TO_OFFSET,
    REQUEST,
    RESPONSE,
    address,
    digest_of,
    id_text,
    in_utc,
    moment_text,
    new_id,
    packed,
    record,
    request_head,
    response_head,
)

PROFILE = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
_CUT = frozenset(("length", "time", "disconnect", "unspecified"))
_TRIVIAL = 1 << 10  # a revisit record is no smaller than that


@dataclass(slots=True, frozen=True)
class Written:
    """A capture in the archive: where its record lies, and the page that reading will make of it.

    ``page`` is equal to what :class:`~.reader.ArchiveReader` yields for the record; None if that
    passes it over or reports it (an empty redirect, an image, more bytes than a page may have).
    ``place`` is where the response stands, ``original`` where the record that a revisit refers to.
    """

    location: str
    page: Page | None
    place: RecordPlace
    original: RecordPlace | None = None


class _Original(NamedTuple):
    """A response that a revisit may refer to."""

    identity: UUID
    url: str
    at: datetime
    content_type: str | None
    place: RecordPlace


class CrawlArchive:
    """The WARC files of one crawl run, ``NAME-00000.warc.gz`` and so on in one folder.

    NAME is ``MARKET-YYYYMMDDTHHMMSSZ-RUN``, of the stamp. The folder is made with mode 0700, files
    with 0600, and a file is locked while it is written to. A run that goes on (with the stamp it
    began with) goes on with the next file; call :func:`~.repair.repair` before.

    Of ``digests_held``, as a reader holds them, half are sure to be found again by a reader:
    bodies are known again among so many. Not for several threads at once.

    Raises OSError where a file cannot be made, and ValueError if the folder has files of this
    name with another stamp.
    """

    def __init__(
        self,
        folder: Path,
        stamp: CrawlStamp,
        *,
        rotate_bytes: int = 1 << 30,
        digests_held: int = DEFAULT_LIMITS.digests_held,
    ) -> None:
        self.folder = folder.absolute()
        self.stamp = stamp
        self.name = f"{stamp.market}-{stamp.started_at:%Y%m%dT%H%M%SZ}-{stamp.run[:8]}"
        self._rotate_bytes = rotate_bytes
        self._held = max(1, digests_held // 2)
        self._bodies: dict[str, _Original | None] = {}  # in order of use
        self._last: tuple[Written, int, str] | None = None
        if not self.folder.is_dir():
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700, exist_ok=True)
        self._number = -1
        for number, path in files_of(self.folder).get(self.name, ()):
            begun = beginning_of(path)
            if begun is not None and begun[1] != stamp:
                raise ValueError(f"{path} bears another stamp: a run has one")
            self._number = number
        self._fd = -1
        self._begin()

    def write(
        self,
        *,
        url: str,
        captured_at: datetime,
        method: str,
        request_headers: Iterable[tuple[str, str]],
        request_body: bytes,
        status: int,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        cut_short: str | None = None,
    ) -> Written:
        """Write a response and its request.

        ``body`` is given with content and transfer encodings undone. ``cut_short`` says why it is
        only the start: ``length``, ``time``, ``disconnect`` or ``unspecified``. Cookies, what else
        signs a person in, and form fields whose name suggests a secret are not written.

        When it returns, the operating system has the bytes: the process may be killed, and nothing
        is lost. A power cut can lose what the system had not yet brought to the disk, some 30
        seconds as a rule; :meth:`sync` brings it there, as do the change to a new file and the end.

        Raises ValueError for a call that makes no record, and OSError (a full disk): the file is
        then as it was before.
        """
        self._check_open()
        at, url = in_utc(captured_at), address(url)
        if cut_short is not None and cut_short not in _CUT:
            raise ValueError(f"cut_short is one of {', '.join(sorted(_CUT))}")
        if self._size > self._begun and self._size >= self._rotate_bytes:
            self._rotate()
        identity = new_id()
        location = f"{self._where}#{self._size}"
        head = response_head(status, headers, len(body))
        block = head + body
        response = split_response(block)
        if response is None:
            raise ValueError("the headers are no headers of HTTP")
        content_type = response.headers.get("content-type")
        digest = digest_of(body)
        # A revisit with the status 304 says that the server sent no body; this one did.
        original = None if cut_short or status == 304 else self._bodies.get(digest)
        if original is not None and original.content_type != content_type:
            original = None

        known = KnownCapture(
            url,
            (at, "second", "warc"),
            content_type,
            location,
            self.stamp,
            cut_short is not None,
        )
        invented = self.stamp.invented or of_this_machine(url)
        made = page_of(response, known, DEFAULT_LIMITS)
        common = [
            ("WARC-Date", moment_text(at)),
            ("WARC-Target-URI", url),
            ("WARC-Warcinfo-ID", self._warcinfo),
            *field_of(invented),
        ]
        fields = [*common, ("WARC-Payload-Digest", digest)]
        if original is not None:
            block = head
            fields += [
                ("WARC-Profile", PROFILE),
                ("WARC-Refers-To", id_text(original.identity)),
                ("WARC-Refers-To-Target-URI", original.url),
                ("WARC-Refers-To-Date", moment_text(original.at)),
                (REFERS_TO_FILE, original.place.file),
                (REFERS_TO_OFFSET, str(original.place.begins)),
            ]
        elif cut_short is not None:
            fields.append(("WARC-Truncated", cut_short))
        fields += [("WARC-Block-Digest", digest_of(block)), ("Content-Type", RESPONSE)]
        kind = "response" if original is None else "revisit"
        data = packed(record(kind, identity, fields, block))

        pairs = list(request_headers)
        sent = public_body(request_body, pairs)
        block = request_head(method, url, pairs, len(sent)) + sent
        fields = [
            *common,
            ("WARC-Concurrent-To", id_text(identity)),
            ("WARC-Payload-Digest", digest_of(sent)),
            ("WARC-Block-Digest", digest_of(block)),
            ("Content-Type", REQUEST),
        ]
        start = self._size
        place = RecordPlace(self._file, start, start + len(data))
        written = Written(
            location,
            made if isinstance(made, Page) else None,
            place,
            None if original is None else original.place,
        )
        self._append(data + packed(record("request", new_id(), fields, block)))
        if original is not None:
            self._remember(digest, original)
        elif cut_short is not None:
            self._remember(f"{digest} cut short", None)
        elif written.page is None or len(body) < _TRIVIAL:
            self._remember(digest, None)
        else:
            self._remember(digest, _Original(identity, url, at, content_type, place))
        self._last = (written, start, "" if original is not None else digest)
        return written

    def take_back(self, written: Written) -> None:
        """Take out the capture that was written last, as if it had never been.

        Raises ValueError for any other, and OSError.
        """
        self._check_open()
        if self._last is None or self._last[0] is not written:
            raise ValueError("only the last capture written can be taken back")
        _, start, digest = self._last
        os.ftruncate(self._fd, start)
        self._size, self._torn, self._last = start, False, None
        self._bodies.pop(digest, None)

    def sync(self) -> None:
        """Bring all that was written to the disk: what a power cut cannot take."""
        self._check_open()
        os.fdatasync(self._fd)

    def syncing(self) -> Callable[[], None]:
        """Return what does that for all that was written so far, to be called in any thread.

        It has to be called. Raises OSError, then and now.
        """
        self._check_open()
        fd = os.dup(self._fd)  # so that the next file can be begun meanwhile

        def sync() -> None:
            try:
                os.fdatasync(fd)
            finally:
                os.close(fd)

        return sync

    def close(self, end: CrawlEnd | None = None) -> None:
        """Write how the run ended (None: not known), bring all to the disk and close the file.

        Closing again does nothing. Raises OSError; the file is closed also then.
        """
        if self._fd < 0:
            return
        if end is not None and end.run != self.stamp.run:
            raise ValueError("this is the end of another run")
        try:
            if end is not None:
                self._append(self._end(end))
            os.fsync(self._fd)
        finally:
            os.close(self._fd)
            self._fd = -1

    def _end(self, end: CrawlEnd) -> bytes:
        block = end_block(end)
        fields = [
            ("WARC-Date", moment_text(end.ended_at)),
            ("WARC-Target-URI", END_URI + end.run),
            ("WARC-Warcinfo-ID", self._warcinfo),
            ("WARC-Block-Digest", digest_of(block)),
            ("Content-Type", "application/json"),
        ]
        return packed(record("metadata", new_id(), fields, block))

    # -- files -----------------------------------------------------------------------------

    def _rotate(self) -> None:
        os.fsync(self._fd)
        before = self._fd
        self._begin()
        os.close(before)

    def _begin(self) -> None:
        """Begin the next file. If that fails, the one before stays as it is."""
        number = self._number + 1
        path = self.folder / f"{self.name}-{number:05}.warc.gz"
        identity = new_id()
        block = stamp_block(self.stamp, self.name)
        fields = [
            ("WARC-Date", moment_text(datetime.now(UTC))),
            ("WARC-Filename", path.name),
            ("WARC-Block-Digest", digest_of(block)),
            ("Content-Type", "application/warc-fields"),
        ]
        data = packed(record("warcinfo", identity, fields, block))
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(path, flags, 0o600)
        try:
            try_lock(fd)
            _write_all(fd, data)
            os.fsync(fd)
            _sync_folder(self.folder)
        except BaseException:
            os.close(fd)
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        self._fd, self._number = fd, number
        self._begun = self._size = len(data)
        self._torn, self._last = False, None
        self._warcinfo = id_text(identity)
        self._where, self._file = location_of(path), path.name

    def _append(self, data: bytes) -> None:
        if self._torn:  # and could not be cut back then
            os.ftruncate(self._fd, self._size)
        self._torn = True
        try:
            _write_all(self._fd, data)
        except BaseException:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._size)
                self._torn = False
            raise
        self._torn = False
        self._size += len(data)

    def _remember(self, digest: str, original: _Original | None) -> None:
        self._bodies.pop(digest, None)
        self._bodies[digest] = original
        if len(self._bodies) > self._held:
            del self._bodies[next(iter(self._bodies))]

    def _check_open(self) -> None:
        if self._fd < 0:
            raise ValueError("this archive is closed")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _write_all(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
