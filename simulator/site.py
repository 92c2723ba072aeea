"""What is answered to a request: the page that is true, or what stands in its way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from threading import Lock
from urllib.parse import parse_qsl, urlencode

from simulator import hostile
from simulator.clock import Clock
from simulator.faults import Faults
from simulator.market_site import MarketSite, Request, ShownPage, redirect
from simulator.sessions import COOKIE, PASS, Sessions, SignedIn
from simulator.world import World

HTML = "text/html; charset=UTF-8"
_TRANSPORT = ("timeout", "reset")
_TROUBLE = ("server_error", "bad_gateway", "unavailable", "gateway_timeout", "redirect_loop",
            "redirect_out", "redirect_phishing", "huge", "bomb")  # fmt: skip
_ENDS_SESSION = ("login", "expired", "elsewhere", "lost_404")
_ONCE = ("challenge", "refresh", "missing")
_DELIVERY = ("slow", "cut_off", "cut_off_silently", "length_short", "length_long", "gzip",
             "gzip_cut", "chunked")  # fmt: skip
_STATUS = {
    "server_error": (500, "Internal Server Error"),
    "bad_gateway": (502, "Bad Gateway"),
    "unavailable": (503, "Service Temporarily Unavailable"),
    "gateway_timeout": (504, "Gateway Time-out"),
}
_ASSETS = (".css", ".js", ".png", ".jpg", ".jpeg", ".gif", ".ico", ".woff")
_ASSET_PATHS = ("/img/", "/uploadedImage", "/public/")


@dataclass(slots=True)
class SiteRequest:
    """A request as it came in."""

    method: str
    address: str
    host: str
    cookies: dict[str, str]
    body: bytes = b""


@dataclass(slots=True)
class SiteResponse:
    """What goes out, and how: ``delivery`` is a fault of the way, or empty."""

    status: int = 200
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    delivery: str = ""
    about: str = ""


class Site:
    """One market, open to readers."""

    def __init__(
        self,
        market_site: MarketSite,
        world: World,
        clock: Clock,
        *,
        faults: Faults | None = None,
        sessions: Sessions | None = None,
    ) -> None:
        self.market_site = market_site
        self.world = world
        self.clock = clock
        self.faults = faults or Faults()
        self.sessions = sessions or Sessions(world.seed)
        self.counters: Counter[str] = Counter()
        self._missed: set[tuple[str, str]] = set()
        self._lock = Lock()

    def count(self, *names: str) -> None:
        """Count what was asked and served."""
        with self._lock:
            self.counters.update(names)

    def snapshot(self) -> dict[str, int]:
        """Return the counters."""
        with self._lock:
            return dict(sorted(self.counters.items()))

    def answer(self, wanted: SiteRequest) -> SiteResponse:
        """Return what is sent for a request."""
        number = self.faults.next_request()
        answer = self._answer(wanted, number)
        self.count("requests", f"served/{answer.about}", f"status/{answer.status}")
        if answer.delivery:
            self.count(f"fault/{answer.delivery}")
        return answer

    # -- in order: the way, the market, the session, the page ------------------------------------

    def _answer(self, wanted: SiteRequest, number: int) -> SiteResponse:
        at = self.clock.now()
        if not self._is_alive(wanted.host, at):
            self.count("mirror/dead")
            return SiteResponse(0, delivery="reset", about="nothing")
        struck = self.faults.first_of(_TRANSPORT, number)
        if struck:
            return SiteResponse(0, delivery=struck, about="nothing")
        path = wanted.address.partition("?")[0]
        if path.lower().endswith(_ASSETS) or path.startswith(_ASSET_PATHS):
            return SiteResponse(404, b"", [("Content-Type", "text/plain")], about="asset")
        form = dict(parse_qsl(wanted.body.decode("utf-8", "replace"), keep_blank_values=True))
        request = Request(f"http://{wanted.host}", wanted.address, at, form, wanted.method)
        if self.world.closed is not None and at.date() >= self.world.closed:
            return self._of_page(self.market_site.closed(self.world, request))
        struck = self.faults.first_of(_TROUBLE, number)
        if struck or path.startswith("/redirected/"):
            return self._trouble(struck or "redirect_loop", request, number)
        answer = self._past_the_walls(wanted, request, number)
        if answer.status < 300 and not answer.delivery:
            answer.delivery = self.faults.first_of(_DELIVERY, number) or ""
        return answer

    def _is_alive(self, host: str, at: datetime) -> bool:
        name = host.rpartition(":")[0] or host
        dies = self.world.mirrors.get(name)
        return dies is None or at < dies

    def _trouble(self, name: str, request: Request, number: int) -> SiteResponse:
        self.count(f"fault/{name}")
        if name in _STATUS:
            status, post = _STATUS[name]
            html = (
                f"<html><head><title>{status} {post}</title></head><body><center><h1>{status} "
                f"{post}</h1></center><hr><center>nginx</center></body></html>\n"
            )
            return SiteResponse(status, html.encode(), [("Content-Type", HTML)], about="error")
        if name.startswith("redirect"):
            to = f"/redirected/{number}"
            if name == "redirect_out":
                to = f"http://clearnet.example{request.address}"
            elif name == "redirect_phishing":
                to = f"http://{self._phishers()[0]}{request.address}"
            return SiteResponse(302, b"", [("Location", to)], about="redirect")
        html_type = [("Content-Type", HTML)]
        if name == "bomb":
            body = hostile.bomb()
            return SiteResponse(200, body, [*html_type, ("Content-Encoding", "gzip")], about="huge")
        return SiteResponse(200, hostile.filler(), html_type, about="huge")

    def _phishers(self) -> tuple[str, ...]:
        letters = "abcdefghijklmnopqrstuvwxyz234567"
        chance = self.world.chance
        return tuple(
            "".join(chance.pick(letters, "phishing", n, at) for at in range(16)) + ".onion"
            for n in range(3)
        )

    def _past_the_walls(self, wanted: SiteRequest, request: Request, number: int) -> SiteResponse:
        cookie = wanted.cookies.get(COOKIE)
        signed_in = self.sessions.get(cookie)
        if signed_in is None:
            why = self.sessions.why_ended(cookie)
            if why:
                self.count(f"session/{why}")
                return self._of_page(self.market_site.dropped(self.world, request, why))
            return self._outside(wanted, request)
        if "logout" in request.address:
            self.sessions.end(signed_in.cookie)
            self.count("session/logout")
            return self._of_page(self.market_site.login(self.world, request))
        with signed_in.lock:
            signed_in.requests += 1
            most = self.faults.rule("session_requests")
            if most and signed_in.requests > most:
                self.sessions.end(signed_in.cookie)
                self.count("session/expired")
                return self._of_page(self.market_site.dropped(self.world, request, "expired"))
            wall = self._wall(signed_in, request, number)
            if wall is not None:
                return self._of_page(wall)
            request.endless = self.faults.strikes("endless", number)
            page = self.market_site.answer(self.world, request, signed_in.session)
        if request.endless and page.about == "search":
            self.count("fault/endless")
        answer = self._of_page(page)
        return self._with_links(answer, page, request, number)

    def _wall(self, signed_in: SignedIn, request: Request, number: int) -> ShownPage | None:
        """Return what stands before the page for one who is signed in, or None."""
        market_site, world = self.market_site, self.world
        if signed_in.stopped and request.method == "POST" and market_site.passes(request):
            signed_in.stopped = False
            self.count("challenge/passed")
            return redirect(request, market_site.name, market_site.home())
        if self.faults.strikes("challenge_stays", number):
            signed_in.stopped = True
            self.count("fault/challenge_stays")
        if signed_in.stopped:
            return market_site.challenge(world, request)
        struck = self.faults.first_of((*_ENDS_SESSION, *_ONCE), number)
        if struck is None or (struck == "missing" and self._was_missing(request)):
            return None
        self.count(f"fault/{struck}")
        if struck in _ENDS_SESSION:
            self.sessions.end(signed_in.cookie)
        match struck:
            case "login":
                return market_site.login(world, request)
            case "expired" | "elsewhere":
                return market_site.dropped(world, request, struck)
            case "challenge":
                return market_site.challenge(world, request)
            case "refresh":
                return market_site.refresh(world, request)
        page = market_site.missing(world, request)
        if struck == "lost_404":
            page.status = 404
        return page

    def _was_missing(self, request: Request) -> bool:
        """Say whether this page was said to be missing before, and remember that it is now.

        Whoever is told so again and again has to believe it, so the fault strikes a page once;
        with a rate of 1 nothing is ever there.
        """
        if self.faults.rates["missing"] == 1:
            return False
        page = (request.address, urlencode(request.form))
        with self._lock:
            stated = page in self._missed
            self._missed.add(page)
        return stated

    def _outside(self, wanted: SiteRequest, request: Request) -> SiteResponse:
        """Answer one who is not signed in."""
        market_site, world = self.market_site, self.world
        if self.faults.rule("refresh_first") and not wanted.cookies:
            answer = self._of_page(market_site.refresh(world, request))
            answer.headers.append(("Set-Cookie", "seen=1; Path=/"))
            return answer
        if self.faults.rule("challenge_first") and PASS not in wanted.cookies:
            if request.method == "POST" and market_site.passes(request):
                self.count("challenge/passed")
                page = market_site.login(world, request)
                answer = self._of_page(page)
                answer.headers.append(("Set-Cookie", f"{PASS}=1; Path=/"))
                return answer
            return self._of_page(market_site.challenge(world, request))
        if request.method == "POST":
            if market_site.signs_in(request):
                signed_in = self.sessions.make(self._user(request))
                self.count("session/made")
                cookie = f"{COOKIE}={signed_in.cookie}; Path=/; HttpOnly"
                headers = [("Location", market_site.home()), ("Set-Cookie", cookie)]
                return SiteResponse(302, b"", headers, about="redirect")
            self.count("session/refused")
        return self._of_page(market_site.login(world, request))

    def _user(self, request: Request) -> str:
        """Return the name in the form: its first field that is neither hidden nor a decoy."""
        values = [value for name, value in request.form.items() if "token" not in name]
        return next((value for value in values if value and value != "decoy"), "reader")

    def _of_page(self, page: ShownPage) -> SiteResponse:
        headers = [("Content-Type", HTML)]
        if page.location is not None:
            headers.append(("Location", page.location))
        return SiteResponse(page.status, page.html.encode(), headers, about=page.about)

    def _with_links(
        self, answer: SiteResponse, page: ShownPage, request: Request, number: int
    ) -> SiteResponse:
        """Add links that must not be followed."""
        address = escape(request.address)
        for name in ("clearnet", "phishing"):
            if answer.status == 200 and self.faults.strikes(name, number):
                links = hostile.clearnet_links(address)
                if name == "phishing":
                    links = hostile.phishing_links(address, self._phishers())
                page.html = hostile.with_links(page.html, links)
                answer.body = page.html.encode()
                self.count(f"fault/{name}")
        return answer
