"""A reader that asks again finds the same truth with every fault at five per cent."""

from __future__ import annotations

import pytest
import requests
from urllib3.exceptions import HTTPError

from cryptodrug_scraper.simulator.clock import Clock
from cryptodrug_scraper.simulator.facts import Sizes
from cryptodrug_scraper.simulator.faults import FAULTS, Faults, parse_faults
from cryptodrug_scraper.simulator.look import Look, Page, asked, looks, page_of
from cryptodrug_scraper.simulator.making import make_world
from cryptodrug_scraper.simulator.server import Server
from cryptodrug_scraper.simulator.site import Site
from cryptodrug_scraper.simulator.truth import truth
from parsers import parse_page
from tests.simulator.test_truth import ROOT, Walk

LONGEST = 2_000_000


class Reader(Walk):
    """Walks over HTTP; renews the session as a researcher would, and asks again."""

    def __init__(self, server: Server) -> None:
        site = server.site
        super().__init__(site.look, site.world, site.clock.now())
        self.server = server
        self.http = requests.Session()
        self.http.trust_env = False
        self.sign_in()

    def sign_in(self) -> None:
        self.http.cookies.set("session", self.server.site.sessions.make().cookie)
        if self.look.name == "dream":
            self.ask("/?proceed")

    def ask(self, address: str) -> tuple[str, str] | None:
        """Return where one was led and the page, or None if it was not whole."""
        path, _, posted = address.partition("#")
        form = dict(pair.partition("=")[::2] for pair in posted.split("&")) if posted else None
        try:
            response = self.http.request(
                "POST" if form else "GET",
                self.server.address + path,
                data=form,
                headers={"Host": ROOT.removeprefix("http://"), "Connection": "close"},
                timeout=5,
                stream=True,
                allow_redirects=False,
            )
            body = b""
            for piece in response.iter_content(65536):
                body += piece
                if len(body) > LONGEST:
                    return None
        except (requests.RequestException, HTTPError):
            return None
        if response.is_redirect:
            led = response.headers["Location"]
            return self.ask(led) if led.startswith("/") and "redirected" not in led else None
        if response.status_code not in (200, 404) or b"</html>" not in body[-100:]:
            return None
        return path, body.decode()

    def page(self, address: str) -> tuple[str, Page]:
        for _ in range(40):
            answer = self.ask(address)
            if answer is None:
                continue
            read = parse_page(answer[1].encode(), market=self.look.name, url=ROOT + answer[0])
            # Empire also answers 404 where a session was lost.
            if read.kind in ("login", "not_found"):
                self.sign_in()
            elif read.kind in ("listing", "vendor", "search", "index"):
                request = asked(ROOT, answer[0], self.at)
                return answer[0], page_of(request, self.look.name, read.kind, answer[1])
            elif read.kind == "challenge":
                self.server.site.sessions.end_all()
        raise AssertionError(f"{address} cannot be had")


@pytest.mark.parametrize("look", list(looks().values()), ids=lambda look: look.name)
def test_the_truth_can_be_had_through_every_fault(look: Look) -> None:
    world = make_world(look, seed=6, sizes=Sizes(45, 5, 120))
    rates = parse_faults(["all=0.02", "endless=0", "session_requests=50"])
    site = Site(look, world, Clock(world.reference, 0), faults=Faults(rates, 5))
    with Server(site, patience=0.02) as server:
        reader = Reader(server)
        reader.go(look.home())
        reader.http.close()
        counters = site.snapshot()
    records = list(truth(look, world, world.reference))
    ids = {
        (record["type"], record["fields"].get("external_id") or record["fields"].get("handle"))
        for record in records
        if record["type"] != "review"
    }
    assert set(reader.found) == ids
    assert "defects" not in counters
    assert len({name for name in FAULTS if f"fault/{name}" in counters}) > 15
