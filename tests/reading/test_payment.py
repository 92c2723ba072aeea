"""Ways to pay and coins in the words of several markets, and words that are none."""

from __future__ import annotations

import pytest

from cryptodrug_scraper.reading.payment import read_coin, read_payment
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Listing, Notice


@pytest.mark.parametrize(
    ("text", "ways", "unknown"),
    [
        ("Escrow", ["escrow"], []),
        ("Payment: Escrow, MultiSig", ["escrow", "multisig"], []),
        ("2/3 Multi-Sig / FE", ["multisig", "finalize_early"], []),
        ("MultiSig Escrow (2 of 3)", ["multisig"], []),
        ("50% Finalize Early", ["partial_escrow"], []),
        ("FE Listing 100%", ["finalize_early"], []),
        ("Finalize Early (30%)", ["partial_escrow"], []),
        ("100% escrow", ["escrow"], []),
        ("escrow 40%", ["partial_escrow"], []),
        ("Partial", ["partial_escrow"], []),
        ("No escrow", [], ["No escrow"]),
        ("no multisig", [], ["no multisig"]),
        ("150% FE", [], ["150% FE"]),
        ("Escrow and barter, or a wire", ["escrow"], ["barter", "a wire"]),
        ("N\ufffd escrow, FE", ["finalize_early"], ["N\ufffd escrow"]),
        ("  ", [], []),
    ],
)
def test_ways_to_pay_are_read_in_the_words_of_all_markets(
    text: str, ways: list[str], unknown: list[str]
) -> None:
    listing = Listing()
    notices: list[Notice] = []
    read_payment(listing, text, Reader(None, notices))
    assert (listing.payment, [notice.text for notice in notices]) == (ways, unknown)


@pytest.mark.parametrize("text", ["No", "no escrow", "Without escrow"])
def test_no_escrow_is_a_way_to_pay_where_the_market_means_one(text: str) -> None:
    listing = Listing(payment=["multisig"])
    notices: list[Notice] = []
    read_payment(listing, text, Reader(None, notices), without_escrow="finalize_early")
    assert (listing.payment, notices) == (["multisig", "finalize_early"], [])


def test_coins_are_read_by_name_or_code_and_each_is_kept_once() -> None:
    listing = Listing()
    notices: list[Notice] = []
    reader = Reader(None, notices)
    for text in ("Bitcoin (BTC)", "btc", "bitcoin cash", "Monero", "Shell money (SHM)"):
        read_coin(listing, text, reader)
    read_coin(listing, "Litecoin (LTC)", reader, accepted=False)
    assert listing.currencies == ["BTC", "BCH", "XMR"]
    assert notices == [Notice("listing.currencies", "unknown coin", "Shell money (SHM)")]
