"""What pages of three invented markets state is what a study of them finds (`markets.py`)."""

from __future__ import annotations

from collections.abc import Callable

from cryptodrug_scraper.study import Study
from tests.study.markets import MARKETS, Markets, compared
from tests.study.world import World


def test_a_world_apart_is_found_as_it_is(world: World, study_of: Callable[..., Study]) -> None:
    markets = Markets(4, 17, seed=1)
    truth = markets.load(world)
    assert set(truth.eur) == set(MARKETS)
    sellers = [seller for each in markets.sellers.values() for seller in each]
    assert any(len(seller.handles) > 1 for seller in sellers)
    sales = [sale for seller in sellers for o in seller.offers for sale in o.sales]
    assert any(len(sale.texts) > 1 for sale in sales)
    assert any(usd > 500 for s in sellers for o in s.offers for _, usd in o.prices)
    study = study_of()
    wrong = [line for line, right in compared(study, truth) if not right]
    assert wrong == []
    # Belgium's part is that of its listings: each sale is of one.
    by_country = study.turnover(by="all", groups=("market", "country")).frame
    everywhere = study.turnover(by="all").frame
    assert by_country["reviews"].sum() == everywhere["reviews"].sum()
