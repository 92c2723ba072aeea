# ruff: noqa: E501 - markup reads better on long lines
"""Wall Street Market: results and the category tree read alike in all spellings."""

from __future__ import annotations

import pytest

from tests.parsers.test_wall_street_variants import TABLES, parse, table

# -- results ---------------------------------------------------------------------------------

CARD = {
    "external_id": "21",
    "title": "Blue widget $5 off",
    "vendor": "brightside",
    "price": {"amount": "1250.00", "currency": "EUR"},
    "ships_from": ["DE"],
    "ships_from_text": "DE",
    "ships_to": ["BE", "NL"],
    "ships_to_text": "Only ships to certain countries (BE, NL)",
}


def cards() -> dict[str, str]:
    out, to = '<i class="ionicons ion-log-out"></i>', '<i class="ionicons ion-log-in"></i>'
    places = "Only ships to certain countries (BE, NL)"
    return {
        "plain": f"""<div class="card-body"><h4 class="card-title"><a href="/offer/21">Blue widget $5 off</a></h4>
            <hr><a href="/profile/brightside">brightside</a><hr><b>€1.250,00</b> / Piece<br>
            {out} Ships from: DE<br>{to} {places}</div>""",
        "one line": f"""<div class="text-center card-body"><h4 class="card-title"><a href="/offer/21">Blue widget $5 off</a></h4><hr/>
            <small>Level 3</small> <a href="/profile/brightside">brightside</a> (4.91)<hr/><b>1'250.00 €</b> / Piece
            {out} Ships from: DE {to} {places}</div>""",
        "blocks": f"""<div class="card"><a href="/offer/21"><img src="data:image/png;base64,AA=="></a>
            <div class="card-body"><h4 class="card-title"><a href="/offer/21"><span>Blue <b>widget</b> $5 off</span></a></h4>
            <hr><p>by <a href="/profile/brightside"><b>brightside</b></a></p><hr>
            <p><b>€1'250.00 / Piece</b></p><ul><li>{out} <span>Ships from: <b>DE</b></span></li>
            <li>{to} <span>{places}</span></li></ul></div></div>""",
        "icons apart": f"""<div class="card-body"><h4 class="card-title"><a href="/offer/21">Blue widget $5 off</a></h4>
            <hr><a href="/profile/brightside">brightside</a><hr><div><b>€1,250.00</b><span> / Piece</span></div>
            <div><span>{out}</span></div><div>Ships from: DE</div><div>{to}</div><div>{places}</div></div>""",
        "form": f"""<form action="/x" method="post"><div class="card-body">
            <h4 class="card-title"><a href="/offer/21">Blue widget $5 off</a></h4><hr>
            <a href="/profile/brightside">brightside</a><hr><b>EUR 1250.00</b> / Piece<br>
            {out}&nbsp;Ships from: DE&nbsp;{to}&nbsp;{places}<br><button>Buy</button></div></form>""",
    }


@pytest.mark.parametrize("style", cards())
def test_a_card_reads_alike_in_all_spellings(style: str) -> None:
    got = parse(f"<html><body><div class=content>{cards()[style]}</div></body></html>")
    assert got["warnings"] == []
    assert got["kind"] == "search"
    (card,) = got["listings"]
    assert {k: v for k, v in card.items() if v not in (None, [])} == CARD
    assert [(x["kind"], x["external_id"]) for x in got["links"]] == [
        ("listing", "21"),
        ("vendor", "brightside"),
    ]


ROW = [
    "1",
    '<a href="/offer/21">Blue widget $5 off</a>',
    '<a href="/profile/brightside">brightside</a> Level 3',
    "€21.50 / Gram",
]


@pytest.mark.parametrize("style", TABLES)
@pytest.mark.parametrize("btc", ["", "<br>0.00312 BTC", " (0.00312 BTC)"])
def test_results_as_a_table_read_alike_in_all_spellings(style: str, btc: str) -> None:
    row = [*ROW[:3], ROW[3] + btc]
    got = parse(table([row, row], ["#", "Title", "Vendor", "Price"], style))
    assert got["warnings"] == []
    assert got["kind"] == "search"
    assert len(got["listings"]) == 2
    offer = got["listings"][0]
    assert (offer["external_id"], offer["title"], offer["vendor"]) == (
        "21", "Blue widget $5 off", "brightside",
    )  # fmt: skip
    assert offer["price"] == {"amount": "21.50", "currency": "EUR"}
    assert [m["amount"] for m in offer["price_alternatives"]] == (["0.00312"] if btc else [])


TREES = {
    "nested": """<ol class="tree"><li><button name="menuCatT" value="1">Drugs 1'234</button><ol><li>
        <button name="menuCatM" value="11">Cannabis 310</button><ol><li><button name="menuCatB" value="7">2C-B 14</button>
        </li></ol></li></ol></li><li><button name="menuCatT" value="2">Guides &amp; Help 0</button></li></ol>""",
    "flat": """<ol class="small tree"><li><button value="1" name="menuCatT" type="submit">Drugs <span>1'234</span></button></li>
        <li><button value=11 name=menuCatM>Cannabis
        310</button></li><li><button value=7 name=menuCatB><i class="ionicons ion-x"></i> 2C-B (14)</button></li>
        <li><button value=2 name=menuCatT>Guides &amp; Help <small>0</small></button></li></ol>""",
}


@pytest.mark.parametrize("tree", TREES)
def test_the_category_tree_reads_alike_in_all_spellings(tree: str) -> None:
    got = parse(f'<div id="mCont"><form method="post" action="/index">{TREES[tree]}</form></div>')
    assert got["warnings"] == []
    assert got["kind"] == "index"
    assert [(c["external_id"], c["path"], c["listing_count"]) for c in got["categories"]] == [
        ("1", ["Drugs"], 1234),
        ("11", ["Drugs", "Cannabis"], 310),
        ("7", ["Drugs", "Cannabis", "2C-B"], 14),
        ("2", ["Guides & Help"], 0),
    ]
    assert [(x["kind"], x["external_id"], x["url"]) for x in got["links"]] == [
        ("search", "1", "/index#menuCatT=1"),
        ("search", "11", "/index#menuCatM=11"),
        ("search", "7", "/index#menuCatB=7"),
        ("search", "2", "/index#menuCatT=2"),
    ]
