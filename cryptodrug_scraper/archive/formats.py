"""Which reader reads what: one table, and the way from a file to its reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .context import Context
from .files import read_file
from .kinds import UNREAD, Form, identify
from .names import what_it_is
from .packed import read_packed
from .page import Page, Trouble
from .source import DEEPEST, Source
from .tars import read_tar
from .warcs import read_warc
from .zips import read_zip

Reader = Callable[[Source, Context], Iterator[Page | Trouble]]

FORMATS: dict[str, Reader] = {
    "packed": read_packed,
    "page": read_file,
    "tar": read_tar,
    "warc": read_warc,
    "zip": read_zip,
}
"""The reader of each format that :func:`~.kinds.identify` tells. A reader yields what it finds in
a source and never raises for what the bytes are; what it passes over it says to the context."""

_NO_CONTAINERS = ("page", "packed")  # they hold one thing, so they may lie deeper


def read_source(
    source: Source, context: Context, form: Form | None = None
) -> Iterator[Page | Trouble]:
    """Yield the pages of anything that can be read, wherever it lies; name what cannot be."""
    try:
        if form is None:
            form = identify(source.file, source.size, source.name)
        source.form = form
        reader = FORMATS.get(form.format)
        if reader is not None:
            if source.depth > DEEPEST and form.format not in _NO_CONTAINERS:
                yield Trouble(
                    source.location,
                    f"an archive inside {source.depth} archives: it is not opened; unpack the "
                    "outermost first",
                    "nested",
                )
                return
            yield from reader(source, context)
        elif form.format in UNREAD:
            yield Trouble(source.location, UNREAD[form.format], "unsupported")
        elif source.named:
            yield Trouble(source.location, "the content is no page and no archive; skipped",
                          "not_html")  # fmt: skip
        else:
            context.pass_over(source.location, what_it_is(source.name))
    except OSError as error:
        yield Trouble(
            source.location, f"cannot be read ({error.strerror or error}); skipped", "unreadable"
        )
