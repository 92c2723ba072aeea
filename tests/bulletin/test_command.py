"""The command: what it writes, that it writes the same again, and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cryptodrug_scraper.language import CODES
from tests.bulletin.making import made, number, plain, week_of_offers
from tests.cli.running import run, shell
from tests.databases import execute
from tests.study.world import World, eur

END = "2019-03-24"


def bulletin(url: str, out: Path, *options: str, ending: str = END) -> Any:
    given = ("--country", "BE", "--out", str(out), "--ending", ending, "--database-url", url)
    return run("bulletin", *given, *options)


@pytest.fixture
def filled(world: World) -> World:
    """Two weeks of nine vendors, with reviews."""
    for on in ("03-13", "03-20"):
        week_of_offers(world, on, "abcdefghi", title="Weed 10g")
        for vendor in "abcdefghi":
            world.sold(vendor, f"dream{vendor}", on, eur(80), seen=on)
    world.done()
    return world


def test_the_same_state_gives_the_same_bytes_in_two_processes(
    filled: World, tmp_path: Path
) -> None:
    languages = [part for code in CODES for part in ("--lang", code)]
    written = []
    for folder in ("one", "two"):
        out = tmp_path / folder
        done = shell(
            "bulletin", "--country", "BE", "--ending", END, "--out", str(out), *languages,
            "--database-url", filled.url,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        written.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert written[0] == written[1]
    stem = "bulletin-BE-2019-W12"
    assert set(written[0]) == {f"{stem}.json", *(f"{stem}.{code}.html" for code in CODES)}
    assert execute(plain(filled.url), "SELECT count(*) FROM bulletin") == [(1,)]


def test_pages_say_what_the_data_say(filled: World, tmp_path: Path) -> None:
    made_of = bulletin(
        filled.url, tmp_path, *(p for c in CODES for p in ("--lang", c)), "--no-keep"
    )
    assert made_of.exit_code == 0, made_of.stderr
    facts = json.loads((tmp_path / "bulletin-BE-2019-W12.json").read_text("utf-8"))
    assert number(facts, "listings", "dream")["value"] == 9
    for code, week in zip(CODES, ("week 12 of 2019", "semaine 12 de 2019", "week 12 van 2019"),
                          strict=True):  # fmt: skip
        page = (tmp_path / f"bulletin-BE-2019-W12.{code}.html").read_text("utf-8")
        assert re.search(rf"<h1>[^<]*{week[1:]}", page)
        assert "<script" not in page
        assert "{{" not in page
    assert execute(plain(filled.url), "SELECT count(*) FROM bulletin") == [(0,)]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"ending": "2019-04-30"}, 3, "no captures"),
        ({"ending": "2031-01-05"}, 3, "has not ended yet"),
        ({"ending": "2019-13-01"}, 2, "--ending"),
        ({"more": ("--country", "Atlantis")}, 2, "Atlantis"),
        ({"more": ("--market", "nowhere")}, 2, "nowhere"),
        ({"more": ("--period", "year")}, 2, "year"),
        ({"more": ("--words", "/nowhere/words.toml")}, 2, "/nowhere/words.toml"),
    ],
    ids=["gap", "future", "no-day", "no-country", "no-market", "no-period", "no-words"],
)
def test_what_is_refused(
    filled: World, tmp_path: Path, options: Any, code: int, words: str
) -> None:
    ending = options.get("ending", END)
    result = bulletin(filled.url, tmp_path / "out", *options.get("more", ()), ending=ending)
    assert result.exit_code == code, result.stderr
    assert words in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()


def test_what_came_later_is_a_revision_with_its_reason(filled: World) -> None:
    """Pages captured by then and loaded later, reviews seen later, and nothing else."""
    first, _ = made(filled.url, END)
    assert number(first, "reviews", "dream")["value"] == 9
    week_of_offers(filled, "03-19", "jklmno")  # captured by then
    for vendor in "abcdef":
        filled.sold(vendor, f"dream{vendor}", "03-21", eur(80), seen="03-27")
    week_of_offers(filled, "03-27", "abcdefghi")
    filled.done()
    facts, _ = made(filled.url, "2019-03-31")
    rows = {
        (row["name"], row["of"]): row
        for row in facts["revisions"]["numbers"]
        if row["period"] == "2019-03-18"
    }
    assert all(row["explained"] for row in facts["revisions"]["numbers"])
    listings, reviews = rows["listings", ""], rows["reviews", ""]
    assert (listings["then"], listings["now"], listings["causes"]) == (9, 15, {"late": 6})
    assert (reviews["then"], reviews["now"]) == (9, 15)
    assert reviews["causes"]["visible"] == 6
    again, _ = made(filled.url, "2019-03-31")
    assert again == facts


def test_a_change_without_a_page_is_unexplained(filled: World) -> None:
    made(filled.url, END)
    execute(
        plain(filled.url),
        "UPDATE bulletin SET state = 'another', data = jsonb_set(data, '{numbers,0,value}', '7')"
        " WHERE data #>> '{numbers,0,name}' = 'vendors'",
    )
    week_of_offers(filled, "03-27", "abcdefghi")
    facts, _ = made(filled.url, "2019-03-31")
    (row,) = facts["revisions"]["numbers"]
    assert (row["then"], row["now"], row["explained"], row["causes"]) == (7, 9, False, {})


def test_pages_read_anew_are_a_reason(filled: World) -> None:
    made(filled.url, END)
    execute(plain(filled.url), "UPDATE page SET parser_version = 'w'")
    execute(plain(filled.url), "DELETE FROM listing_observation WHERE vendor_id = (SELECT"
            " min(vendor_id) FROM vendor) AND observed_at < '2019-03-18'")  # fmt: skip
    week_of_offers(filled, "03-27", "abcdefghi")
    facts, _ = made(filled.url, "2019-03-31")
    rows = {row["name"]: row for row in facts["revisions"]["numbers"]}
    assert rows["vendors"]["causes"] == {"reread": 18}


def test_pages_of_the_period_captured_after_its_bulletin(world: World) -> None:
    """Made on Wednesday's captures; Friday's are of the same week."""
    week_of_offers(world, "03-13", "abcdef")
    week_of_offers(world, "03-20", "abcdef")
    made(world.url, END)
    week_of_offers(world, "03-22", "ghijkl")
    # A market that was not known then: the scope is the same.
    week_of_offers(world, "03-27", "abcdef", market="empire")
    facts, _ = made(world.url, "2019-03-31")
    rows = {(row["name"], row["of"]): row for row in facts["revisions"]["numbers"]}
    assert (rows["listings", ""]["then"], rows["listings", ""]["now"]) == (6, 12)
    assert rows["listings", ""]["causes"] == {"added": 6}
    assert all(row["explained"] for row in facts["revisions"]["numbers"])
