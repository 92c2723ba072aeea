"""Vendors behind accounts: how many at most and at least, and where they ever and last shipped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.totals import linked
from parsers import markets
from tests.study.world import World, offer, profile

StudyOf = Callable[..., Study]
ONE, TWO, THREE = list(markets())[:3]


def test_links_go_in_chains() -> None:
    assert linked([1, 2, 3, 4, 5], [(4, 2), (9, 4), (5, 9)]) == {
        1: 1, 2: 2, 3: 3, 4: 2, 5: 2, 9: 2,
    }  # fmt: skip


def test_accounts_and_vendors_by_degree(world: World, study_of: StudyOf) -> None:
    key = "A" * 40
    for market, vendors in {
        ONE: (profile("anna", fingerprint=key), profile("bob"), profile("cyd")),
        TWO: (profile("other", fingerprint=key), profile("bob", imported=ONE),
                   profile("cyd")),
        THREE: (profile("bob"), profile("gone")),
    }.items():  # fmt: skip
        world.page("02-01", market=market, kind="vendor", vendors=vendors)
        for vendor in vendors:
            if vendor.handle != "gone":
                name = vendor.handle or ""
                world.seen("03-01", offer(name, name, come_from="BE"), market=market)
    told = study_of().vendor_totals(country="BE").frame.set_index(["basis", "market"])
    names = ["accounts", "vendors", "vendors_linked"]
    # Bob's third account has the handle alone: with it he is one. Gone has no listing.
    for basis in ("offered", "ever_from", "last_from"):
        assert told.loc[(basis, None), names].tolist() == [7, 5, 3]
        assert told.loc[(basis, THREE), names].tolist() == [1, 1, 1]
    assert study_of().vendor_totals().frame["basis"].unique().tolist() == ["offered"]


def test_where_an_account_shipped_from_ever_and_last(world: World, study_of: StudyOf) -> None:
    world.seen("02-01", offer("1", "anna", come_from="BE"), offer("2", "bob", come_from="NL"))
    world.seen("03-01", offer("1", "anna", come_from="NL"), offer("3", "cyd", come_from="BE NL"))
    # Within a week both count: a crawl comes to one listing before the other.
    world.seen("02-27", offer("4", "anna", come_from="BE"), offer("5", "bob", come_from="BE"))
    told = study_of().vendor_totals(country="BE").frame
    assert told[told["market"].isna()][["basis", "accounts"]].values.tolist() == [
        ["offered", 3], ["ever_from", 3], ["last_from", 3],
    ]  # fmt: skip
    world.seen("03-20", offer("1", "anna", come_from="NL"), offer("5", "bob"))
    told = study_of().vendor_totals(country="BE").frame
    assert told[told["market"].isna()]["accounts"].tolist() == [3, 3, 2]
    early = study_of(end=date(2019, 2, 15)).vendor_totals(country="BE").frame
    assert early[early["market"].isna()]["accounts"].tolist() == [2, 1, 1]
