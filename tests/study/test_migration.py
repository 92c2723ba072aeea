"""Arrivals after a closure: by first sale, beside other months; what a handle alone is worth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, text

from cryptodrug_scraper.records import Review
from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.intervals import wilson
from tests.study.world import World, offer, profile

StudyOf = Callable[..., Study]


def closed(engine: Engine, day: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE market SET closed_on = NULL, closing_announced_on = NULL"))
        connection.execute(
            text("UPDATE market SET closed_on = :day WHERE market = 'dream'"), {"day": day}
        )


def test_who_had_an_account_and_sold_only_afterwards(
    world: World, study_of: StudyOf, engine: Engine
) -> None:
    """All joined Empire in winter; the end is on 31 March."""
    world.seen("03-01", *(offer(f"{n}", name) for n, name in enumerate("abcd")))
    members = tuple(profile(name, joined="2018-12-01", imported="dream") for name in "abcd")
    world.page("03-02", market="empire", kind="vendor", vendors=members)

    def sale(vendor: str, earliest: str, latest: str, on: str) -> Review:
        days = [datetime.fromisoformat(f"2019-{d}").replace(tzinfo=UTC) for d in (earliest, latest)]
        return Review(
            vendor, text=f"{on}", posted_on=date.fromisoformat(f"2019-{on}"),
            posted_precision="week", earliest=days[0], latest=days[1],
        )  # fmt: skip

    reviews = (
        sale("a", "03-10", "03-12", "03-11"),
        sale("a", "04-10", "04-12", "04-11"),
        sale("b", "04-02", "04-05", "04-03"),
        sale("c", "03-29", "04-05", "04-01"),
    )
    world.page("06-10", market="empire", kind="vendor", reviews=reviews)
    world.done()
    closed(engine, "2019-03-31")
    told = study_of().migration(market="dream").frame
    names = ["vendors", "before", "sold_after", "sold_after_low", "sold_after_high", "unsold"]
    (none, some) = told[names].values.tolist()
    assert none == [0] * 6
    # Whether c sold before the end is open: the estimate takes a side, the bounds take both.
    assert some in ([4, 4, 1, 1, 2, 1], [4, 4, 2, 1, 2, 1])


def test_arrivals_after_an_end_and_in_months_without_one(
    world: World, study_of: StudyOf, engine: Engine
) -> None:
    """Ten vendors; one joins Empire in a month without an end, and five after the end."""
    names = [f"v{n}" for n in range(10)]
    for on in ("2018-12-01", "2018-12-31", "01-30", "03-01", "03-31"):
        world.seen(on, *(offer(name, name) for name in names))
    joined = {"v0": "01-15", **{f"v{n}": f"04-0{n}" for n in range(1, 6)}}
    world.page("2018-12-01", market="empire", kind="index")
    world.page(
        "05-10",
        market="empire",
        kind="vendor",
        vendors=tuple(profile(n, joined=day, imported="dream") for n, day in joined.items()),
    )
    world.page("05-10", market="empire", kind="vendor", vendors=(profile("v9"),))  # by handle alone
    closed(engine, "2019-03-31")
    told = study_of().arrivals(market="dream").frame.set_index("by")
    account = told.loc["account"]
    # 1 December to 31 March are four months: 10, 10, 9 and 9 were not on Empire yet.
    assert account[["usual_months", "usual_at_risk", "usual_arrived"]].tolist() == [4, 38, 1]
    assert account[["after_months", "after_at_risk", "after_arrived"]].tolist() == [1, 9, 5]
    assert account[["usual_rate", "after_rate"]].tolist() == pytest.approx([1 / 38, 5 / 9])
    low, high = wilson(5, 9)
    assert account[["after_rate_low", "after_rate_high"]].tolist() == pytest.approx([low, high])
    assert told.loc["first_sale", ["usual_arrived", "after_arrived"]].tolist() == [0, 0]
    surest = study_of().arrivals(market="dream", certainty="certain").frame
    assert surest["after_arrived"].tolist() == [0, 0]
    widest = study_of().arrivals(market="dream", certainty="possible").frame
    assert widest["after_arrived"].tolist() == [5, 0]  # v9 is first known of in May
    # Another market ends on 5 January: months up to 60 days after it are not usual.
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE market SET closed_on = '2019-01-05' WHERE market = 'wall_street'")
        )
    less = study_of().arrivals(market="dream").frame.set_index("by").loc["account"]
    assert less[["usual_months", "usual_at_risk"]].tolist() == [1, 10]
    with pytest.raises(ValueError, match="no 'sure'"):
        study_of().arrivals(market="dream", certainty="sure")
    with pytest.raises(ValueError, match="is not studied"):
        study_of(markets=["empire"]).arrivals(market="dream")


def test_what_a_handle_alone_is_worth(world: World, study_of: StudyOf) -> None:
    def key(n: int) -> str:
        return f"{n:040X}"

    dream = [profile(f"v{n}", fingerprint=key(n)) for n in range(6)]
    empire = [profile(f"V{n}", fingerprint=key(n if n < 4 else n + 10)) for n in range(5)]
    empire += [profile("v5", fingerprint=key(55), imported="dream"), profile("w")]
    third = [profile("v4", fingerprint=key(4)), profile("W"), profile("v0")]
    for market, vendors in (("dream", dream), ("empire", empire), ("wall_street", third)):
        world.page("03-01", market=market, kind="vendor", vendors=tuple(vendors))
    told = study_of().handle_matches().frame
    assert told.iloc[:, :5].values.tolist()[:3] == [
        ["dream", "empire", 5, 5, 1],  # v5 has more than the handle
        ["dream", "wall_street", 2, 1, 0],
        ["empire", "wall_street", 3, 1, 1],
    ]
    total = told.iloc[3]
    assert total[["pairs", "keys_known", "keys_differ"]].tolist() == [10, 7, 2]
    assert total["share"] == pytest.approx(2 / 7)
    assert 0 < total["share_low"] < 2 / 7 < total["share_high"] < 1
    assert len(study_of(markets=["dream"]).handle_matches()) == 0
