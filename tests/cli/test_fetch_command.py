"""`cryptodrug fetch`: one page of a market that is served on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import Result

from cryptodrug_scraper.archive import ArchiveReader, Page
from cryptodrug_scraper.cli.errors import Code
from cryptodrug_scraper.crawl.mirrors import MirrorStore
from cryptodrug_scraper.crawl.sessions import Identity, SessionStore
from cryptodrug_scraper.simulator.server import Server
from parsers import parse_page
from tests.cli.running import run
from tests.conftest import ROOT
from tests.crawl.onions import onion
from tests.crawl.socks import tor
from tests.simulator.serving import NAMES, listing_address, serving
from tests.tor.network import RunningNetwork

ONION = onion(1)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CRYPTODRUG_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path / "data"


def prepare(data: Path, server: Server, market: str, name: str = "default") -> str:
    """Store a mirror, and a session that is signed in at it; return its cookie's value."""
    cookie = server.site.sessions.make(name).cookie
    SessionStore(data / "sessions").add(market, name, {"session": cookie})
    MirrorStore(data / "mirrors").add(market, server.address)
    return cookie


def stored(data: Path, market: str = "dream", name: str = "default") -> Identity:
    return SessionStore(data / "sessions").get(market, name)


def archived(data: Path, market: str = "dream") -> list[Page]:
    """All that was archived, read back; nothing in it is broken."""
    folder = data / "archive" / market / "fetch"
    if not folder.exists():
        return []
    reader = ArchiveReader([folder])
    items = list(reader)
    pages = [item for item in items if isinstance(item, Page)]
    assert {i.code for i in items if not isinstance(i, Page)} <= {"cut_short"}
    assert all(page.crawl is not None for page in pages)
    return pages


def files(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def holding(folder: Path, secret: str) -> set[str]:
    """The files in which a secret stands, also in packed ones."""
    import gzip

    found = set()
    for path in folder.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            if path.suffix == ".gz":
                body += gzip.decompress(body)
            if secret.encode() in body:
                found.add(str(path.relative_to(folder)))
    return found


def fetched(*arguments: str) -> Result:
    result = run("fetch", *arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


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


def test_without_tor(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    MirrorStore(data / "mirrors").add("dream", ONION)
    SessionStore(data / "sessions").add("dream", "default", {"a": "s3cretvalue"})
    monkeypatch.setenv("CRYPTODRUG_TOR_SOCKS", "127.0.0.1:1")
    before = files(data)
    for arguments in ([], ["--socks", "127.0.0.1:2"]):
        result = fetched(f"http://{ONION}/", *arguments)
        assert result.exit_code == Code.TOR, result.output
        assert "cryptodrug tor run" in result.stderr
    assert files(data) == before
    assert stored(data).requests == 0


def test_through_tor_by_name_on_the_sessions_circuit(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving("dream") as server:
        prepare(data, server, "dream", "anna")
        MirrorStore(data / "mirrors").add("dream", ONION)
        with tor(monkeypatch, ("127.0.0.1", server.port)) as socks:
            address = f"http://{ONION}{listing_address('dream')}"
            assert fetched(address).exit_code == 0
            assert socks.users == ["dream-anna-0"]
            for _ in range(2):
                assert fetched(address, "--anonymous").exit_code == 75
            assert len(set(socks.users)) == 3  # nobody is not known again
            assert set(socks.hosts) == {ONION}


@pytest.mark.parametrize("reply", [1, 4, 6])
def test_tor_cannot_reach_it(data: Path, monkeypatch: pytest.MonkeyPatch, reply: int) -> None:
    MirrorStore(data / "mirrors").add("dream", ONION)
    with tor(monkeypatch, None, reply):
        result = fetched(f"http://{ONION}/", "--anonymous")
    assert result.exit_code == 1
    assert "Tor could not reach it" in result.stderr
    (mirror,) = MirrorStore(data / "mirrors").all("dream")
    assert mirror.failed == 1


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


_COUNTING = """
import sys
told = []
def hook(event, arguments):
    if event == "socket.connect":
        told.append(("connect", arguments[1]))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyname_ex"):
        told.append(("look up", arguments[0]))
sys.addaudithook(hook)
from cryptodrug_scraper.cli import main
sys.argv = ["cryptodrug", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    code = end.code
import json
print("\\n" + json.dumps([code, told]), file=sys.stderr)
"""


def counted(*arguments: str) -> tuple[int, list[tuple[str, object]]]:
    """Run the command; return its code, and all names that were looked up or connected to."""
    done = subprocess.run(
        [sys.executable, "-c", _COUNTING, "fetch", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"},
        timeout=100,
        check=False,
    )
    code, told = json.loads(done.stderr.splitlines()[-1])
    return code, told


@pytest.mark.parametrize("fault", ["redirect_out", "redirect_phishing", "clearnet"])
def test_nothing_else_is_connected_to_or_looked_up(data: Path, fault: str) -> None:
    with serving("dream", f"{fault}=1") as server:
        prepare(data, server, "dream")
        code, told = counted(server.address + listing_address("dream"), "--direct")
    assert code == (0 if fault == "clearnet" else 1)
    assert [what for what in told if what[0] == "connect"] == [
        ["connect", ["127.0.0.1", server.port]]
    ]
    assert all("127.0.0.1" in str(what[1]) for what in told)


def test_clearnet_addresses_are_not_even_looked_up() -> None:
    for url in ("http://search.example/", "https://127.0.0.1.evil.example/", f"http://{ONION}/"):
        code, told = counted(url, "--direct")
        assert (code, told) == (2, [])


def test_through_tor_no_name_is_looked_up(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving("dream", "redirect_out=1") as server:
        prepare(data, server, "dream")
        MirrorStore(data / "mirrors").add("dream", ONION)
        with tor(monkeypatch, ("127.0.0.1", server.port)) as socks:
            code, told = counted(f"http://{ONION}{listing_address('dream')}")
            assert code == 1
            assert socks.hosts == [ONION]
            port = int(socks.address.rpartition(":")[2])
    assert all(what[1] in ("127.0.0.1", ["127.0.0.1", port]) for what in told), told


@pytest.mark.slow
def test_through_the_tor_network(
    data: Path, monkeypatch: pytest.MonkeyPatch, tor_network: RunningNetwork
) -> None:
    monkeypatch.setenv("CRYPTODRUG_TOR_SOCKS", tor_network.socks)
    with serving("dream") as server:
        cookie = prepare(data, server, "dream")
        host = tor_network.publish(server.port)
        try:
            MirrorStore(data / "mirrors").add("dream", host)
            address = f"http://{host}{listing_address('dream')}"
            result = fetched(address, "--json")
            nobody = fetched(address, "--anonymous")
            checked = run("session", "check", "dream")
        finally:
            tor_network.withdraw(host)
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert (said["kind"], said["url"]) == ("listing", address)
    assert nobody.exit_code == 75
    assert checked.exit_code == 0 and f"signed in (http://{host}" in checked.stdout
    assert {page.url for page in archived(data)} == {address}
    assert holding(data, cookie) == {"sessions/dream/default.json"}
