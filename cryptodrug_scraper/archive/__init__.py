"""Saved pages out of files, folders and archives of any kind, and into a crawl's WARC files.

``read_pages`` yields a :class:`Page` for each capture and a :class:`ReadIssue` for whatever was
wrong; archives are hostile, and nothing in them makes it raise, write or follow a path.
``open_page`` reads one page again, by its location.

What was chosen where there was a choice:

- What a file is, its content says (:mod:`.kinds`), and one table has its reader (:mod:`.formats`).
- Archives inside archives are opened, two deep; deeper ones are reported.
- A year or a month alone is no capture time: no day is invented. A day is one, to the day.
- Of two members of the same name the first is read, the later reported.
- A sidecar with one wrong value is not used at all.
- Dates are looked for in a path as the user gave it and in names inside archives; the deepest
  wins, and a time of day further up refines it where it names the same day.
- In a tar, sidecars are collected by a first pass over its headers (see :mod:`.tars`).
- A WARC record is let go only when it is known to be whole. Only for a file that is one gzip
  member (`gzip crawl.warc`), and for tars, does the checksum come after the pages: a wrong one is
  then reported behind them.
- A revisit states its own time and headers, where it has them, over the bytes of the last copy
  met, within the same crawl run if a stamp tells runs apart (see :mod:`.stamp`). One whose page
  comes later, or stands in another file, is yielded at the end.
- Records that were split into segments are joined, as large as a page may be (:mod:`.segments`).
- Of a page as it came (``.orig``) and its copy the copy is read only where the other gave no page.
"""

from .capture import CrawlArchive, Written
from .columns import ANY, Columns, parse_columns
from .held import Held, RecordPlace
from .opening import NotOpened, open_page
from .page import CODES, DEFAULT_LIMITS, TIME_SOURCES, Limits, NothingThere, Page, ReadIssue
from .reader import ArchiveReader, read_pages, total_bytes
from .repair import Repaired, repair
from .stamp import CrawlEnd, CrawlStamp

__all__ = [
    "ANY",
    "CODES",
    "DEFAULT_LIMITS",
    "TIME_SOURCES",
    "ArchiveReader",
    "Columns",
    "CrawlArchive",
    "CrawlEnd",
    "CrawlStamp",
    "Held",
    "Limits",
    "NotOpened",
    "NothingThere",
    "Page",
    "ReadIssue",
    "RecordPlace",
    "Repaired",
    "Written",
    "open_page",
    "parse_columns",
    "read_pages",
    "repair",
    "total_bytes",
]
