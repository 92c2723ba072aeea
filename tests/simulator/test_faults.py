"""Every fault does what it says, is counted, and passes when one asks again."""

from __future__ import annotations

import http.client
import socket
import zlib
from collections.abc import Callable
from urllib.parse import urljoin

import pytest
import requests
from bs4 import BeautifulSoup
from urllib3.exceptions import HTTPError

from parsers import parse_page
from simulator.faults import (
    FAULTS,
    RULES,
    Faults,
    UnknownFault,
    parse_faults,
)
from simulator.market_site import CAPTCHA
from simulator.server import Server
from tests.simulator.serving import NAMES, listing_address, reader, serving, true_page

BROKEN = (requests.RequestException, HTTPError, http.client.HTTPException, OSError)


def get(server: Server, address: str, **options: object) -> requests.Response:
    with reader(server) as session:
        options = {"timeout": 5, "allow_redirects": False} | options
        return session.get(server.address + address, **options)  # type: ignore[arg-type]


def raw(server: Server, address: str, *headers: str) -> bytes:
    """All bytes of an answer, as they came."""
    cookie = server.site.sessions.make().cookie
    lines = [f"GET {address} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", "Connection: close"]
    lines += [f"Cookie: session={cookie}", *headers, "", ""]
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall("\r\n".join(lines).encode())
        found = b""
        while piece := connection.recv(65536):
            found += piece
    return found


def kind(response: requests.Response, name: str) -> str:
    return parse_page(response.content, market=name, url=response.url).kind


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("login", {"login"}),
        ("expired", {"login", "unknown"}),  # or a redirect to it
        ("elsewhere", {"login"}),
        ("lost_404", {"not_found"}),
        ("challenge", {"challenge"}),
        ("challenge_stays", {"challenge"}),
        ("refresh", {"challenge"}),
        ("missing", {"not_found"}),
        ("server_error", {"error"}),
        ("bad_gateway", {"error"}),
        ("unavailable", {"error"}),
        ("gateway_timeout", {"error"}),
    ],
)
def test_walls_and_troubles(name: str, fault: str, kinds: set[str]) -> None:
    address = listing_address(name)
    with serving(name, f"{fault}=1") as server, reader(server) as session:
        response = session.get(server.address + address, allow_redirects=False)
        assert kind(response, name) in kinds
        if fault == "expired" and not response.content:
            assert response.headers["Location"] == "/login"
        assert server.site.snapshot()[f"fault/{fault}"] == 1
        status = {"server_error": 500, "bad_gateway": 502, "unavailable": 503}
        assert response.status_code == status.get(fault, response.status_code)
        server.site.faults.rates.clear()
        after = kind(session.get(server.address + address), name)
        ended = fault in ("login", "expired", "elsewhere", "lost_404")
        stays = fault == "challenge_stays"
        assert after == ("login" if ended else "challenge" if stays else "listing")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_said_to_be_missing_once(name: str) -> None:
    with serving(name, "missing=0.5") as server, reader(server) as session:
        url = server.address + listing_address(name)
        found = [kind(session.get(url), name) for _ in range(20)]
        assert found.count("not_found") == 1 == server.site.snapshot()["fault/missing"]
        assert found.count("listing") == 19


@pytest.mark.parametrize("name", NAMES)
def test_a_challenge_stays_until_it_is_solved(name: str) -> None:
    with serving(name, "challenge_stays=1") as server, reader(server) as session:
        url = server.address + listing_address(name)
        wall = session.get(url)
        assert kind(wall, name) == "challenge"
        form = BeautifulSoup(wall.text, "lxml").select_one("form[method]:has(input[name*=captcha])")
        assert form is not None
        to = urljoin(url, str(form.get("action") or ""))
        field = str(form.select("input[name*=captcha]")[0]["name"])
        server.site.faults.rates.clear()
        session.post(to, {field: "eight"})
        assert kind(session.get(url), name) == "challenge"
        session.post(to, {field: CAPTCHA})
        assert kind(session.get(url), name) == "listing"


def test_no_answer() -> None:
    with serving("dream", "timeout=1", patience=0.5) as server:
        with pytest.raises(requests.ReadTimeout):
            get(server, "/", timeout=0.1)
        with pytest.raises(requests.ConnectionError):
            get(server, "/")
    with serving("dream", "reset=1") as server, pytest.raises(requests.ConnectionError):
        get(server, "/")


def test_a_slow_body_is_whole() -> None:
    address = listing_address("empire")
    with serving("empire", "slow=1", patience=0.4) as server:
        assert get(server, address).text == true_page(server, address)


def test_a_slow_body_comes_in_pieces() -> None:
    """Its head and first piece are there long before the last, which nobody here waits for."""
    address = listing_address("empire")
    with serving("empire", "slow=1", patience=1000) as server, reader(server) as session:
        with session.get(server.address + address, stream=True, timeout=60) as response:
            first = response.raw.read(100)
        assert first.decode() == true_page(server, address)[:100]
        with pytest.raises(requests.RequestException):
            session.get(server.address + address, timeout=0.5)


@pytest.mark.parametrize("fault", ["cut_off", "length_long"])
def test_bodies_that_are_shorter_than_stated(fault: str) -> None:
    with serving("dream", f"{fault}=1") as server, pytest.raises(BROKEN):
        get(server, listing_address("dream"))


