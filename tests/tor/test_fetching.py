"""Pages come through onion routing, with each of the programs that fetch."""

from __future__ import annotations

import pytest
import requests

from cryptodrug_scraper.client.answer import NoAnswer
from cryptodrug_scraper.client.http_client import HttpClient, ask
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


def test_with_the_client_of_a_crawl(tor_network: RunningNetwork, onion: str) -> None:
    proxy = proxy_url(tor_network.socks, "fetching/with the client?")
    with HttpClient() as client:
        for _ in range(2):
            got = client.ask(client.begin(60), f"http://{onion}/", proxy=proxy, page_bytes=1 << 20)
            assert (got.status, got.body) == (200, b"hello")


def test_a_service_below_its_address_and_one_that_is_not_there(
    tor_network: RunningNetwork, onion: str
) -> None:
    proxy = proxy_url(tor_network.socks, "fetching")
    below = ask(f"http://www.{onion}/", proxy=proxy, timeout=60, page_bytes=1 << 20)
    assert below.body == b"hello"
    with pytest.raises(NoAnswer, match="Tor could not reach it") as caught:
        ask(f"http://{onion_of(bytes(range(32)))}/", proxy=proxy, timeout=60, page_bytes=1 << 20)
    assert not caught.value.tor
