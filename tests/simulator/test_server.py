"""The server: sessions as a researcher has them, and pages as the world says."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.cookiejar import MozillaCookieJar
from pathlib import Path

import pytest
import requests

from parsers import parse_page
from simulator.command import (
    BadCall,
    read_date,
    read_mirrors,
    simulate,
    simulation,
)
from simulator.control import Control
from simulator.market_site import CAPTCHA, market_sites
from simulator.sessions import write_cookies
from tests.simulator.serving import NAMES, listing_address, reader, serving, true_page, world_of

by_name = pytest.mark.parametrize("name", NAMES)


def kind(response: requests.Response, name: str) -> str:
    return parse_page(response.content, market=name, url=response.url).kind


def filled_in(html: str) -> tuple[str, dict[str, str]]:
    """The login form as a browser's user fills it in: what is seen is typed into."""
    from selectolax.lexbor import LexborHTMLParser

    form = LexborHTMLParser(html).css_first("form")
    assert form is not None
    fields: dict[str, str] = {}
    for node in form.css("input"):
        attributes = node.attributes
        name, value = attributes.get("name") or "", attributes.get("value") or ""
        typed = {"text": CAPTCHA, "password": "secret"}.get(attributes.get("type") or "text", "")
        fields[name] = value or typed
    texts = [n for n in form.css("input") if (n.attributes.get("type") or "text") == "text"]
    first = next(n for n in texts if not n.attributes.get("value"))
    if len([n for n in texts if not n.attributes.get("value")]) > 1:
        fields[first.attributes["name"] or ""] = "reader"
    action = (form.attributes.get("action") or "").replace("./", "/")
    return action[action.find("/", 8) :] if action.startswith("http") else action, fields


@by_name
def test_one_signs_in_with_the_captchas_text_and_out_again(name: str) -> None:
    with serving(name) as server, requests.Session() as session:
        session.trust_env = False
        page = session.get(server.address + listing_address(name))
        assert kind(page, name) == "login"
        action, fields = filled_in(page.text)
        wrong = {key: value.replace(CAPTCHA, "eight") for key, value in fields.items()}
        assert kind(session.post(server.address + action, wrong), name) == "login"
        home = session.post(server.address + action, fields)
        assert home.history[0].status_code == 302
        assert kind(home, name) == "index"
        assert kind(session.get(server.address + listing_address(name)), name) == "listing"
        assert kind(session.get(f"{server.address}/?logout"), name) == "login"
        assert kind(session.get(server.address + listing_address(name)), name) == "login"


@by_name
def test_what_is_served_is_what_the_world_says(name: str) -> None:
    with serving(name) as server, reader(server) as session:
        examples = market_sites()[name].examples(world_of(name), world_of(name).reference)
        for address in [a for a in examples if "#" not in a][5:200:13]:
            assert session.get(server.address + address).text == true_page(server, address)
        counters = server.site.snapshot()
        assert counters["served/listing"] > 1
        assert counters["requests"] >= sum(n for key, n in counters.items() if "served" in key)


def test_results_of_posted_forms() -> None:
    with serving("wall_street") as server, reader(server) as session:
        url = f"{server.address}/index"
        drugs = parse_page(session.post(url, {"menuCatT": "1"}).content, url=url)
        assert drugs.kind == "search"
        second = parse_page(session.post(url, {"page": "2", "dofilter": "0"}).content, url=url)
        assert second.listings and second.listings[0] not in drugs.listings
        nothing = parse_page(session.post(url, {"page": "2"}).content, url=url)
        assert (nothing.kind, nothing.listings) == ("search", [])
        few = session.post(url, {"form[page]": "1", "form[limit]": "5", "form[catT]": "1"})
        assert len(parse_page(few.content, url=url).listings) == 5


