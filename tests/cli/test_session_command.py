"""`cryptodrug session`: cookies in, and a look at a market that is served on this machine."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from typer.testing import Result

from cryptodrug_scraper.access.mirrors import MirrorStore
from cryptodrug_scraper.access.sessions import Identity, SessionStore
from cryptodrug_scraper.cli.errors import Code
from simulator.server import Server
from simulator.sessions import cookies_txt
from tests.cli.running import run, shell
from tests.crawl.onions import onion
from tests.crawl.socks import tor
from tests.simulator.serving import NAMES, serving

ONION = onion(1)
SECRET = "s3cretvalue0123456789"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CRYPTODRUG_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def asked(*arguments: str | Path, given: str | None = None) -> Result:
    """Run `cryptodrug session`; no secret is in what it says."""
    result = run("session", *arguments, given=given)
    assert SECRET not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def stored(data: Path, market: str = "dream", name: str = "default") -> Identity:
    return SessionStore(data / "sessions").get(market, name)


# -- add, list, remove -----------------------------------------------------------------------


def test_a_session_is_added_listed_and_removed(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "cookies.txt"
    file.write_text(cookies_txt(ONION, {"session": SECRET, "theme": "dark"}))
    result = asked("add", "dream", "--cookies", file, "--user-agent", "Mozilla/5.0 (X)")
    assert result.exit_code == 0
    assert result.stdout == "Session default of dream is added: session, theme.\n"
    assert "mirror add dream" in result.stderr
    assert "delete it" in result.stderr
    assert stored(data).cookies == {"session": SECRET, "theme": "dark"}
    assert (data / "sessions" / "dream" / "default.json").stat().st_mode & 0o777 == 0o600
    asked("add", "empire", "--cookies", "-", "--name", "anna", given=f"Cookie: s={SECRET}\n")
    (line,) = asked("list", "dream", "--json").stdout.splitlines()
    shown = json.loads(line)
    assert shown["cookies"] == ["session", "theme"]
    assert (shown["market"], shown["name"], shown["state"]) == ("dream", "default", "live")
    assert shown["user_agent"] == "Mozilla/5.0 (X)"
    table = asked("list").stdout
    assert "2 sessions" in table and "anna" in table and "session, theme" in table
    again = asked("add", "dream", "--cookies", "-", given=f"session={SECRET}x")
    assert "has fresh cookies" in again.stdout
    assert asked("remove", "dream", "default").exit_code == 0
    assert asked("remove", "dream", "default").exit_code == 2
    assert asked("list", "dream", "--json").stdout == ""


def test_cookies_of_others_are_left_out(data: Path) -> None:
    MirrorStore(data / "mirrors").add("dream", f"http://{ONION}")
    text = cookies_txt(ONION, {"session": SECRET}) + cookies_txt("search.example", {"id": SECRET})
    result = asked("add", "dream", "--cookies", "-", given=text)
    assert "search.example (1)" in result.stderr
    assert stored(data).cookies == {"session": SECRET}


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (["dream", "--cookies", "none.txt"], None, "no file 'none.txt'"),
        (["dreem", "--cookies", "-"], f"a={SECRET}", "Did you mean dream?"),
        (["dream", "--cookies", "-", "--name", "../x"], f"a={SECRET}", "cannot be a session's"),
        (["dream", "--cookies", "-"], f"a={SECRET}\x00", "'a'"),
        (["dream", "--cookies", "-"], f"x\t{SECRET}", "Line 1"),
        (["dream", "--cookies", "-"], f'[{{"name": "{SECRET}"', "Line 1"),
        (["dream", "--cookies", "-", "--user-agent", "a\nb"], f"a={SECRET}", "user agent"),
    ],
)
def test_what_is_refused(data: Path, arguments: list[str], given: str | None, said: str) -> None:
    result = asked("add", *arguments, given=given)
    assert result.exit_code == Code.BAD_INPUT
    assert said in result.stderr
    assert SessionStore(data / "sessions").all() == []


def test_a_damaged_session_is_named_and_passed_over(data: Path) -> None:
    for name in ("good", "bad"):
        asked("add", "dream", "--cookies", "-", "--name", name, given=f"a={SECRET}")
    (data / "sessions" / "dream" / "bad.json").write_text(SECRET)
    result = asked("list")
    assert result.exit_code == 0
    assert "dream/bad" in result.stderr
    assert "good" in result.stdout
    (data / "sessions" / "dream").chmod(0o755)
    result = asked("list")
    assert result.exit_code == Code.BAD_INPUT
    assert "chmod 700" in result.stderr


# -- check -----------------------------------------------------------------------------------


def prepare(data: Path, server: Server, market: str, name: str = "default") -> str:
    """Store a session that is signed in at a server; return its cookie's value."""
    cookie = server.site.sessions.make(name).cookie
    SessionStore(data / "sessions").add(market, name, {"session": cookie})
    MirrorStore(data / "mirrors").add(market, server.address)
    return cookie


@pytest.mark.parametrize("market", NAMES)
@pytest.mark.parametrize(
    ("fault", "code", "state", "said"),
    [
        ("", 0, "live", "signed in"),
        ("login=1", 75, "ended", "signed out"),
        ("expired=1", 75, "ended", "signed out"),
        ("lost_404=1", 75, "ended", "signed out"),
        ("challenge_stays=1", 75, "walled", "captcha"),
        ("refresh=1", 75, "resting", "waiting page"),
        ("bad_gateway=1", 1, "live", "not reachable"),
        ("reset=1", 1, "live", "connection was lost"),
        ("cut_off=1", 1, "live", "broke off"),
        ("bomb=1", 1, "live", "too large"),
        ("redirect_out=1", 1, "live", "another host"),
        ("redirect_loop=1", 1, "live", "for ever"),
    ],
)
def test_what_a_look_finds(
    data: Path, market: str, fault: str, code: int, state: str, said: str
) -> None:
    with serving(market, *filter(None, [fault])) as server:
        cookie = prepare(data, server, market)
        result = asked("check", market, "--direct")
        asked_for = server.site.snapshot()["requests"]
    assert result.exit_code == code, result.output
    assert said in result.output
    assert cookie not in result.output
    identity = stored(data, market)
    assert identity.state == state
    assert identity.requests == asked_for <= 6
    assert identity.used_at is not None
    (mirror,) = MirrorStore(data / "mirrors").all(market)
    assert (mirror.ok, mirror.failed) == ((0, 1) if "reach" in result.output else (1, 0))
    assert {path.name for path in data.iterdir()} == {"sessions", "mirrors"}


