"""7z archives, through py7zr, member by member, without unpacking anything to disk by its name.

7z packs many files into one block, which is unpacked from its start; so all is unpacked in one go,
in a thread, and each member is handed over as it is done. What stands beside pages (sidecars) is
taken out first. A damaged block costs its own members from the damage on, no others.
"""

from __future__ import annotations

import queue
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import PurePosixPath
from typing import IO, BinaryIO, NamedTuple, cast

import py7zr
from py7zr.exceptions import CrcError, PasswordRequired, UnsupportedCompressionMethodError
from py7zr.io import Py7zIO, WriterFactory

from .context import ReadContext
from .httpcache import BESIDE
from .kinds import HEAD, LOOKED_INTO, identify_bytes
from .names import (
    HIDDEN,
    ORIGINAL,
    REWRITTEN,
    FileKind,
    hidden,
    kind_of,
    member_parts,
    original_of,
    shown,
)
from .page import Limits, Page, ReadIssue
from .sidecar import is_sidecar_name
from .source import IN_MEMORY, Source
from .unpack import Bad
from .when import in_parts

_FAILURES = 50
_WAIT = 0.2  # seconds between looks at whether the reader was closed


class SevenZipMember(NamedTuple):
    """A member by the archive's index; ``block`` is what it is packed in."""

    name: str
    parts: list[str]
    size: int
    block: int


class _Stopped(Exception):
    """Whoever reads the archive stopped."""


def read_7z(source: Source, context: ReadContext) -> Iterator[Page | ReadIssue]:
    """Yield the pages of a 7z archive."""
    try:
        members, copies, problems = _index(source, context)
    except Bad as bad:
        yield ReadIssue(source.location, f"{bad.reason}; skipped", bad.code)
        return
    yield from problems
    reader = _SevenZipReader(source, context, members, copies)
    try:
        yield from reader.read()
    except Bad as bad:
        yield ReadIssue(source.location, bad.reason, bad.code)


def _index(
    source: Source, context: ReadContext
) -> tuple[list[SevenZipMember], list[tuple[str, SevenZipMember]], list[ReadIssue]]:
    """Return the members that can be read, and what is wrong with others.

    Apart stand copies of pages that are there as they came, with the names of those.
    """
    originals: set[str] = set()
    copies: list[tuple[str, SevenZipMember]] = []
    limits = context.limits
    members: list[SevenZipMember] = []
    problems: list[ReadIssue] = []
    seen: set[str] = set()
    blocks: dict[int, int] = {}
    source.file.seek(0)
    try:
        with py7zr.SevenZipFile(source.file) as archive:
            if len(archive.files) > limits.members:
                raise Bad("too_many", f"{len(archive.files):,} members, more than are allowed")
            originals.update(
                info.filename for info in archive.files if info.filename.endswith(ORIGINAL)
            )
            for info in archive.files:
                location = f"{source.location}!/{shown(info.filename)}"
                if info.is_directory:
                    continue
                parts, code, reason = member_parts(info.filename, limits)
                if code:
                    problems.append(ReadIssue(location, f"{reason}; skipped", code))
                elif info.is_symlink or info.is_junction:
                    problems.append(ReadIssue(location, "a link: not followed", "link"))
                elif info.posix_mode is not None and not _is_file(info.posix_mode):
                    reason = "not a file (device, pipe): skipped"
                    problems.append(ReadIssue(location, reason, "special"))
                elif any(hidden(part) for part in parts):
                    context.pass_over(location, HIDDEN)
                elif (key := "/".join(parts)) in seen:
                    reason = "the archive holds this name twice; the later was skipped"
                    problems.append(ReadIssue(location, reason, "duplicate"))
                else:
                    seen.add(key)
                    block = blocks.setdefault(id(info.folder), len(blocks))
                    size = int(info.uncompressed)
                    member = SevenZipMember(info.filename, parts, size, block)
                    if original := original_of(info.filename, originals):
                        copies.append((original, member))
                    else:
                        members.append(member)
    except Bad:
        raise
    except Exception as error:  # damaged headers make py7zr raise whatever comes
        raise _bad(error) from error
    return members, copies, problems


def _is_file(mode: int) -> bool:
    return stat.S_IFMT(mode) in (0, stat.S_IFREG)


