"""One page, outside a crawl: asked for, archived, read.

Every answer on the way, redirects included, is in the archive before anything is read of it:
in a run of its own, in a folder beside those of crawls. Only where the market is not known
beforehand are answers held until the last one tells it, since no archive is without a market.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptodrug_scraper.access.checking import Finding, is_waiting_page
from cryptodrug_scraper.access.sessions import Identity
from cryptodrug_scraper.archive import CrawlArchive, CrawlEnd, Page, Written
from cryptodrug_scraper.client.answer import NoAnswer, Refused
from cryptodrug_scraper.client.identity_client import AnsweredRequest, Client, LedAway
from cryptodrug_scraper.crawl.judge import Judgement, Verdict, judge
from cryptodrug_scraper.crawl.single import open_archive
from cryptodrug_scraper.records import Link, ParsedPage
from parsers import parse_page

_FOUND = {
    Verdict.PAGE: "signed_in",
    Verdict.SIGNED_OUT: "login",
    Verdict.CHALLENGE: "challenge",
}


@dataclass(slots=True)
class Fetched:
    """What came of it.

    ``judgement`` says what came instead of, or as, a page of the market. ``page`` is the last
    answer as the archive holds it (None if none came, or it is no page), ``parsed`` what is read
    from it: of one that was cut short nothing. ``archive`` is the WARC file, None if nothing
    came, or nothing told of which market it is. ``tor``: it did not get past the proxy.
    """

    market: str | None
    judgement: Judgement
    url: str
    status: int | None = None
    page: Page | None = None
    parsed: ParsedPage | None = None
    archive: Path | None = None
    captures: int = 0
    tor: bool = False
    waits: bool = False
    requests: int = 0
    cookies: dict[str, str] = field(default_factory=dict, repr=False)

    def finding(self) -> Finding:
        """Return what this says of the session that was used."""
        result = _FOUND.get(self.judgement.verdict, "unclear")
        why = self.judgement.words or self.judgement.reason
        return Finding(result, why, self.requests, self.cookies, self.waits)


def fetch_page(
    url: str,
    *,
    market: str | None,
    identity: Identity | None,
    socks: str | None,
    hosts: Collection[str],
    folder: Path,
    timeout: float,
    page_bytes: int,
    form: str | None = None,
    operator: str | None = None,
) -> Fetched:
    """Ask for one page, archive what comes, and read it.

    ``socks`` is ``HOST:PORT`` of Tor's SOCKS port; None asks this machine, without Tor. ``hosts``
    are those of the market's mirrors, with their ports: the identity's cookies go to no other,
    and redirects lead nowhere but to these and the host that is asked. ``folder`` is the data
    folder. ``form`` is posted (``application/x-www-form-urlencoded``); without one the page is
    got, and asked for once more where a captcha page came, or nothing was there: some stand once,
    and some markets say once that nothing is there before they show that one is signed out.
    ``timeout`` is in seconds, for each whole answer; ``page_bytes`` bounds its size, unpacked.

    A URL that may not be asked is not, and the judgement says why. Raises OSError where the
    archive cannot be written.
    """
    client = Client(
        market, identity, socks=socks, hosts=hosts, timeout=timeout, page_bytes=page_bytes
    )
    url = url.partition("#")[0]
    with _Recording(folder, market, operator, direct=socks is None) as recording:
        done = _try(client, recording, url, form)
        if done.judgement.verdict in (Verdict.CHALLENGE, Verdict.MISSING) and form is None:
            again = _try(client, recording, done.url, None)
            if again.status is not None:
                done = again
        done.requests, done.cookies = client.requests, client.cookies
        recording.end(done)
    return done


def posted_form(market: str, url: str) -> str | None:
    """Return the form that a crawl of the market posts for a link as pages' records have it.

    Markets whose results have no address are linked to as ``URL#FIELD=VALUE&…``. None if nothing
    is posted for this one: for most markets what stands behind ``#`` means nothing.
    """
    if "=" not in url.partition("#")[2]:
        return None
    from cryptodrug_scraper.crawl.plan import CrawlRefused
    from cryptodrug_scraper.crawl.spider import spider_of

    try:
        spider = spider_of(market)
    except CrawlRefused:
        return None
    parts = urlsplit(url)
    address = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}#{parts.fragment}"
    request = spider.follow(Link("search", None, url), address, ParsedPage(market, "unknown"))
    return request.body if request is not None and request.method == "POST" else None


def _try(client: Client, recording: _Recording, url: str, form: str | None) -> Fetched:
    method, body = ("GET", "") if form is None else ("POST", form)
    last: AnsweredRequest | None = None
    trouble: Judgement | None = None
    tor = False
    try:
        for answered in client.follow(url, method, body):
            recording.keep(answered)
            last = answered
    except (LedAway, Refused) as away:
        trouble = Judgement(Verdict.TROUBLE, "led_away", str(away))
    except NoAnswer as none:
        trouble, tor = Judgement(Verdict.TROUBLE, none.reason, str(none)), none.tor
    if last is None or (trouble is not None and trouble.reason != "led_away"):
        assert trouble is not None
        return Fetched(recording.market, trouble, last.url if last else url, tor=tor)
    written = recording.write(last)
    done = _read(recording.market, last, written.page if written else None)
    if trouble is not None:
        done.judgement = trouble
    return done


def _read(market: str | None, answered: AnsweredRequest, page: Page | None) -> Fetched:
    """Read the last answer, and judge it."""
    answer = answered.answer
    parsed = None
    if page is not None:
        parsed = parse_page(
            page.body,
            market=market,
            url=page.url,
            captured_at=page.captured_at,
            content_type=page.content_type,
        )
    cut = answer.cut_short is not None
    judgement = judge("index", None, parsed, answer.status, cut)
    if market is None:
        judgement = Judgement(
            Verdict.TROUBLE, "no_market", "nothing on it tells of which market it is"
        )
    if cut and parsed is not None:
        judgement = _cut_short(judgement, answer.cut_short)
    challenge = judgement.verdict is Verdict.CHALLENGE
    return Fetched(
        market,
        judgement,
        answered.url,
        status=answer.status,
        page=page,
        parsed=None if cut else parsed,
        waits=challenge and is_waiting_page(answer),
    )


def _cut_short(judgement: Judgement, why: str | None) -> Judgement:
    """Say more of how it was cut short, where that is what is wrong with it."""
    if judgement.reason != "cut_short":
        return judgement
    how = "the connection ended" if why == "disconnect" else "it came incomplete"
    return Judgement(Verdict.TROUBLE, "cut_short", f"the page ended before its end: {how}")


class _Recording:
    """The archive of one fetch; there is none before there is something to archive."""

    def __init__(
        self, folder: Path, market: str | None, operator: str | None, *, direct: bool
    ) -> None:
        self.market = market
        self._folder = folder
        self._operator = operator
        self._direct = direct
        self._archive: CrawlArchive | None = None
        self._held: list[AnsweredRequest] = []
        self._written: list[Written] = []
        self._end: CrawlEnd | None = None

    def __enter__(self) -> _Recording:
        return self

    def __exit__(self, *_: object) -> None:
        if self._archive is not None:
            self._archive.close(self._end)

    def keep(self, answered: AnsweredRequest) -> None:
        """Archive an answer, or hold it until the market is known."""
        self._held.append(answered)
        if self.market is not None:
            self._write_held(self.market)

    def write(self, last: AnsweredRequest) -> Written | None:
        """Archive what is held; the last answer tells the market, if nothing else did."""
        if self.market is None:
            content_type = last.answer.header("content-type")
            guessed = parse_page(last.answer.body, url=last.url, content_type=content_type)
            self.market = guessed.market
        if self.market is None:
            return None
        self._write_held(self.market)
        return self._written[-1]

    def _write_held(self, market: str) -> None:
        archive = self._archive = self._archive or open_archive(
            self._folder, market, command="fetch", direct=self._direct, operator=self._operator
        )
        for answered in self._held:
            written = archive.write(
                url=answered.url,
                captured_at=answered.at,
                method=answered.method,
                request_headers=answered.headers,
                request_body=answered.body.encode(),
                status=answered.answer.status,
                headers=answered.answer.headers,
                body=answered.answer.body,
                cut_short=answered.answer.cut_short,
            )
            self._written.append(written)
        self._held.clear()

    def end(self, done: Fetched) -> None:
        """Note how it ended, in the archive and in what is returned."""
        if self._archive is None:
            return
        done.archive = Path(self._written[-1].location.rpartition("#")[0])
        done.captures = len(self._written)
        self._end = CrawlEnd(
            run=self._archive.stamp.run,
            ended_at=datetime.now(UTC),
            outcome="finished" if done.judgement.verdict is Verdict.PAGE else "stopped",
            counters={
                "requests": done.requests,
                "responses": done.captures,
                "ended": done.judgement.reason or done.judgement.verdict.value,
            },
        )