def test_a_page_that_is_not_there_tells_nothing(data: Path) -> None:
    with serving("dream", "missing=1") as server:
        prepare(data, server, "dream")
        result = asked("check", "dream", "--direct")
    assert result.exit_code == Code.PARTLY_FAILED
    assert "not clear" in result.stderr
    assert stored(data).state == "live"


def test_a_captcha_page_that_stands_once_is_no_wall(data: Path) -> None:
    with serving("dream", "challenge=0.5") as server:
        prepare(data, server, "dream")
        found = {asked("check", "dream", "--direct").exit_code for _ in range(12)}
        counted = server.site.snapshot()
    assert counted["fault/challenge"] > 1
    assert 0 in found


def test_a_session_is_live_again_when_it_is_signed_in(data: Path) -> None:
    with serving("dream") as server:
        prepare(data, server, "dream")
        store = SessionStore(data / "sessions")
        assert store.mark(stored(data), "walled", "a captcha page")
        assert asked("check", "dream", "default", "--direct").exit_code == 0
        assert (stored(data).state, stored(data).why) == ("live", "")
        server.site.sessions.end_all()
        prepare(data, server, "dream", "second")
        result = asked("check", "dream", "--direct")
        assert result.exit_code == Code.NEEDS_SESSION
        assert "default: signed out" in result.stderr
        assert "second: signed in" in result.stdout


def test_another_mirror_is_tried(data: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{closed.getsockname()[1]}"
        MirrorStore(data / "mirrors").add("dream", dead)
        with serving("dream") as server:
            prepare(data, server, "dream")
            result = asked("check", "dream", "--direct")
    assert result.exit_code == 0
    assert f"not reachable ({dead}: it refused the connection)" in result.stderr
    assert [m.address for m in MirrorStore(data / "mirrors").all("dream")] == [server.address, dead]


def test_what_has_to_be_there_first(data: Path) -> None:
    result = asked("check", "dream")
    assert result.exit_code == 2 and "session add dream" in result.stderr
    asked("add", "dream", "--cookies", "-", given=f"a={SECRET}")
    assert "no session nobody" in asked("check", "dream", "nobody").stderr
    result = asked("check", "dream")
    assert result.exit_code == 2 and "mirror add dream" in result.stderr
    MirrorStore(data / "mirrors").add("dream", f"http://{ONION}")
    result = asked("check", "dream", "--direct")
    assert result.exit_code == 2 and "on this machine" in result.stderr
    MirrorStore(data / "mirrors").remove("dream", ONION)
    MirrorStore(data / "mirrors").add("dream", "127.0.0.1:1")
    result = asked("check", "dream")
    assert result.exit_code == 2 and "--direct" in result.stderr


def test_the_environments_proxy_is_not_asked(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with serving("dream") as server:
        prepare(data, server, "dream")
        assert asked("check", "dream", "--direct").exit_code == 0


# -- through Tor -----------------------------------------------------------------------------


def test_a_look_through_socks_names_host_and_identity(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving("dream") as server:
        prepare(data, server, "dream", "anna")
        MirrorStore(data / "mirrors").add("dream", ONION)
        with tor(monkeypatch, ("127.0.0.1", server.port)) as socks:
            result = asked("check", "dream")
            assert result.exit_code == 0, result.output
            assert f"anna: signed in (http://{ONION}" in result.stdout
            assert socks.users == ["dream-anna-0"]
            assert socks.hosts == [ONION]


@pytest.mark.parametrize(("reply", "garbage", "code"), [(4, False, 1), (1, False, 1), (0, True, 5)])
def test_trouble_behind_the_socks_port(
    data: Path, monkeypatch: pytest.MonkeyPatch, reply: int, garbage: bool, code: int
) -> None:
    asked("add", "dream", "--cookies", "-", given=f"session={SECRET}")
    MirrorStore(data / "mirrors").add("dream", ONION)
    with tor(monkeypatch, None, reply, garbage):
        result = asked("check", "dream")
    assert result.exit_code == code, result.output
    assert ("Tor could not reach it" if code == 1 else "not a SOCKS5 port") in result.stderr
    assert stored(data).state == "live"


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere", "127.0.0.1:x"])
def test_without_tor(data: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    asked("add", "dream", "--cookies", "-", given=f"session={SECRET}")
    MirrorStore(data / "mirrors").add("dream", ONION)
    monkeypatch.setenv("CRYPTODRUG_TOR_SOCKS", address)
    result = asked("check", "dream")
    assert result.exit_code == Code.TOR
    assert "CRYPTODRUG_TOR_SOCKS" in result.stderr
    assert stored(data).requests == 0


def test_no_secret_even_with_a_trace(data: Path) -> None:
    given = f"a\t{SECRET}".encode()
    done = shell("--debug", "session", "add", "dream", "--cookies", "-", given=given)
    assert done.returncode != 0
    assert b"Traceback" in done.stderr
    assert SECRET.encode() not in done.stderr + done.stdout
