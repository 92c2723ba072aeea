"""What one table hides, no other table, figure or sentence tells."""

from __future__ import annotations

from dataclasses import replace

from cryptodrug_scraper.report import ReportOptions
from parsers import markets
from tests.report.test_report import cells, report_of, words
from tests.study.world import World, eur, offer, profile

THRESHOLD = 5
HIDDEN = "c"


def offers(
    world: World,
    vendors: str,
    *,
    market: str = "dream",
    come_from: str = "BE",
    kinds: str = "Cannabis",
    to: str = "",
    on: str = "03-10",
) -> None:
    """Load an offer of each vendor (a letter each) in each of some categories."""
    for vendor in vendors:
        for kind in kinds.split():
            made = offer(
                f"{market}{vendor}{kind}{come_from}", vendor, price=eur(20), come_from=come_from,
                kind=kind, to=to,
            )  # fmt: skip
            world.seen(on, made, market=market)


def test_what_others_offer_is_no_difference(world: World) -> None:
    """Six of seven vendors are the country's: the difference is the seventh's offers."""
    offers(world, "abcdef", kinds="Cannabis Ecstasy")
    offers(world, "g", come_from="NL", kinds="Cannabis Ecstasy")
    world.sold("g", "dreamgCannabisNL", "03-12", eur(20), times=3)
    for vendor in "abcdef":
        world.sold(vendor, f"dream{vendor}CannabisBE", "03-12", eur(20))
    world.done()
    report = report_of(world.url, ReportOptions("BE", threshold=THRESHOLD))
    row = cells(report, "size")["Dream Market", "Whole period"]
    assert row[:3] == [HIDDEN, "6", HIDDEN]
    assert row[3:7] == ["12", HIDDEN, HIDDEN, "6"]
    for row in cells(report, "sold").values():
        assert row[0] == "6"
        assert row[2:] == [HIDDEN] * 3
    whose = cells(report, "concentration")
    assert whose["Dream Market", "All vendors"][0] == HIDDEN
    assert "On average" not in words(report)


def test_shares_do_not_tell_a_hidden_total(world: World) -> None:
    """Of listings and their share follows how many a market has, which is hidden."""
    one, two, three = list(markets().values())[:3]
    offers(world, "ab", market=one.name)
    offers(world, "abcdefg", market=two.name, kinds="Cannabis Ecstasy Opiates Stimulants")
    offers(world, "abcdefghijkl", market=three.name, kinds="Cannabis Ecstasy")
    for market in (one, two, three):
        offers(world, "mnopqrstu", market=market.name, come_from="NL")
    report = report_of(world.url, ReportOptions("BE", threshold=THRESHOLD))
    assert cells(report, "size")[two.title, "Whole period"][3] == HIDDEN
    of_market = [row for key, row in cells(report, "sold").items() if key[0] == two.title]
    assert any(row[0] not in (HIDDEN, "0") for row in of_market)
    assert {row[1] for row in of_market} == {HIDDEN}
    assert f"On {two.title}, the listings" not in words(report)


def test_the_matrix_hides_what_the_table_does(world: World) -> None:
    """Offers without a destination are few: France goes with them, in table and figure."""
    offers(world, "ab")
    offers(world, "bcdefgh", to="FR", kinds="Ecstasy")
    offers(world, "abcdefghijkl", to="NL", kinds="Opiates")
    report = report_of(world.url, ReportOptions("BE", threshold=THRESHOLD))
    assert [key[1] for key in cells(report, "destinations")] == ["Netherlands"]
    places = next(section for section in report.sections if section.key == "places")
    assert "c: confidential" in places.drawings[0].caption


def test_units_do_not_add_up_to_a_group(world: World) -> None:
    """Of the group's listings and those by the gram follow the few by the piece."""
    for vendor in "abcdefghijklmnopq":
        unit = "10 g" if vendor < "o" else "10 pills"
        made = replace(offer(vendor, vendor, price=eur(20), come_from="BE", kind="Ecstasy"),
                       title=f"MDMA {unit}")  # fmt: skip
        world.seen("03-10", made)
    report = report_of(world.url, ReportOptions("BE", threshold=THRESHOLD))
    assert cells(report, "sold")["Dream Market", "MDMA"][0] == "17"
    (table,) = (t for s in report.sections for t in s.tables if t.name == "prices")
    assert [[cell.words for cell in row[1:4]] for _, rows in table.groups for row in rows] == [
        ["g", HIDDEN, "€2.00"], ["piece", HIDDEN, HIDDEN],
    ]  # fmt: skip


def test_pairs_of_others_are_no_difference(world: World) -> None:
    """Of seven pairs of accounts six are the country's."""
    for n, vendor in enumerate("abcdefg"):
        for market in ("dream", "empire"):
            offers(world, vendor, market=market, come_from="NL" if vendor == "g" else "BE")
            made = profile(vendor, fingerprint=f"{n:040X}")
            world.page("03-11", market=market, kind="vendor", vendors=(made,))
    report = report_of(world.url, ReportOptions("BE", threshold=THRESHOLD))
    (row,) = cells(report, "links").values()
    assert row[1:] == [HIDDEN, "6"]
    assert "share a PGP key" not in words(report)


def test_who_came_is_told_in_the_table_and_in_words_alike(world: World) -> None:
    """Six came after the end of Wall Street Market, two before: the table tells neither."""
    for n, vendor in enumerate("abcdefghijklmnop"):
        key = f"{n:040X}"
        made = profile(vendor, fingerprint=key)
        world.page("04-20", market="wall_street", kind="vendor", vendors=(made,))
        if vendor <= "h":
            on = "06-10" if vendor > "b" else "03-10"
            world.page(on, market="empire", kind="vendor", vendors=(made,))
    world.page("09-10", market="empire", kind="index")
    report = report_of(world.url, ReportOptions("BE", threshold=THRESHOLD))
    (row,) = cells(report, "migration").values()
    assert row == ["Certain", "16", *[HIDDEN] * 5]
    assert "turned up on Empire" not in words(report)


