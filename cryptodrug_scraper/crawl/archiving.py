"""Every answer is in the archive before anything else is done with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from cryptodrug_scraper.client.headers import as_text
from cryptodrug_scraper.crawl.crawl_run import CrawlRun


class ArchiveMiddleware:
    """The middleware nearest the wire: writes a response, with its request, as it came.

    Where it stands is `meta["capture"]` (:class:`~cryptodrug_scraper.archive.Written`). What did
    not come over the wire (another middleware answered) has none, and ends no request.
    """

    def __init__(self, run: CrawlRun) -> None:
        self._run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it."""
        return cls(CrawlRun.of(crawler))

    def process_response(self, request: Request, response: Response) -> Response:
        """Write it. Raises OSError if the archive takes no more: the run ends then."""
        run, meta = self._run, request.meta
        headers = meta.pop("received_headers", None)
        meta.pop("capture", None)
        archive = run.archive_of(request) if headers is not None else None
        if archive is None:
            return response
        cut_short = next((f for f in response.flags if f in ("disconnect", "unspecified")), None)
        try:
            meta["capture"] = archive.write(
                url=request.url,
                captured_at=datetime.now(UTC),
                method=request.method,
                request_headers=as_text(request.headers),
                request_body=request.body,
                status=response.status,
                headers=headers,
                body=response.body,
                cut_short=cut_short,
            )
        except OSError as error:
            run.cannot_write(error)
            raise
        run.count("responses", f"status/{response.status}")
        run.note_latency(meta.get("download_latency", 0.0))
        return response
