"""One request of a crawl, from going out to the end that its answer gives it.

Every answer on the way is in the archive before anything else is done with it. What is judged a
page ends its request and queues what it leads to in one step, as soon as its record is on the
disk. So a kill finds a request either as it was or ended, and after a power cut none has ended
whose answer the disk forgot.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urljoin, urlsplit

from scrapy import Request

from cryptodrug_scraper.archive import Written
from cryptodrug_scraper.crawl.answer import Answer, NoAnswer, Refused
from cryptodrug_scraper.crawl.frontier import DONE, FAILED, GONE, Task, Wanted
from cryptodrug_scraper.crawl.headers import as_text, cookies_set, request_headers
from cryptodrug_scraper.crawl.identities import Member
from cryptodrug_scraper.crawl.judge import Judgement, Verdict, judge
from cryptodrug_scraper.records import ParsedPage
from cryptodrug_scraper.tor.circuits import proxy_url
from parsers import parse_page

if TYPE_CHECKING:
    from cryptodrug_scraper.crawl.crawl import Crawl

logger = logging.getLogger(__name__)

_HOPS = 5
_AGAIN = 3
_ODD = frozenset(("unknown", "other_page", "another"))
_REDIRECTS = (301, 302, 303, 307, 308)
_LONGEST_BACKOFF = 60  # times the first one


class Ask(Protocol):
    """Sends one request; see :meth:`~.handler.OnionHandler.ask`."""

    def __call__(self, request: Request, *, timeout: float, page_bytes: int) -> Awaitable[Answer]:
        """See the class."""


@dataclass(slots=True)
class Captured:
    """An answer that is in the archive; ``parsed`` is None if it is no page, or not whole."""

    answer: Answer
    written: Written
    url: str
    parsed: ParsedPage | None

    @property
    def ends_early(self) -> bool:
        """Whether the answer broke off, or holds a page without its end."""
        cut_off = self.parsed is not None and self.parsed.cut_off
        return cut_off or self.answer.cut_short is not None


@dataclass(slots=True)
class Outcome:
    """How a visit ended: the last answer, if one came, and what was made of it."""

    judgement: Judgement
    captured: Captured | None = None


class Visit:
    """A request on its way, with the identity that it goes out with."""

    def __init__(self, crawl: Crawl, task: Task, member: Member, mirror: str) -> None:
        self.crawl = crawl
        self.task = task
        self.member = member
        self.mirror = mirror

    @property
    def url(self) -> str:
        """What is asked for first."""
        return self.mirror + self.task.wanted.address

    async def go(self, ask: Ask) -> Outcome:
        """Go out, and end the request by what comes."""
        wanted = self.task.wanted
        try:
            outcome = await self._ask_through(ask, wanted)
            if outcome.judgement.verdict is Verdict.MISSING:
                signed_in = await self._is_signed_in(ask)
                if signed_in is not None:
                    outcome.judgement = signed_in
        except Exception as error:
            outcome = self._defect(error)
        except BaseException:  # the crawl is being stopped
            self._put_back("interrupted")
            raise
        finally:
            self.crawl.pool.give_back(self.member, stateful=wanted.stateful)
        try:
            self._end(outcome)
        except Exception as error:
            outcome = self._defect(error)
            self._trouble(outcome.judgement)
        return outcome

    def _defect(self, error: Exception) -> Outcome:
        """Make of an error of our own, or of the disk, what no request is lost by."""
        if isinstance(error, (OSError, sqlite3.Error)):
            self.crawl.cannot_write(error)
        else:
            logger.error("A defect while %s was visited", self.url, exc_info=error)
            self.crawl.count("defects")
        return Outcome(Judgement(Verdict.TROUBLE, "defect", f"{type(error).__name__}: {error}"))

    # -- going out -----------------------------------------------------------------------------

    async def _ask_through(self, ask: Ask, wanted: Wanted) -> Outcome:
        """Ask, follow redirects within the market, and judge what comes last."""
        crawl = self.crawl
        address, method, body = wanted.address, wanted.method, wanted.body
        for hop in range(_HOPS + 1):
            try:
                captured = await self._capture_surely(ask, address, method, body, bool(hop))
            except Refused as refused:
                crawl.count("refused/address")
                return Outcome(Judgement(Verdict.TROUBLE, "refused", str(refused)))
            except NoAnswer as none:
                self._no_answer(none)
                return Outcome(Judgement(Verdict.TROUBLE, none.reason, str(none)))
            answer = captured.answer
            target = answer.header("location") if answer.status in _REDIRECTS else None
            if target is None:
                shown = captured.parsed
                cut = answer.cut_short is not None
                return Outcome(
                    judge(wanted.kind, wanted.external_id, shown, answer.status, cut), captured
                )
            led = self._within(captured.url, target)
            if led is None:
                crawl.count("refused/redirect")
                return Outcome(
                    Judgement(Verdict.TROUBLE, "led_away", "a redirect to another host"), captured
                )
            address = led
            if answer.status not in (307, 308):
                method, body = "GET", ""
        return Outcome(Judgement(Verdict.TROUBLE, "redirect_loop", "redirects without end"))

    async def _capture_surely(
        self, ask: Ask, address: str, method: str, body: str, led: bool
    ) -> Captured:
        """Capture an address; one that a redirect led to is asked again where the way fails.

        A tab that lives in the session was opened by the request before: all of it need not be
        done again.
        """
        for _ in range(_AGAIN if led else 0):
            try:
                captured = await self._capture(ask, address, method, body)
            except NoAnswer as none:
                if none.tor:
                    raise
                self._no_answer(none)
                continue
            if captured.answer.status < 500 and not captured.ends_early:
                return captured
            self._load(captured)
            self.crawl.count("asked_again")
        return await self._capture(ask, address, method, body)

    def _within(self, url: str, target: str) -> str | None:
        """Return the address that a redirect leads to, None if it is not of this market."""
        try:
            parts = urlsplit(urljoin(url, target))
        except ValueError:
            return None
        if parts.scheme not in ("http", "https") or parts.netloc.lower() not in self.crawl.hosts():
            return None
        return f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"

    async def _capture(self, ask: Ask, address: str, method: str, body: str) -> Captured:
        """Ask for one address, archive the answer, parse it."""
        crawl, member = self.crawl, self.member
        url = self.mirror + address
        posted_from = self.mirror if method == "POST" else None
        headers = request_headers(
            member.identity.user_agent, member.cookies, posted_from=posted_from
        )
        request = Request(url, method=method, headers=headers, body=body or None, dont_filter=True)
        if not crawl.options.direct:
            circuit = f"{crawl.market}-{member.name}"
            request.meta["proxy"] = proxy_url(crawl.options.socks, circuit, member.circuit)
        crawl.pool.made(member)
        crawl.count("requests")
        answer = await ask(
            request, timeout=crawl.options.timeout, page_bytes=crawl.options.page_bytes
        )
        crawl.note_latency(answer.seconds)
        captured = self._archive(request, answer)
        crawl.pool.set_cookies(member, cookies_set(answer.all("set-cookie")))
        return captured

    def _archive(self, request: Request, answer: Answer) -> Captured:
        crawl = self.crawl
        written = crawl.archive.write(
            url=request.url,
            captured_at=datetime.now(UTC),
            method=request.method,
            request_headers=as_text(request.headers),
            request_body=request.body,
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            cut_short=answer.cut_short,
        )
        crawl.count("responses", f"status/{answer.status}")
        page = written.page
        parsed = None
        if page is not None:
            parsed = parse_page(
                page.body,
                market=crawl.market,
                url=page.url,
                captured_at=page.captured_at,
                content_type=page.content_type,
            )
        return Captured(answer, written, request.url, parsed)

    async def _is_signed_in(self, ask: Ask) -> Judgement | None:
        """Ask for the home page where something was missing: some markets say 404 for all.

        Returns what it says instead; None if the session is good, so that the page is missing.
        """
        crawl = self.crawl
        crawl.count("probes")
        for _ in range(3):
            probe = await self._ask_through(ask, Wanted(crawl.spider.home, "index"))
            self._load(probe.captured)
            if probe.judgement.verdict is Verdict.PAGE:
                return None
            if probe.judgement.verdict in (Verdict.SIGNED_OUT, Verdict.CHALLENGE):
                return probe.judgement
        if probe.judgement.verdict is Verdict.MISSING:
            return Judgement(Verdict.SIGNED_OUT, "home_missing", "even the home page is missing")
        return Judgement(Verdict.TROUBLE, "probe_failed", probe.judgement.words)

    def _no_answer(self, none: NoAnswer) -> None:
        crawl = self.crawl
        crawl.count(f"no_answer/{none.reason}")
        if none.tor:
            crawl.tor_failed(str(none))
            return
        if none.reason == "too_large":
            return
        if crawl.mirrors.failed(self.mirror, none.reason):
            crawl.count("mirror/changed")
        if crawl.pool.failed(self.member):
            crawl.count("circuit/changed")

    # -- coming back ---------------------------------------------------------------------------

    def _end(self, outcome: Outcome) -> None:
        """Give the request the end that its answer calls for. Does not give way."""
        crawl, task, member = self.crawl, self.task, self.member
        judgement, captured = outcome.judgement, outcome.captured
        verdict = judgement.verdict
        if captured is not None:
            crawl.tor_worked()
            bad_gateway = captured.answer.status >= 500
            if not bad_gateway:
                crawl.mirrors.ok(self.mirror)
            elif crawl.mirrors.failed(self.mirror, judgement.reason):
                crawl.count("mirror/changed")
        if verdict is Verdict.PAGE and captured is not None:
            crawl.pool.good(member)
            if not self._is_out_of_scope(captured):
                self._when_on_disk(lambda: self._keep(captured))
            return
        self._load(captured)
        crawl.count(f"put_back/{judgement.reason}")
        if verdict is Verdict.SIGNED_OUT:
            crawl.pool.ended(member, judgement.words or judgement.reason)
            crawl.frontier.put_back(task, judgement.reason)
        elif verdict is Verdict.CHALLENGE:
            crawl.pool.challenged(member, judgement.words or judgement.reason)
            crawl.frontier.put_back(task, judgement.reason)
        elif verdict is Verdict.MISSING:
            self._missing(judgement, captured)
        else:
            self._trouble(judgement)

    def _is_out_of_scope(self, captured: Captured) -> bool:
        """End the request of a page that is none of this crawl's, and take the page back."""
        crawl = self.crawl
        assert captured.parsed is not None  # else it would not have been judged good
        if not crawl.scope.refuses(captured.parsed):
            return False
        crawl.archive.take_back(captured.written)
        captured.parsed = None
        crawl.frontier.finish(self.task, DONE, reason="out of scope")
        crawl.count("skipped/out_of_scope")
        return True

    def _when_on_disk(self, end: Callable[[], object]) -> None:
        """End the request as soon as its answer is on the disk; whatever fails, it is not lost."""

        def surely() -> None:
            try:
                end()
            except Exception as error:
                self._trouble(self._defect(error).judgement)

        self.crawl.on_disk.then(surely)

    def _keep(self, captured: Captured) -> None:
        """End the request with the page that came, and queue what it leads to."""
        crawl, task, written = self.crawl, self.task, captured.written
        parsed, page = captured.parsed, written.page
        assert parsed is not None and page is not None
        with crawl.frontier.transaction():
            wanted = crawl.spider.after(parsed, task.wanted)
            crawl.frontier.finish(task, DONE, wanted, written=written)
        if task.wanted.kind in ("listing", "vendor") and page.captured_at is not None:
            crawl.visited.note(task.wanted.key, page.captured_at, written.place)
        self._load_now(captured)
        crawl.kept(parsed.kind)

    def _load(self, captured: Captured | None) -> None:
        """Load an answer that does not end its request, once it is on the disk."""
        if captured is not None:
            self.crawl.on_disk.then(lambda: self._load_now(captured))

    def _load_now(self, captured: Captured) -> None:
        page = captured.written.page
        if page is not None and self.crawl.loader is not None:
            self.crawl.loader.put(page, None if page.cut_short else captured.parsed)

    def _missing(self, judgement: Judgement, captured: Captured | None) -> None:
        crawl, task = self.crawl, self.task
        crawl.pool.good(self.member)
        task.missing += 1
        if task.missing >= crawl.options.missing:
            written = captured.written if captured is not None else None
            reason = judgement.reason
            self._when_on_disk(
                lambda: crawl.frontier.finish(task, GONE, reason=reason, written=written)
            )
            crawl.count("gone")
        else:
            crawl.frontier.put_back(task, judgement.reason, after=self._later(task.missing))

    def _trouble(self, judgement: Judgement) -> None:
        crawl, task = self.crawl, self.task
        if crawl.stopping or (judgement.reason == "no_connection" and crawl.tor_is_down):
            self._put_back(judgement.reason)  # not the page's fault
            return
        task.tries += 1
        if judgement.reason in _ODD:  # a whole answer, which will hardly change
            task.missing += 1
        if task.tries > crawl.options.retries or task.missing >= crawl.options.missing:
            crawl.frontier.finish(task, FAILED, reason=judgement.reason)
            crawl.count("failed")
            crawl.failed(task.wanted, judgement)
        else:
            crawl.frontier.put_back(task, judgement.reason, after=self._later(task.tries))

    def _put_back(self, reason: str) -> None:
        """Let the request wait; where the queue cannot be written to, it waits there still."""
        with contextlib.suppress(sqlite3.Error):
            self.crawl.frontier.put_back(self.task, reason)

    def _later(self, times: int) -> float:
        return self.crawl.options.backoff * min(2.0 ** min(times - 1, 10), _LONGEST_BACKOFF)