def test_who_did_not_come_does_not_follow(world: World) -> None:
    """Of seven six came: the seventh would be the difference."""
    for n, vendor in enumerate("abcdefg"):
        made = profile(vendor, fingerprint=f"{n:040X}")
        world.page("04-20", market="wall_street", kind="vendor", vendors=(made,))
        if vendor < "g":
            world.page("06-10", market="empire", kind="vendor", vendors=(made,))
    report = report_of(world.url, ReportOptions("BE", threshold=THRESHOLD))
    (row,) = cells(report, "migration").values()
    assert row[2:] == [HIDDEN] * 5
    assert "turned up on Empire" not in words(report)


def test_moves_one_way_do_not_tell_the_other(world: World) -> None:
    """Of eight who moved six came and two went."""
    for vendor in "abcdefgh":
        way = ("BE", "NL") if vendor > "f" else ("NL", "BE")
        for on, place in (("03-10", way[0]), ("06-10", way[1])):
            world.seen(on, offer(vendor, vendor, price=eur(20), come_from=place))
    report = report_of(world.url, ReportOptions("BE", threshold=THRESHOLD))
    assert list(cells(report, "moves").values()) == [["Belgium", "6"]]
    assert cells(report, "origins")["Dream Market", "Netherlands"][-1] == HIDDEN


def test_who_has_no_origin_among_several(world: World) -> None:
    """Of eight with several origins seven have the Netherlands among them, six Germany."""
    for vendor in "abcdefgh":
        places = "BE" + " NL" * (vendor < "h") + " DE" * (vendor > "b")
        offers(world, vendor, come_from=places)
    report = report_of(world.url, ReportOptions("BE", threshold=THRESHOLD))
    assert {tuple(row) for row in cells(report, "origins").values()} == {
        (HIDDEN, "8", HIDDEN, HIDDEN, HIDDEN)
    }
    assert "with several origins" not in words(report)


def test_what_was_left_out_of_few(world: World) -> None:
    """One vendor's profile states sales, whose reviews have no price; a listing has none."""
    offers(world, "abcdefg")
    world.seen("03-10", offer("bare", "a", come_from="BE"))
    world.page("03-11", kind="vendor", vendors=(profile("a", sales=4321),))
    for vendor in "abcdefg":
        world.sold(vendor, f"dream{vendor}CannabisBE", "03-12", eur(20))
    world.sold("a", "bare", "03-12", times=3)
    world.sold("b", "dreambCannabisBE", "03-12", eur(900))
    world.done()
    report = report_of(world.url, ReportOptions("BE", threshold=THRESHOLD))
    of_few = f"fewer than {THRESHOLD} vendors"
    left_out = {
        reason: count
        for section in report.sections
        for method in section.methods
        for reason, count in method.left_out
    }
    assert left_out["Reviews without a price"] == of_few
    assert left_out["Listings without a usable price"] == of_few
    assert left_out["Listings whose substance neither category nor title states"] == of_few
    warned = " ".join(text for section in report.sections for text in section.caveats)
    assert "4,321" not in warned
    assert "A single sale makes up more than 5% of the turnover." in warned


def test_lives_from_before_are_no_difference(world: World) -> None:
    """Six of eight vendors began under observation: the two before would be the difference."""
    world.page("01-01", kind="index")
    offers(world, "ab", on="01-02")
    offers(world, "cdefgh", on="03-10")
    offers(world, "a", kinds="Opiates", on="06-10")
    report = report_of(world.url, ReportOptions("BE", threshold=THRESHOLD))
    assert {row[0] for row in cells(report, "lifetimes").values()} == {HIDDEN}


def test_lives_that_could_not_be_seen_to_end_are_no_difference(world: World) -> None:
    """Six of eight vendors are in the curve: two came in the last days, none at the first."""
    world.seen("01-02", offer("0", "z", come_from="NL"))
    offers(world, "cdefgh", on="03-10")
    offers(world, "ab", on="06-10")
    report = report_of(world.url, ReportOptions("BE", threshold=THRESHOLD))
    assert {row[0] for row in cells(report, "lifetimes").values()} == {HIDDEN}


def test_lives_are_shown_where_nobody_follows(world: World) -> None:
    world.seen("01-02", offer("0", "z", come_from="NL"))
    offers(world, "cdefgh", on="03-10")
    world.seen("06-10", offer("0", "z", come_from="NL"))
    report = report_of(world.url, ReportOptions("BE", threshold=THRESHOLD))
    assert {row[0] for row in cells(report, "lifetimes").values()} == {"6"}


def test_links_of_few_do_not_follow_from_accounts_and_vendors(world: World) -> None:
    """Eight accounts on two markets of which two are one vendor's; and two ship elsewhere now."""
    for market, vendors in (("dream", "abcdefgh"), ("empire", "gh")):
        for vendor in vendors:
            offers(world, vendor, market=market, come_from="BE")
            made = profile(vendor, fingerprint=f"{ord(vendor):040X}")
            world.page("03-11", market=market, kind="vendor", vendors=(made,))
    for vendor in "ab":
        world.seen("08-10", offer(f"{vendor} new", vendor, price=eur(20), come_from="NL"))
    report = report_of(world.url, ReportOptions("BE", threshold=THRESHOLD))
    assert list(cells(report, "totals").values()) == [
        ["10", HIDDEN, HIDDEN], ["10", HIDDEN, HIDDEN], [HIDDEN] * 3,
    ]  # fmt: skip
    assert "stated at some time that they shipped" not in words(report)
