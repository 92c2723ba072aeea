"""`cryptodrug fetch`: one page of a market that is served on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cryptodrug_scraper.access.mirrors import MirrorStore
from cryptodrug_scraper.access.sessions import SessionStore
from cryptodrug_scraper.cli.errors import Code
from parsers import parse_page
from tests.cli.fetching import ONION, archived, fetched, files, holding, prepare, stored
from tests.cli.running import run
from tests.crawl.onions import onion
from tests.simulator.serving import NAMES, listing_address, serving


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CRYPTODRUG_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path / "data"


@pytest.mark.parametrize("market", NAMES)
def test_a_page_is_archived_and_shown(data: Path, market: str) -> None:
    with serving(market) as server:
        cookie = prepare(data, server, market)
        address = server.address + listing_address(market)
        result = fetched(address, "--direct", "--operator", "Ann")
        assert result.exit_code == 0, result.output
        assert f"market   {market}\nkind     listing" in result.stdout
        assert "Listing" in result.stdout and "status   200" in result.stdout
        (page,) = archived(data, market)
        assert f"Archived in {page.location.partition('#')[0]}" in result.stderr
        assert (page.url, page.status) == (address, 200)
        assert page.crawl is not None
        assert (page.crawl.operator, page.crawl.options["command"]) == ("Ann", "fetch")
        record = fetched(address, "--direct", "--json")
    said = json.loads(record.stdout)
    assert said["kind"] == "listing" and said["market"] == market and said["url"] == address
    assert cookie not in result.output + record.output
    assert holding(data, cookie) == {f"sessions/{market}/default.json"}
    assert (stored(data, market).requests, stored(data, market).state) == (2, "live")
    (mirror,) = MirrorStore(data / "mirrors").all(market)
    assert (mirror.ok, mirror.failed) == (2, 0)
    assert run("doctor", page.location).exit_code == 0
    again = run("replay", data / "archive" / market / "fetch", "--dry-run", "--workers", "1")
    assert again.exit_code == 0 and "2 pages read" in again.stdout


@pytest.mark.parametrize(
    ("fault", "code", "state", "captures", "said"),
    [
        ("cut_off", 1, "live", 1, "ended before its end"),
        ("cut_off_silently", 1, "live", 1, "ended before its end"),
        ("length_short", 1, "live", 1, "ended before its end"),
        ("length_long", 1, "live", 1, "ended before its end"),
        ("gzip", 0, "live", 1, "Archived"),
        ("gzip_cut", 1, "live", 1, "ended before its end"),
        ("chunked", 0, "live", 1, "Archived"),
        ("bomb", 1, "live", 0, "too large"),
        ("huge", 1, "live", 0, "too large"),
        ("slow", 1, "live", 0, "within 1 s"),
        ("timeout", 1, "live", 0, "within 1 s"),
        ("reset", 1, "live", 0, "connection was lost"),
        ("redirect_loop", 1, "live", 6, "for ever"),
        ("redirect_out", 1, "live", 1, "another host"),
        ("redirect_phishing", 1, "live", 1, "another host"),
        ("login", 75, "ended", 1, "session add"),
        ("expired", 75, "ended", 1, "session add"),
        ("lost_404", 75, "ended", 2, "session add"),
        ("challenge", 75, "walled", 2, "Solve it in Tor Browser"),
        ("challenge_stays", 75, "walled", 2, "Solve it in Tor Browser"),
        ("refresh", 75, "resting", 2, "some minutes"),
        ("missing", 1, "live", 2, "no such page"),
        ("server_error", 1, "live", 1, "500"),
        ("bad_gateway", 1, "live", 1, "502"),
        ("clearnet", 0, "live", 1, "Archived"),
    ],
)
def test_what_can_go_wrong(
    data: Path, fault: str, code: int, state: str, captures: int, said: str
) -> None:
    patience = 5 if fault in ("slow", "timeout") else 0.3
    with serving("dream", f"{fault}=1", patience=patience) as server:
        cookie = prepare(data, server, "dream")
        timeout = "1" if fault in ("slow", "timeout") else "20"
        address = server.address + listing_address("dream")
        result = fetched(address, "--direct", "--timeout", timeout)
        asked = server.site.snapshot()["requests"]
    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert (stored(data).state, stored(data).requests) == (state, asked)
    assert holding(data, cookie) == {"sessions/dream/default.json"}
    warcs = list((data / "archive").rglob("*.warc.gz")) if (data / "archive").exists() else []
    assert len(warcs) == (captures > 0)
    pages = archived(data)
    if fault.startswith("redirect"):
        assert pages == []  # they have no body, and are in it all the same
    else:
        assert len(pages) == captures
    cut = fault.startswith(("cut_off", "length", "gzip_cut"))
    assert all(page.cut_short == cut for page in pages)
    if captures:
        assert _responses(warcs[0]) == captures
    if cut:  # half a page gives wrong values
        assert "kind     error: cut short" in result.stdout and "Listing" not in result.stdout


def _responses(path: Path) -> int:
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    kinds = WarcRecordType.response | WarcRecordType.revisit
    with path.open("rb") as file:
        return sum(1 for _ in ArchiveIterator(file, record_types=kinds))


def test_a_page_that_stands_once_is_asked_for_again(data: Path) -> None:
    with serving("dream", "challenge=0.5") as server:
        prepare(data, server, "dream")
        address = server.address + listing_address("dream")
        command = (address, "--direct", "--session", "default")
        codes = {fetched(*command).exit_code for _ in range(12)}
        assert server.site.snapshot()["fault/challenge"] > 1
        assert 0 in codes
        assert stored(data).requests == server.site.snapshot()["requests"]


def test_redirects_within_the_market_are_followed_and_archived(data: Path) -> None:
    with serving("empire") as server:
        prepare(data, server, "empire")
        page = fetched(server.address + listing_address("empire"), "--direct", "--json")
        tab = next(
            link["url"]
            for link in json.loads(page.stdout)["links"]
            if "setTab" in link["url"] and "desc" not in link["url"].lower()
        )
        result = fetched(server.address + tab.removeprefix(server.address), "--direct", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["kind"] == "listing"
    newest = max((data / "archive").rglob("*.warc.gz"), key=lambda p: p.stat().st_mtime)
    assert _responses(newest) == 2


def test_a_link_that_is_a_form_is_posted(data: Path) -> None:
    with serving("wall_street") as server:
        prepare(data, server, "wall_street")
        home = json.loads(fetched(f"{server.address}/index", "--direct", "--json").stdout)
        links = [link["url"] for link in home["links"] if "#" in link["url"]]
        address = server.address + links[0].removeprefix(server.address)
        result = fetched(address, "--direct", "--json")
        assert result.exit_code == 0, result.output
        results = json.loads(result.stdout)
        assert results["kind"] == "search" and results["listings"]
        posted = fetched(
            f"{server.address}/index", "--direct", "--json", "--post", address.partition("#")[2]
        )
        assert json.loads(posted.stdout)["listings"]
        assert server.site.snapshot()["requests"] == 3
    assert len(archived(data, "wall_street")) == 3


def test_what_stands_behind_a_hash_means_nothing_elsewhere(data: Path) -> None:
    with serving("dream") as server:
        prepare(data, server, "dream")
        result = fetched(f"{server.address}{listing_address('dream')}#a=b", "--direct", "--json")
    assert result.exit_code == 0
    assert "#" not in json.loads(result.stdout)["url"]


def test_of_a_host_that_is_no_mirror_the_page_tells_the_market(data: Path) -> None:
    with serving("dream") as other, serving("dream") as server:
        cookie = prepare(data, other, "dream")
        # Without a session, and nobody's cookies: a login page.
        result = fetched(f"{server.address}/", "--direct")
        assert result.exit_code == 75, result.output
        assert "no session is used" in result.stderr
        assert "market   dream" in result.stdout
        assert len(archived(data)) == 1
        told = fetched(f"{server.address}/", "--direct", "--market", "dream")
        assert told.exit_code == 75 and "mirror add dream" in told.stderr
        assert "session add dream" in told.stderr
        refused = fetched(
            f"{server.address}/", "--direct", "--market", "dream", "--session", "default"
        )
        assert refused.exit_code == 2 and "cookies go to no other host" in refused.stderr
        nobody = fetched(f"{other.address}/", "--direct", "--anonymous")
        assert nobody.exit_code == 75
    assert stored(data).requests == 0 and stored(data).state == "live"
    assert holding(data, cookie) == {"sessions/dream/default.json"}


def test_a_page_of_no_market_is_not_archived(data: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("<html><body>hello</body></html>")
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    with ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(site))
    ) as http:
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            url = f"http://127.0.0.1:{http.server_address[1]}/"
            result = fetched(url, "--direct")
            told = fetched(url, "--direct", "--market", "dream")
        finally:
            http.shutdown()
            thread.join(10)
    assert result.exit_code == told.exit_code == 1
    assert "not archived" in result.stderr and "--market" in result.stderr
    assert "kind     unknown" in told.stdout
    assert len(archived(data)) == 1


def test_the_first_live_session_is_used(data: Path) -> None:
    with serving("dream") as server:
        for name in ("anna", "ben", "cara"):
            prepare(data, server, "dream", name)
        store = SessionStore(data / "sessions")
        store.mark(stored(data, name="anna"), "ended", "signed out")
        address = server.address + listing_address("dream")
        assert fetched(address, "--direct").exit_code == 0
        assert [i.requests for i in store.all("dream")] == [0, 1, 0]
        assert fetched(address, "--direct", "--session", "anna").exit_code == 0
        assert (stored(data, name="anna").requests, stored(data, name="anna").state) == (1, "live")
        for name in ("anna", "ben", "cara"):
            store.mark(stored(data, name=name), "ended", "signed out")
        result = fetched(address, "--direct")
        assert result.exit_code == 75 and "none that is live (anna is ended" in result.stderr
        assert "no session nobody" in fetched(address, "--direct", "--session", "nobody").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["http://search.example/"], "Nothing but onion services"),
        (["https://search.example/", "--direct"], "Nothing but onion services"),
        (["search.example"], "no onion service"),
        (["ftp://x.onion/"], "scheme"),
        ([f"http://me:s3cretvalue@{ONION}/"], "credentials"),
        ([f"http://{'a' * 56}.onion/"], "version"),
        ([f"http://{ONION}.evil.example/"], "no onion service"),
        ([f"http://{ONION}/", "--direct"], "through Tor only"),
        (["http://127.0.0.1:1/"], "use --direct"),
        ([f"http://{ONION}/", "--market", "dreem"], "Did you mean dream"),
        ([f"http://{ONION}/", "--max-page", "big"], "--max-page"),
        ([f"http://{ONION}/", "--market", "empire"], "a mirror of dream, not of empire"),
        ([f"http://{ONION}/", "--socks", "nowhere"], "--socks: 'nowhere'"),
        ([f"http://{onion(2)}/", "--session", "x"], "Of which market"),
        ([f"http://{ONION}/", "--session", "x", "--anonymous"], "exclude"),
    ],
)
def test_what_is_refused(data: Path, arguments: list[str], said: str) -> None:
    MirrorStore(data / "mirrors").add("dream", ONION)
    before = files(data)
    result = fetched(*arguments)
    assert result.exit_code == Code.BAD_INPUT, result.output
    assert said in result.stderr
    assert files(data) == before


def test_a_database_is_loaded(data: Path, migrated_url: str) -> None:
    with serving("dream") as server:
        prepare(data, server, "dream")
        address = server.address + listing_address("dream")
        result = fetched(address, "--direct", "--load", "--database-url", migrated_url)
    assert result.exit_code == 0, result.output
    assert "1 new, 0 loaded before" in result.stderr
    folder = data / "archive" / "dream" / "fetch"
    again = run("replay", folder, "--database-url", migrated_url, "--workers", "1")
    assert "0 new, 1 loaded before" in again.stdout
    asked = run(
        "db",
        "query",
        "--database-url",
        migrated_url,
        "--format",
        "csv",
        "SELECT market, count(*), max(outcome) FROM crawl_run GROUP BY 1",
    )
    assert "dream,1,finished" in asked.stdout
    page = archived(data)[0]
    title = parse_page(page.body, market="dream", url=page.url).listings[0].title
    rows = run("db", "query", "--database-url", migrated_url, "SELECT title FROM listing_latest")
    assert title is not None and title[:20] in rows.stdout