def test_a_body_that_is_longer_than_stated() -> None:
    address = listing_address("dream")
    with serving("dream", "length_short=1") as server:
        whole = true_page(server, address)
        response = get(server, address)
        assert whole.startswith(response.content.decode(errors="ignore"))
        assert len(response.content) < len(whole.encode())
        assert raw(server, address).endswith(b"</html>\n")


def test_a_body_that_ends_early_without_a_word() -> None:
    address = listing_address("dream")
    with serving("dream", "cut_off_silently=1") as server:
        response = get(server, address)
        assert "Content-Length" not in response.headers
        assert true_page(server, address).startswith(response.content.decode(errors="ignore"))
        assert b"</html>" not in response.content


def test_compressed_bodies() -> None:
    address = listing_address("dream")
    takes = {"Accept-Encoding": "gzip"}
    with serving("dream", "gzip=1") as server:
        packed = get(server, address, headers=takes)
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.text == true_page(server, address) == get(server, address).text
    with serving("dream", "gzip_cut=1") as server:
        body = raw(server, address, "Accept-Encoding: gzip").partition(b"\r\n\r\n")[2]
        unpacked = zlib.decompressobj(31).decompress(body)
        assert true_page(server, address).encode().startswith(unpacked)
        assert b"</html>" not in unpacked


def test_chunks_are_whole() -> None:
    address = listing_address("empire")
    with serving("empire", "chunked=1") as server:
        response = get(server, address)
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert response.text == true_page(server, address)


def test_redirects_that_lead_nowhere() -> None:
    with (
        serving("dream", "redirect_loop=1") as server,
        reader(server) as session,
        pytest.raises(requests.TooManyRedirects),
    ):
        session.get(server.address + listing_address("dream"))
    with serving("dream", "redirect_out=1") as server:
        assert get(server, "/x").headers["Location"] == "http://clearnet.example/x"
    with serving("dream", "redirect_phishing=1") as server:
        assert get(server, "/x").headers["Location"].endswith(".onion/x")


def test_pages_of_fifty_megabytes() -> None:
    with serving("dream", "huge=1") as server:
        response = get(server, "/", stream=True)
        assert int(response.headers["Content-Length"]) > 49 * 1024 * 1024
        response.close()
    with serving("dream", "bomb=1") as server:
        response = get(server, "/", stream=True)
        assert int(response.headers["Content-Length"]) < 300_000
        assert response.headers["Content-Encoding"] == "gzip"
        response.close()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", ["clearnet", "phishing"])
def test_links_that_must_not_be_followed_change_no_record(name: str, fault: str) -> None:
    address = listing_address(name)
    with serving(name, f"{fault}=1") as server:
        response = get(server, address)
        assert "verified mirror" in response.text or "clearnet.example" in response.text
        url = server.address + address
        found = parse_page(response.content, url=url, captured_at=server.site.clock.now())
        true = parse_page(
            true_page(server, address).encode(), url=url, captured_at=server.site.clock.now()
        )
        assert found.to_dict() == true.to_dict()


RESULTS: dict[str, Callable[[int], str]] = {
    "dream": lambda page: f"/?page={page}&category=104",
    "empire": lambda page: f"/category/categories/2/{15 * (page - 1)}",
}


@pytest.mark.parametrize("name", list(RESULTS))
def test_results_without_an_end(name: str) -> None:
    with serving(name, "endless=1") as server:
        address = RESULTS[name](500)
        page = parse_page(get(server, address).content, url=server.address + address)
        assert page.listings
        assert server.address + RESULTS[name](501) in [link.url for link in page.links]


def test_results_without_an_end_of_posted_forms() -> None:
    with serving("wall_street", "endless=1") as server, reader(server) as session:
        posted = session.post(f"{server.address}/index", {"page": "500", "dofilter": "0"})
        page = parse_page(posted.content, url=posted.url)
        assert page.listings
        assert f"{server.address}/index#page=501" in [link.url for link in page.links]


# -- chance ----------------------------------------------------------------------------------


def test_faults_strike_at_their_rate_and_alike_in_each_run() -> None:
    def run(seed: int) -> list[bool]:
        faults = Faults({"reset": 0.05}, seed)
        return [faults.strikes("reset", faults.next_request()) for _ in range(4000)]

    assert run(1) == run(1) != run(2)
    assert 140 < sum(run(1)) < 260


def test_of_several_faults_each_has_its_turn() -> None:
    faults = Faults(dict.fromkeys(("a", "b", "c"), 1.0))
    struck = [faults.first_of(("a", "b", "c"), n) for n in range(300)]
    assert all(struck.count(name) > 60 for name in "abc")


def test_how_faults_are_written() -> None:
    assert parse_faults(["cut-off=5%", "reset=0.25", "session_requests=200"]) == {
        "cut_off": 0.05,
        "reset": 0.25,
        "session_requests": 200,
    }
    assert set(parse_faults(["all=0.01"])) == set(FAULTS)
    assert not set(FAULTS) & set(RULES)
    for wrong in ("cut_off", "cut_off=two", "cut_off=1.5", "nonsense=0.1", "reset=-1"):
        with pytest.raises(UnknownFault):
            parse_faults([wrong])
