"""Which reader reads what: one table, and the way from a file to its reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .arcs import read_arc
from .context import ReadContext
from .files import read_file
from .har import read_har
from .httpcache import is_cached, read_cached
from .httrack import read_httrack
from .kinds import UNREAD, Form, identify
from .mhtml import read_mhtml
from .packed import read_packed
from .page import Page, ReadIssue
from .sevenz import read_7z
from .source import DEEPEST, Source
from .table_parquet import read_parquet
from .table_sqlite import read_sqlite
from .table_text import read_csv, read_json, read_jsonl
from .tars import read_tar
from .unpack import Bad
from .warcs import read_warc
from .zips import read_zip

Reader = Callable[[Source, ReadContext], Iterator[Page | ReadIssue]]

FORMATS: dict[str, Reader] = {
    "7z": read_7z,
    "csv": read_csv,
    "har": read_har,
    "json": read_json,
    "httrack": read_httrack,
    "jsonl": read_jsonl,
    "mhtml": read_mhtml,
    "arc": read_arc,
    "packed": read_packed,
    "page": read_file,
    "parquet": read_parquet,
    "scrapy": read_cached,
    "sqlite": read_sqlite,
    "tar": read_tar,
    "warc": read_warc,
    "zip": read_zip,
}
"""The reader of each format that :func:`~.kinds.identify` tells. A reader yields what it finds in
a source and never raises for what the bytes are (where one does, the source is named as damaged);
what it passes over it says to the context."""

_ARCHIVES = ("7z", "tar", "warc", "arc", "zip")  # these may lie in one another so deep only


def read_source(
    source: Source, context: ReadContext, form: Form | None = None
) -> Iterator[Page | ReadIssue]:
    """Yield the pages of anything that can be read, wherever it lies; name what cannot be."""
    try:
        if form is None:
            form = identify(source.file, source.size, source.name)
        if is_cached(source):
            form = form._replace(format="scrapy")
        source.form = form
        reader = FORMATS.get(form.format)
        if reader is not None:
            if source.depth > DEEPEST and form.format in _ARCHIVES:
                yield ReadIssue(
                    source.location,
                    f"an archive inside {source.depth} archives: it is not opened; unpack the "
                    "outermost first",
                    "nested",
                )
                return
            yield from reader(source, context)
        elif form.format == "wal" and source.name.removesuffix("-wal") in (source.beside or ()):
            context.pass_over(source.location, "read with their database")
        elif form.format in UNREAD:
            yield ReadIssue(source.location, UNREAD[form.format], "unsupported")
        elif source.named:
            yield ReadIssue(source.location, "the content is no page and no archive; skipped",
                          "not_html")  # fmt: skip
        else:
            yield from context.no_page(source.location, source.name)
    except OSError as error:
        yield ReadIssue(
            source.location, f"cannot be read ({error.strerror or error}); skipped", "unreadable"
        )
    except Bad:  # the budget of the archive around it is spent
        raise
    except Exception as error:  # what libraries raise for damaged bytes nobody can list
        why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        yield ReadIssue(
            source.location,
            f"damaged: cannot be read on ({why}); the rest is skipped",
            "unreadable",
        )