def _bad(error: Exception) -> Bad:
    """Say what went wrong in py7zr."""
    if isinstance(error, Bad):
        return error
    if isinstance(error, PasswordRequired):
        return Bad("encrypted", "needs a password")
    if isinstance(error, UnsupportedCompressionMethodError):
        return Bad("unsupported", "its compression method is not known here: unpack it first "
                   "(`7z x FILE`)")  # fmt: skip
    if isinstance(error, CrcError):
        return Bad("checksum", "the checksum is wrong, so it is damaged")
    if isinstance(error, MemoryError):
        return Bad("bomb", "unpacking it takes too much memory")
    return Bad("broken_record", f"damaged 7z data ({str(error)[:120] or type(error).__name__})")


class _Sink(Py7zIO):
    """Where one member is unpacked to."""

    def __init__(self, done: Callable[[_Sink], None], take: Callable[[int], None]) -> None:
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        self.length = 0
        self._done = done
        self._take = take

    def write(self, s: bytes | bytearray) -> int:
        """Take what was unpacked."""
        self._take(len(s))
        self.length += len(s)
        return self.file.write(s)

    def read(self, size: int | None = None) -> bytes:
        """Read back."""
        return self.file.read(-1 if size is None else size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move."""
        return self.file.seek(offset, whence)

    def flush(self) -> None:
        """Do nothing: nobody else looks at it."""

    def size(self) -> int:
        """Return how much there is."""
        return self.length

    def close(self) -> None:
        """Hand it over: all of the member is there, and its checksum was right."""
        self._done(self)


class _Factory(WriterFactory):
    """Gives py7zr a place for each member, and hands them over."""

    def __init__(self, names: set[str], hand_over: Callable[[str, BinaryIO, int], None],
                 bound: int) -> None:  # fmt: skip
        self._left = {PurePosixPath(name).as_posix(): name for name in names}
        self._hand_over = hand_over
        self._bound = bound

    def create(self, filename: str) -> Py7zIO:
        """Return the place for a member."""
        name = self._left.pop(filename, None)

        def done(sink: _Sink) -> None:
            if name is None:  # a name that stands there twice
                sink.file.close()
            else:
                self._hand_over(name, cast(BinaryIO, sink.file), sink.length)

        return _Sink(done, self._take)

    def _take(self, size: int) -> None:
        self._bound -= size
        if self._bound < 0:
            raise Bad("bomb", "it unpacks to far more than its size: the rest was not read")


def _unpack(source: Source, factory: _Factory, names: set[str]) -> None:
    with source.reopen() as file, py7zr.SevenZipFile(file) as archive:
        archive.extract(targets=names, factory=factory)


class _Unpacking:
    """Unpacks members in a thread; iterating yields them one by one (name, file, size).

    ``error`` is why it ended before its end.
    """

    def __init__(self, source: Source, names: set[str]) -> None:
        self._source = source
        self._names = names
        self._queue: queue.Queue[tuple[str, BinaryIO, int] | None] = queue.Queue(1)
        self._stop = threading.Event()
        self._bound = source.budget.left
        self.error: Bad | None = None
        self._thread = threading.Thread(target=self._run, name="7z", daemon=True)

    def __iter__(self) -> Iterator[tuple[str, BinaryIO, int]]:
        self._thread.start()
        try:
            while (item := self._queue.get()) is not None:
                yield item
        finally:
            self._stop.set()
            while self._thread.is_alive():
                self._drop()
                self._thread.join(_WAIT)
            self._drop()

    def _drop(self) -> None:
        while True:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return
            if item is not None:
                item[1].close()

    def _run(self) -> None:
        try:
            _unpack(self._source, _Factory(self._names, self._put, self._bound), self._names)
        except _Stopped:
            return
        except Exception as error:  # as in _index
            self.error = _bad(error)
        self._offer(None)

    def _put(self, name: str, file: BinaryIO, size: int) -> None:
        file.seek(0)
        if not self._offer((name, file, size)):
            file.close()
            raise _Stopped

    def _offer(self, item: tuple[str, BinaryIO, int] | None) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=_WAIT)
            except queue.Full:
                continue
            return True
        return False


class _SevenZipReader:
    """Makes pages of the members of one 7z archive."""

    def __init__(
        self,
        source: Source,
        context: ReadContext,
        members: list[SevenZipMember],
        copies: list[tuple[str, SevenZipMember]],
    ) -> None:
        self.source = source
        self.context = context
        self.members = members
        self.copies = copies
        self.as_they_came: set[str] = set()  # originals of copies that are pages
        self.beside: dict[str, bytes] = {}  # small files that pages may want, by name
        self.wanted: set[str] = set()

    def read(self) -> Iterator[Page | ReadIssue]:
        """Yield what is in the members."""
        limits = self.context.limits
        small = [m for m in self.members if _may_be_beside(m, limits)]
        first = {m.name: "/".join(m.parts) for m in small[: limits.sidecars_held]}
        if first:
            for name, file, _ in _Unpacking(self.source, set(first)):
                with file:
                    self.beside[first[name]] = file.read()
        last = [m for m in self.members if "/".join(m.parts) in self.beside]
        todo = [m for m in self.members if "/".join(m.parts) not in self.beside]
        yield from self._unpacked(todo)
        for member in last:
            key = "/".join(member.parts)
            if key in self.wanted or member.parts[-1] in BESIDE:
                continue
            data = self.beside[key]
            yield from self._member(member, BytesIO(data), len(data))
        again: list[SevenZipMember] = []
        for original, member in self.copies:
            if original in self.as_they_came:
                self.context.pass_over(self._location(member), REWRITTEN)
            else:
                again.append(member)
        yield from self._unpacked(again)

    def _unpacked(self, todo: list[SevenZipMember]) -> Iterator[Page | ReadIssue]:
        failures = 0
        while todo:
            left = {member.name: member for member in todo}
            unpacking = _Unpacking(self.source, set(left))
            for name, file, size in unpacking:
                with file:
                    member = left.pop(name)
                    self.source.budget.take(size)
                    yield from self._member(member, file, size)
            error = unpacking.error
            if error is None and not left:
                return
            error = error or Bad("broken_record", "the archive does not hold it")
            failures += 1
            if error.code == "bomb" or failures > _FAILURES:
                raise Bad(error.code, f"{error.reason}; {len(left):,} members were not read")
            todo = [member for member in todo if member.name in left]
            block = todo[0].block
            for number, member in enumerate(m for m in todo if m.block == block):
                reason = error.reason if not number else "it stands behind a damaged member"
                yield ReadIssue(self._location(member), f"{reason}; skipped", error.code)
            todo = [member for member in todo if member.block != block]

    def _member(
        self, member: SevenZipMember, file: BinaryIO, size: int
    ) -> Iterator[Page | ReadIssue]:
        context, limits, name = self.context, self.context.limits, member.parts[-1]
        location = self._location(member)
        form = identify_bytes(file.read(max(HEAD, LOOKED_INTO)), name)
        file.seek(0)
        if form.format == "other":
            yield from context.no_page(location, name)
            return
        if form.format == "page" and size > limits.page_bytes:
            reason = f"{size:,} bytes, more than the {limits.page_bytes:,} a page may have"
            yield ReadIssue(location, f"{reason}; skipped", "too_large")
            return

        def reopen() -> BinaryIO:
            return open_member(self.source, member.name)

        def sibling(beside: str, limit: int) -> tuple[bytes, str] | ReadIssue | None:
            key = "/".join([*member.parts[:-1], beside])
            data = self.beside.get(key)
            if data is None:
                return None
            self.wanted.add(key)
            where = f"{self.source.location}!/{shown(key)}"
            if len(data) > limit:
                return ReadIssue(where, f"it is larger than {limit:,} bytes", "too_large")
            return data, where

        inner = Source(
            file,
            name,
            location,
            size,
            in_parts(member.parts) or self.source.in_path,
            self.source.budget,
            reopen,
            self.source.depth + 1,
            sibling=sibling,
        )
        for item in context.read(inner, form):
            if isinstance(item, Page) and name.endswith(ORIGINAL):
                self.as_they_came.add(member.name)
            yield item

    def _location(self, member: SevenZipMember) -> str:
        return f"{self.source.location}!/{shown(member.name)}"


def open_member(source: Source, name: str) -> BinaryIO:
    """Open a member of a 7z archive anew. Raises OSError, and Bad where it cannot be unpacked."""
    found: list[BinaryIO] = []
    factory = _Factory({name}, lambda _, file, size: found.append(file), source.budget.bound)
    try:
        _unpack(source, factory, {name})
    except OSError:
        raise
    except Exception as error:  # as in _index
        raise _bad(error) from error
    if not found:
        raise Bad("broken_record", "the archive does not hold it")
    found[0].seek(0)
    return found[0]


def _may_be_beside(member: SevenZipMember, limits: Limits) -> bool:
    name = member.parts[-1]
    if member.size > limits.sidecar_bytes:
        return False
    return name in BESIDE or (kind_of(name)[0] is FileKind.JSON and is_sidecar_name(name))
