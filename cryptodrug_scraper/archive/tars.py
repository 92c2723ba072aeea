"""Tar archives, plain or compressed, read forwards without unpacking anything to disk.

Sidecars stand anywhere in a tar, so they are collected first, by a pass over the headers that reads
only small JSON members and Scrapy's ``meta``. It is given up where the first ``SCOUTED`` bytes and
members hold none; one that turns up later, behind its page, is reported (``late_sidecar``).
"""

import tarfile
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

from .context import ReadContext
from .files import is_page_as_it_came
from .httpcache import BESIDE
from .kinds import HEAD, LOOKED_INTO, Form, identify_bytes, packing_of
from .names import (
    HIDDEN,
    ORIGINAL,
    REWRITTEN,
    FileKind,
    hidden,
    is_rewritten,
    kind_of,
    member_parts,
    shown,
    what_it_is,
)
from .page import Limits, Page, ReadIssue
from .sidecar import is_sidecar_name
from .source import Budget, Source, spooled
from .tar_headers import LINKS, REGULAR, Damage, TarMember, Walker
from .unpack import Bad, Stream
from .when import in_parts

SCOUTED = 64 << 20
SCOUTED_MEMBERS = 20_000


def read_tar(source: Source, context: ReadContext) -> Iterator[Page | ReadIssue]:
    """Yield the pages of a tar archive, in its order."""
    originals: set[str] = set()
    sidecars, scouted = _scout(source, context.limits, originals)
    source.file.seek(0)
    stream = Stream(source.file, source.form.packing, source.size, source.budget.take)
    yield from _TarReader(source, context, stream, sidecars, scouted, originals)


def open_member(source: Source, start: int, size: int) -> BinaryIO:
    """Open a member of a tar anew, by where its bytes begin in the unpacked archive.

    Raises OSError, and Bad where the archive cannot be unpacked so far.
    """
    file = source.reopen()
    with file:
        budget = Budget(source.budget.bound)
        stream = Stream(file, source.form.packing, source.size, budget.take)
        stream.skip(start)
        left = size

        def read(most: int) -> bytes:
            nonlocal left
            data = stream.read(min(most, left))
            left -= len(data)
            return data

        member, found = spooled(read, budget)
    if found < size:
        member.close()
        raise Bad(*(stream.problem or ("truncated", "the archive ends within this member")))
    return member


def _scout(
    source: Source, limits: Limits, originals: set[str]
) -> tuple[dict[str, bytes | None], bool]:
    """Collect what stands beside pages, and the names of ``originals``; return whether of all."""
    found: dict[str, bytes | None] = {}
    budget = Budget(source.budget.left)
    stream = Stream(source.file, source.form.packing, source.size, budget.take)
    walker = Walker(stream, limits)
    any_json = False
    for count, member in enumerate(walker):
        if not any_json and (
            count >= SCOUTED_MEMBERS or (not stream.plain and stream.position > SCOUTED)
        ):
            return found, False
        if isinstance(member, Damage) or member.type not in REGULAR or not member.fits:
            continue
        if member.name.endswith(ORIGINAL) and len(originals) < limits.sidecars_held:
            data = walker.read(min(member.size, limits.page_bytes + 1))
            if len(data) == member.size and is_page_as_it_came(data, limits):
                originals.add("/".join(member_parts(member.name, limits)[0]))
            continue
        base = member.name.rpartition("/")[2]
        if base not in BESIDE and not (base[-5:].lower() == ".json" and is_sidecar_name(base)):
            continue
        any_json = True
        if len(found) >= limits.sidecars_held or count >= limits.members:
            return found, False
        parts, code, _ = member_parts(member.name, limits)
        if code:
            continue
        key = "/".join(parts)
        if member.size > limits.sidecar_bytes:
            found.setdefault(key, None)
        else:
            data = walker.read(member.size)
            if len(data) == member.size:
                found.setdefault(key, data)
    return found, True