def test_tabs_live_in_the_session() -> None:
    with serving("empire") as server, reader(server) as session:
        world, look = server.site.world, server.site.market_site
        tabs = [a for a in look.examples(world, world.reference) if "setUserTab/pgp" in a]
        first, second = (server.address + tab for tab in tabs[:2])
        shown = session.get(first)
        assert "/u/" in shown.url
        assert parse_page(shown.content, url=shown.url).vendors[0].pgp_key
        session.get(second)
        again = session.get(shown.url)  # the other vendor's tab has taken its place
        assert parse_page(again.content, url=again.url).vendors[0].pgp_key is None


@by_name
def test_a_session_ends_after_so_many_requests(name: str) -> None:
    with serving(name, "session_requests=3") as server, reader(server) as session:
        address = server.address + listing_address(name)
        kinds = [kind(session.get(address), name) for _ in range(5)]
        assert kinds == ["listing"] * 3 + ["login"] * 2
        session.cookies.set("session", server.site.sessions.make("reader").cookie)
        assert kind(session.get(address), name) == "listing"


@by_name
def test_a_second_session_of_a_user_ends_the_first(name: str) -> None:
    with serving(name) as server, reader(server, "one") as first, reader(server, "one") as second:
        address = server.address + listing_address(name)
        assert kind(first.get(address), name) == "login"
        assert kind(second.get(address), name) == "listing"


@by_name
def test_what_stands_before_the_login(name: str) -> None:
    first = ("refresh_first=1", "challenge_first=1")
    with serving(name, *first) as server, requests.Session() as session:
        session.trust_env = False
        url = server.address + market_sites()[name].home()
        assert kind(session.get(url), name) == "challenge"
        page = session.get(url)
        assert kind(page, name) == "challenge"
        action, fields = filled_in(page.text)
        page = session.post(server.address + action, fields)
        assert kind(page, name) == "login"
        assert kind(session.get(url), name) == "login"


@by_name
def test_a_market_that_has_closed(name: str) -> None:
    closed = world_of(name).closed
    assert closed is not None
    at = datetime(closed.year, closed.month, closed.day, tzinfo=UTC)
    with serving(name, at=at) as server, reader(server) as session:
        assert kind(session.get(server.address + listing_address(name)), name) == "error"
    with serving(name, at=at - timedelta(seconds=1)) as server, reader(server) as session:
        assert kind(session.get(server.address + market_sites()[name].home()), name) == "index"


def test_a_mirror_that_dies() -> None:
    dies = {"alive.onion": None, "dead.onion": datetime(2017, 1, 1, tzinfo=UTC)}
    with simulation(["dream"], listings=40, vendors=4, mirrors=["alive.onion"]) as running:
        server = running.servers["dream"]
        server.site.world.mirrors.update(dies)
        with reader(server) as session:
            url = f"{server.address}/?proceed"
            assert "alive.onion" in session.get(url, headers={"Host": "alive.onion"}).text
            assert "dead.onion" not in session.get(url, headers={"Host": "alive.onion"}).text
            with pytest.raises(requests.ConnectionError):
                session.get(url, headers={"Host": "dead.onion"})
    assert read_mirrors(["a.onion=2019-01-05", "b.onion"]) == {
        "a.onion": datetime(2019, 1, 5, 12, tzinfo=UTC),
        "b.onion": None,
    }


def test_the_control_port_hands_out_sessions_and_counts() -> None:
    with (
        serving("dream") as server,
        Control({"dream": server.site}) as control,
        requests.Session() as session,
    ):
        session.trust_env = False
        made = session.post(f"{control.address}/session?name=one&host=x.onion").json()["dream"]
        assert made["cookies_txt"].splitlines()[1].startswith("x.onion\tFALSE\t/\t")
        session.cookies.set(made["name"], made["value"])
        address = server.address + listing_address("dream")
        assert kind(session.get(address), "dream") == "listing"
        counters = session.get(f"{control.address}/counters").json()["dream"]
        assert counters == {"requests": 1, "served/listing": 1, "status/200": 1}
        assert session.post(f"{control.address}/end-sessions").json() == {"dream": 1}
        assert kind(session.get(address), "dream") == "login"
        set_to = session.post(f"{control.address}/clock?at=2019-01-05T10:00:00Z").json()
        assert set_to == {"dream": "2019-01-05T10:00:00Z"}
        session.post(f"{control.address}/faults?bad_gateway=1")
        assert session.get(address).status_code == 502
        refused = session.post(f"{control.address}/faults?nonsense=1")
        assert (refused.status_code, session.get(control.address).status_code) == (400, 404)
        assert session.get(f"{control.address}/counters?market=none").status_code == 404


