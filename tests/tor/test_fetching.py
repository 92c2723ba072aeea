"""Pages come through onion routing, with each of the programs that fetch."""

from __future__ import annotations

import httpx2
import pytest
import requests

from cryptodrug_scraper.tor.address import is_onion, may_leave
from cryptodrug_scraper.tor.circuits import proxy_url
from tests.tor.network import RunningNetwork
from tests.tor.onions import onion_of

pytestmark = pytest.mark.slow


def test_with_requests(tor_network: RunningNetwork, onion: str) -> None:
    assert is_onion(onion)
    assert may_leave(f"http://{onion}/") is None
    proxy = proxy_url(tor_network.socks, "fetching with requests")
    got = requests.get(f"http://{onion}/", proxies={"http": proxy, "https": proxy}, timeout=60)
    assert (got.status_code, got.text) == (200, "hello")


def test_with_httpx2(tor_network: RunningNetwork, onion: str) -> None:
    proxy = proxy_url(tor_network.socks, "fetching/with httpx2?")
    with httpx2.Client(proxy=proxy, timeout=60) as client:
        got = client.get(f"http://{onion}/")
    assert (got.status_code, got.text) == (200, "hello")


def test_a_service_below_its_address_and_one_that_is_not_there(
    tor_network: RunningNetwork, onion: str
) -> None:
    proxy = proxy_url(tor_network.socks, "fetching")
    with httpx2.Client(proxy=proxy, timeout=60) as client:
        assert client.get(f"http://www.{onion}/").text == "hello"
        with pytest.raises(httpx2.ProxyError):
            client.get(f"http://{onion_of(bytes(range(32)))}/")
