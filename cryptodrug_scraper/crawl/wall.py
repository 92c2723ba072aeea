"""What kind of page came: the page that was asked for, a wall, nothing there, or trouble."""

from __future__ import annotations

from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.http import Response

from cryptodrug_scraper.archive import Page, Written
from cryptodrug_scraper.client.answer import NoAnswer
from cryptodrug_scraper.crawl.crawl_run import CrawlRun
from cryptodrug_scraper.crawl.frontier import Lease
from cryptodrug_scraper.crawl.items import CapturedPage
from cryptodrug_scraper.crawl.judge import Judgement, NoPage, Verdict, judge
from cryptodrug_scraper.crawl.redirects import AGAIN, is_redirect
from cryptodrug_scraper.records import ParsedPage
from parsers import parse_page

_PROBES = 3


class WallMiddleware:
    """Reads what came, and lets nothing pass to the spider but the page that was asked for.

    What passes has the page as `meta["page"]`, and is on the disk. All else is a
    :class:`~.judge.NoPage`, by which the scheduler's errback puts the request back or ends it;
    what it says of the session is noted here. A wall's page is loaded as any other, as what it is.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._run = CrawlRun.of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it."""
        return cls(crawler)

    async def process_response(self, request: Request, response: Response) -> Response | Request:
        """Let a page pass, or ask again what a redirect led to. Raises NoPage."""
        lease = request.meta.get("lease")
        if not isinstance(lease, Lease) or is_redirect(response):
            return response
        run, probe = self._run, bool(request.meta.get("probe"))
        written = request.meta.get("capture")
        if not isinstance(written, Written):
            raise NoPage(Judgement(Verdict.TROUBLE, "not_archived", "it came from no market"))
        page = written.page
        parsed = read_page(run.market, page) if page is not None else None
        cut_short = page.cut_short if page is not None else "unspecified" in response.flags
        if request.meta.get("redirect_times"):
            again = self._again(request, response, cut_short or bool(parsed and parsed.cut_off))
            if again is not None:
                run.load(written, parsed)
                return again
        expected = ("index", None) if probe else (lease.request.kind, lease.request.external_id)
        judgement = judge(*expected, parsed, response.status, cut_short)
        if probe:
            run.load(written, parsed)
            request.meta["judgement"] = judgement
            return response
        if judgement.verdict is Verdict.MISSING:
            judgement = await self._is_signed_in(lease) or judgement
        self._note(lease, judgement)
        if judgement.verdict is not Verdict.PAGE or parsed is None:
            run.load(written, parsed)
            raise NoPage(judgement, written)
        if run.scope.refuses(parsed):
            run.take_back(written, parsed)
            raise NoPage(Judgement(Verdict.OUT_OF_SCOPE, "out of scope"))
        run.give_back(lease)
        await run.disk.reached()  # what the spider makes of it must not outlive it
        request.meta["page"] = CapturedPage.of(parsed, page)
        return response

    def _again(self, request: Request, response: Response, cut: bool) -> Request | None:
        """Return the request once more, if what a redirect led to came damaged."""
        assert self._crawler.spider is not None
        if response.status < 500 and not cut:
            return None
        self._run.count("asked_again")
        return get_retry_request(
            request,
            spider=self._crawler.spider,
            reason="cut_short" if cut else f"status_{response.status}",
            max_retry_times=AGAIN,
        )

    def _note(self, lease: Lease, judgement: Judgement) -> None:
        """Note what an answer says of the session."""
        pool, session = self._run.pool, lease.session
        assert session is not None
        if judgement.verdict in (Verdict.PAGE, Verdict.MISSING):
            pool.good(session)
        elif judgement.verdict is Verdict.SIGNED_OUT:
            pool.ended(session, judgement.words or judgement.reason)
        elif judgement.verdict is Verdict.CHALLENGE:
            pool.challenged(session, judgement.words or judgement.reason)

    async def _is_signed_in(self, lease: Lease) -> Judgement | None:
        """Ask for the home page where something was missing: some markets say 404 for all.

        Returns what it says instead; None if the session is good, so that the page is missing.
        """
        self._run.count("probes")
        judgement = Judgement(Verdict.TROUBLE, "no_probe")
        for _ in range(_PROBES):
            judgement = await self._probe(lease)
            if judgement.verdict is Verdict.PAGE:
                return None
            if judgement.verdict in (Verdict.SIGNED_OUT, Verdict.CHALLENGE):
                return judgement
        if judgement.verdict is Verdict.MISSING:
            return Judgement(Verdict.SIGNED_OUT, "home_missing", "even the home page is missing")
        return Judgement(Verdict.TROUBLE, "probe_failed", judgement.words)

    async def _probe(self, lease: Lease) -> Judgement:
        assert lease.session is not None
        request = Request(
            lease.mirror + self._run.home,
            dont_filter=True,
            meta={
                "lease": lease,
                "probe": True,
                "download_slot": lease.session.name,
                "dont_retry": True,
            },
        )
        try:
            response = await self._crawler.engine.download_async(request)
        except NoPage as error:
            return error.judgement
        except Exception as error:
            cause = error.__cause__
            if isinstance(cause, NoAnswer):
                return Judgement(Verdict.TROUBLE, cause.reason, str(cause))
            raise
        judgement = response.meta.get("judgement")
        assert isinstance(judgement, Judgement)
        return judgement


def read_page(market: str | None, page: Page) -> ParsedPage:
    """Read a page of the archive as replay does."""
    return parse_page(
        page.body,
        market=market,
        url=page.url,
        captured_at=page.captured_at,
        content_type=page.content_type,
    )