def test_a_log_has_a_line_for_each_request_and_no_cookie() -> None:
    log = io.StringIO()
    few = {"listings": 30, "vendors": 3, "reviews": 10}
    with (
        simulation(["empire"], **few, log=log) as running,  # type: ignore[arg-type]
        reader(running.servers["empire"]) as session,
    ):
        session.get(f"{running.servers['empire'].address}/home")
        session.get(f"{running.servers['empire'].address}/public/css/style.css")
        cookie = session.cookies["session"]
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["served"] for line in lines] == ["index", "asset"]
    assert cookie not in log.getvalue()


def test_cookies_are_written_as_other_tools_read_them(tmp_path: Path) -> None:
    path = tmp_path / "cookies.txt"
    write_cookies(path, "market.onion", {"session": "abc"})
    jar = MozillaCookieJar(str(path))
    jar.load()
    assert [(c.name, c.value, c.domain) for c in jar] == [("session", "abc", "market.onion")]
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_command_writes_the_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "truth.jsonl"
    simulate(listings=20, vendors=3, reviews=30, serve=False, truth=path, port=0)
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert {(r["market"], r["type"]) for r in records} == {
        (name, what) for name in NAMES for what in ("vendor", "listing", "review")
    }
    assert "records that are true" in capsys.readouterr().out
    with pytest.raises(BadCall, match="Unknown market 'nowhere'"):
        simulate(["nowhere"], serve=False)


def test_what_a_date_is() -> None:
    assert read_date(None) is None
    assert read_date("2019-01-05T10:30:00+02:00") == datetime(2019, 1, 5, 8, 30, tzinfo=UTC)
    now = read_date("now")
    assert now is not None and abs(datetime.now(UTC) - now) < timedelta(minutes=1)
    with pytest.raises(BadCall):
        read_date("soon")
    with simulation(["dream"], listings=20, vendors=3, date="now") as running:
        site = running.servers["dream"].site
        assert site.world.closed is None
        assert list(site.market_site.listings(site.world, site.clock.now()))


@by_name
def test_nonsense_is_answered_and_no_defect(name: str) -> None:
    nines = "9" * 5000
    paths = ["/%00", "/%ff%fe", "//x", f"/offer/{nines}", f"/product/{nines}/1/2", "/offer/٣"]
    paths += [f"/?page={nines}&category=104", "/?category[]=1", "/viewProduct?offer=.", "/u/%2e%2e"]
    paths += [f"/category/categories/2/{nines}", "/Profile/setUserTab/pgp/%F0%9F", "/profile//pgp"]
    with serving(name) as server, reader(server) as session:
        for path in paths:
            url = server.address + path
            assert session.get(url, headers={"Host": "<script>"}).status_code in (200, 404)
        posted = {"page": nines, "dofilter": "0", "form[limit]": "²", "menuCatT": "<b>"}
        assert session.post(f"{server.address}/index", posted).status_code in (200, 404)
        assert "defects" not in server.site.snapshot()


@by_name
def test_many_readers_at_once(name: str) -> None:
    address = listing_address(name)
    with serving(name) as server, ThreadPoolExecutor(8) as pool:

        def read(number: int) -> str:
            with reader(server, f"reader {number}") as session:
                return "".join(session.get(server.address + address).text for _ in range(5))

        assert set(pool.map(read, range(8))) == {true_page(server, address) * 5}
        assert server.site.snapshot()["requests"] == 40
