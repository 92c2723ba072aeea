"""What reading an archive yields: pages, and reports of what was skipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from .stamp import CrawlStamp

TIME_SOURCES = ("warc", "archive", "sidecar", "page", "path", "option")
"""What can state when a page was captured (see :class:`Page`)."""


@dataclass(slots=True, frozen=True)
class Page:
    """One capture of one page: its bytes as the market served them, and what is known of them.

    ``captured_at`` is aware and in UTC. ``captured_precision`` says how exact it is:
    ``second``, or ``day`` (it is then midnight UTC of that day). ``captured_from`` names the
    source: ``warc``; ``archive`` (another archive that states times: HAR, MHTML, a table, an HTTP
    cache); ``sidecar``; ``page`` (a comment of the tool that saved it); ``path``; or ``option``.
    ``location`` is where the bytes lie: an absolute path; ``outer!/member`` in an archive; and
    behind a ``#`` the place in a file that holds many: ``path/to.warc.gz#OFFSET``, ``x.har#ENTRY``,
    ``x.mhtml#PART``, ``x.csv#ROW``, ``x.jsonl#LINE``, ``x.parquet#ROW``, ``x.sqlite#TABLE/ROWID``.
    That of a revisit is its own record's, which refers to the bytes of another. Cookies and
    credentials have been taken out of ``url`` and ``headers``.

    ``crawl`` is the run of this program that captured it, None for any other archive.
    ``cut_short`` is whether the crawler stored the start of the page only: what is read from such
    a page is not to be trusted. ``invented`` is whether its source says that it was invented, or
    its address does (:mod:`.invented`).
    """

    body: bytes
    url: str | None
    captured_at: datetime | None
    captured_precision: str | None
    captured_from: str | None
    status: int | None
    headers: Mapping[str, str] | None
    content_type: str | None
    location: str
    crawl: CrawlStamp | None = None
    cut_short: bool = False
    invented: bool = False

    @property
    def size(self) -> int:
        """Length of the body in bytes."""
        return len(self.body)


@dataclass(slots=True, frozen=True)
class ReadIssue:
    """Something that was wrong. It is reported, what is named was skipped, and reading goes on.

    ``code`` is a stable word (see :data:`CODES`), ``reason`` is for people.
    """

    location: str
    reason: str
    code: str


CODES: Mapping[str, str] = {
    "bad_name": "a member's name holds control characters, is empty, too long or too deep",
    "bad_date": "what a file states of the time of its captures could not be used",
    "bad_sidecar": "a sidecar could not be used; the page is yielded without it",
    "bad_statement": "what is stated of a page's time or address is none; it is yielded without",
    "bad_stamp": "what a file says of the crawl that wrote it could not be used; pages go without",
    "bomb": "unpacks to far more than its size",
    "broken_record": "a record, header or member is damaged",
    "checksum": "a checksum does not match: the bytes are damaged",
    "cut_short": "the crawler stored only the start of the page; it is kept as an error, unread",
    "duplicate": "the archive has this name twice; the first was read",
    "empty": "nothing in it",
    "encrypted": "needs a password",
    "late_sidecar": "a sidecar so far behind its page that the page had gone without it",
    "link": "a link, which is not followed",
    "nested": "an archive inside an archive, which is not opened",
    "no_column": "a table without the column that is sought, or without any that holds pages",
    "no_original": "a revisit of a page that was not seen",
    "no_segment": "a record that was split, of which a part was not seen",
    "not_kept": "a page was asked for, and the tool kept nothing of it",
    "not_html": "the content is not HTML",
    "special": "neither a file nor a folder (device, pipe, sparse file)",
    "too_large": "larger than a page may be",
    "too_many": "more members than an archive may have",
    "traversal": "a name that points out of the archive",
    "truncated": "ends before its end",
    "unreadable": "cannot be opened or is not what its name says",
    "unsupported": "a compression or encoding that is not known here",
    "worker_died": "each process that read it ended",
}
"""Every code that a :class:`ReadIssue` can have."""


@dataclass(slots=True, frozen=True)
class Limits:
    """What hostile archives are held to. The defaults fit any market's pages."""

    page_bytes: int = 32 << 20
    """Largest page, unpacked."""

    member_ratio: int = 200
    """A member of more than ``ratio_free_bytes`` may not unpack to more than so many times its
    packed size."""

    ratio_free_bytes: int = 1 << 20

    archive_ratio: int = 300
    """An archive may not unpack to more than so many times its size on disk in total, where that
    is more than ``archive_free_bytes``."""

    archive_free_bytes: int = 1 << 30

    members: int = 5_000_000
    """Members of one archive (a zip: as many as its index states)."""

    zip_index_bytes: int = 128 << 20
    """Size of a zip's index, which is held in memory (about a million names)."""

    name_bytes: int = 4096
    depth: int = 64
    """Folders within folders, on disk or in a member's name."""

    sidecar_bytes: int = 64 << 10
    sidecars_held: int = 200_000
    """Sidecars of one tar that are held in memory."""

    names_held: int = 500_000
    """Names of one tar's members that are remembered in order to find repeated ones."""

    digests_held: int = 200_000
    """Payload digests of WARC records that are remembered for revisit records."""

    revisits_held: int = 100_000
    """Revisit records that wait for a page that comes later."""

    silent_seconds: float = 10.0
    """Processor time that a WARC may take to come to its next record."""

    @property
    def block_bytes(self) -> int:
        """Largest block of a record: a page and the headers of its response."""
        return self.page_bytes + (64 << 10)

    def unpacked(self, packed: int) -> int:
        """How many bytes ``packed`` bytes may unpack to, as one member."""
        return min(self.page_bytes, max(self.ratio_free_bytes, self.member_ratio * packed))

    def unpacked_in_all(self, packed: int) -> int:
        """How many bytes an archive of ``packed`` bytes may unpack to in total."""
        return max(self.archive_free_bytes, self.archive_ratio * packed)


DEFAULT_LIMITS = Limits()


class NothingThere(FileNotFoundError):
    """A path given to be read does not exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"No such file or folder: {path}")
        self.path = path
