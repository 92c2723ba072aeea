"""Identities are kept apart, by their names and in the real network."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests.utils import get_auth_from_url

from cryptodrug_scraper.common.processes import wait_for
from cryptodrug_scraper.tor.circuits import LONGEST_IDENTITY, proxy_url
from cryptodrug_scraper.tor.control import TorControl
from cryptodrug_scraper.tor.process import OwnTor
from tests.tor.network import RunningNetwork

SOCKS = "127.0.0.1:9050"
NAMES = st.text(
    st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=LONGEST_IDENTITY // 4
).filter(lambda name: not name.startswith("<torS0X>"))


def test_the_usual_form() -> None:
    assert proxy_url(SOCKS, "reader") == "socks5h://reader-0:x@127.0.0.1:9050"
    assert proxy_url("[::1]:1", "reader", 7) == "socks5h://reader-7:x@[::1]:1"


@given(NAMES, st.integers(0, 1000))
def test_any_identity_is_quoted(identity: str, circuit: int) -> None:
    url = proxy_url(SOCKS, identity, circuit)
    split = urlsplit(url)
    assert (split.scheme, split.hostname, split.port) == ("socks5h", "127.0.0.1", 9050)
    assert unquote(split.username or "") == f"{identity}-{circuit}"
    assert get_auth_from_url(url) == (f"{identity}-{circuit}", "x")


@given(st.lists(st.tuples(NAMES, st.integers(0, 99)), min_size=2, max_size=2, unique=True))
def test_different_identities_have_different_names(pair: list[tuple[str, int]]) -> None:
    (one, m), (other, n) = pair
    assert proxy_url(SOCKS, one, m) != proxy_url(SOCKS, other, n)


@pytest.mark.parametrize(
    ("socks", "identity", "circuit"),
    [
        ("nowhere", "a", 0),
        (SOCKS, "", 0),
        (SOCKS, "a\nb", 0),
        (SOCKS, "a" * 201, 0),
        (SOCKS, "<torS0X>0a", 0),
        (SOCKS, "a", -1),
    ],
)
def test_what_cannot_be_used_is_refused(socks: str, identity: str, circuit: int) -> None:
    with pytest.raises(ValueError, match=r"identity|address|number"):
        proxy_url(socks, identity, circuit)


def circuits_by_user(control: TorControl) -> dict[str, set[str]]:
    """Return the numbers of the built circuits of each SOCKS user name."""
    found: dict[str, set[str]] = {}
    for line in control.ask("circuit-status").splitlines():
        words = line.split()
        for word in words:
            if word.startswith("SOCKS_USERNAME=") and "PURPOSE=HS_CLIENT_REND" in words:
                name = word.removeprefix("SOCKS_USERNAME=").strip('"')
                found.setdefault(name, set()).add(words[0])
    return found


@pytest.mark.slow
def test_each_identity_and_each_number_has_circuits_of_its_own(
    tor_network: RunningNetwork, onion: str, tmp_path: Path
) -> None:
    wanted = {"anna-0", "anna-1", "bert-0"}
    # A client of its own: other tests ask the shared one for new circuits.
    with OwnTor(tmp_path / "tor", extra_config=tor_network.lines) as tor:
        tor.start()
        for identity, circuit in (("anna", 0), ("bert", 0), ("anna", 1), ("anna", 0)):
            proxy = proxy_url(tor.socks, identity, circuit)
            got = requests.get(f"http://{onion}/", proxies={"http": proxy}, timeout=60)
            assert got.text == "hello"
        with TorControl(tor.control) as control:
            assert wait_for(lambda: wanted <= set(circuits_by_user(control)), 10)
            by_user = circuits_by_user(control)
    numbers = [number for user in wanted for number in by_user[user]]
    assert len(numbers) == len(set(numbers))
    assert len(by_user["anna-0"]) == 1  # the same again took the same circuit