class _TarReader:
    """Makes pages of the members of one tar."""

    def __init__(
        self,
        source: Source,
        context: ReadContext,
        stream: Stream,
        sidecars: dict[str, bytes | None],
        scouted: bool,
        originals: set[str],
    ) -> None:
        self.originals = originals
        self.source = source
        self.where = source.location
        self.context = context
        self.stream = stream
        self.walker = Walker(stream, context.limits)
        self.sidecars = sidecars
        self.scouted = scouted
        self.seen: set[int] = set()
        self.awaited: set[int] = set()
        self.jsons: dict[str, str] = {}  # their locations, as long as no page used them
        self.used: set[str] = set()

    def __iter__(self) -> Iterator[Page | ReadIssue]:
        context = self.context
        for count, member in enumerate(self.walker):
            context.at(self.source, self.stream.consumed)
            if count >= context.limits.members:
                yield ReadIssue(
                    self.where,
                    f"more than {context.limits.members:,} members: the rest was not read",
                    "too_many",
                )
                break
            if isinstance(member, Damage):
                at = f"#{member.at}" if member.at else ""
                yield ReadIssue(f"{self.where}{at}", member.reason, member.code)
            else:
                yield from self._member(member)
        for name, location in self.jsons.items():
            if name not in self.used:
                context.pass_over(location, what_it_is(name))

    def _member(self, member: TarMember) -> Iterator[Page | ReadIssue]:
        context, limits = self.context, self.context.limits
        location = f"{self.where}!/{shown(member.name)}"
        if context.skips(location) and not is_sidecar_name(member.name):
            return
        parts, code, reason = member_parts(member.name, limits)
        if not member.fits:
            code, reason = "bad_name", "the name is longer than a name may be"
        if member.type == tarfile.DIRTYPE and code == "bad_name" and not parts:
            return  # the folder that was packed, `./`
        if code:
            yield ReadIssue(location, f"{reason}; skipped", code)
            return
        if member.type == tarfile.DIRTYPE or member.name.endswith("/"):
            return
        if member.type in LINKS:
            yield ReadIssue(location, "a link: not followed", "link")
            return
        if member.type not in REGULAR:
            yield ReadIssue(location, "not an ordinary file (device, pipe): skipped", "special")
            return
        if any(hidden(part) for part in parts):
            context.pass_over(location, HIDDEN)
            return
        name = "/".join(parts)
        if self.originals and is_rewritten(name, self.originals):
            context.pass_over(location, REWRITTEN)
            return
        start = self.walker.read(HEAD)
        if packing_of(start):
            start += self.walker.read(LOOKED_INTO)
        form = identify_bytes(start, parts[-1])
        if form.format == "other":
            if kind_of(parts[-1])[0] is FileKind.JSON:
                yield from self._json(member, start, name, location)
            else:
                yield from context.no_page(location, parts[-1])
            return
        if hash(name) in self.seen:
            yield ReadIssue(
                location, "the archive holds this name twice; the later was skipped", "duplicate"
            )
            return
        if len(self.seen) < limits.names_held:
            self.seen.add(hash(name))
        yield from self._file(member, form, start, parts, location)

    def _file(
        self, member: TarMember, form: Form, start: bytes, parts: list[str], location: str
    ) -> Iterator[Page | ReadIssue]:
        """Yield what is in one member: a page, or an archive."""
        source, limits = self.source, self.context.limits
        problem: tuple[str, str] | None = None
        file: BinaryIO
        if form.format == "page":
            if member.size > limits.page_bytes:
                reason = (
                    f"{member.size:,} bytes, more than the {limits.page_bytes:,} a page may have"
                )
                yield ReadIssue(location, f"{reason}; skipped", "too_large")
                return
            data = start + self.walker.read(member.size)
            file, size = BytesIO(data), len(data)
        else:
            pieces = [start]

            def read(most: int) -> bytes:
                return pieces.pop() if pieces else self.walker.read(most)

            try:
                file, size = spooled(read, source.budget)
            except Bad as bad:
                yield ReadIssue(location, bad.reason, bad.code)
                return
        if size < member.size:
            problem = self.stream.problem or ("truncated", "the archive ends within this member")
            if form.format == "page":
                yield ReadIssue(location, f"{problem[1]}; skipped", problem[0])
                return

        def reopen() -> BinaryIO:
            return open_member(source, member.data_at, member.size)

        def sibling(name: str, limit: int) -> tuple[bytes, str] | ReadIssue | None:
            return self._sibling(parts, name, limit)

        with file:
            inner = Source(
                file,
                parts[-1],
                location,
                size,
                in_parts(parts) or source.in_path,
                source.budget,
                reopen,
                source.depth + 1,
                sibling=sibling,
            )
            yield from self.context.read(inner, form)
        if problem is not None:
            yield ReadIssue(location, f"{problem[1]}; what was before that was read", problem[0])

    def _json(
        self, member: TarMember, start: bytes, name: str, location: str
    ) -> Iterator[Page | ReadIssue]:
        limits = self.context.limits
        if len(self.jsons) < limits.names_held:
            self.jsons[name] = location
        if hash(name) in self.awaited and name not in self.sidecars:
            yield ReadIssue(
                location,
                "this sidecar stands too far behind its page, which was read without it",
                "late_sidecar",
            )
        elif (
            not self.scouted
            and is_sidecar_name(name)
            and name not in self.sidecars
            and len(self.sidecars) < limits.sidecars_held
        ):  # for a page still to come
            data = start + self.walker.read(limits.sidecar_bytes + 1)
            self.sidecars[name] = data if member.size <= limits.sidecar_bytes else None

    def _sibling(
        self, parts: list[str], beside: str, limit: int
    ) -> tuple[bytes, str] | ReadIssue | None:
        name = "/".join([*parts[:-1], beside])
        if name not in self.sidecars:
            if not self.scouted and len(self.awaited) < self.context.limits.names_held:
                self.awaited.add(hash(name))
            return None
        data = self.sidecars[name]
        location = f"{self.where}!/{shown(name)}"
        self.used.add(name)
        if data is None or len(data) > limit:
            return ReadIssue(location, f"it is larger than {limit:,} bytes", "too_large")
        return data, location
