"""Words that are watched for: what is near one, where they stand, and files that say which."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from cryptodrug_scraper.monitor import words as watched
from cryptodrug_scraper.monitor.config import BadConfig
from cryptodrug_scraper.monitor.trackers import (
    Tracker,
    check_pattern,
    folded,
    near_spellings,
    postgres_pattern,
    read_trackers,
)
from cryptodrug_scraper.records import Listing, Review
from tests.cli.running import run
from tests.study.world import World, offer

NEAR = {
    "fentanyl": "fentanyl fentanyll f3ntanyl fentanly fentynal fantanyl fentanylpatches fеntаnуl",
    "nitazene": "nitazene nitazenes n1tazene nitazane nltazene",
    "xanax": "xanax xannax x4nax xanac xanx",
    "2cb": "2cb",
    "lsd": "lsd l5d",
    "u47700": "u47700 uu47700 u47700x",
}
FAR = "fennel mental fan tan xan relax 2ci isd led u47701 u47800 14 47700 benzene nit lad"


def test_near_spellings() -> None:
    everything = sorted({*" ".join(NEAR.values()).split(), *FAR.split()})
    for word, near in NEAR.items():
        assert set(near_spellings(word, everything)) == set(near.split()), word


@given(st.text("abcdef", min_size=8, max_size=12), st.integers(0, 7), st.sampled_from("dist"))
def test_one_slip_is_always_near(word: str, at: int, slip: str) -> None:
    changed = {
        "d": word[:at] + word[at + 1 :],
        "i": f"{word[:at]}z{word[at:]}",
        "s": f"{word[:at]}z{word[at + 1 :]}",
        "t": word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
    }[slip]
    assert near_spellings(word, [changed]) == [changed]
    assert near_spellings(word, ["z" * len(word), "xyzw" + "z" * len(word)]) == []


# -- files ---------------------------------------------------------------------------------------


def test_a_file_of_trackers(tmp_path: Path) -> None:
    file = tmp_path / "words.toml"
    file.write_text(
        'near = true\nwords = ["Fentanyl", "china white"]\n'
        "[substances]\nnitazenes = ['isotonitazene', 'iso powder']\n[regex]\nu = '\\bu.?47'\n"
    )
    assert read_trackers(file) == (
        Tracker("Fentanyl", ("Fentanyl",), near=True),
        Tracker("china white", ("china white",), near=True),
        Tracker("nitazenes", ("isotonitazene", "iso powder"), near=True),
        Tracker("u", pattern=r"\bu.?47"),
    )


WRONG = [
    ("", "line 1: : nothing is watched for"),
    ("words = [", "not TOML"),
    ("near = true\nwords = ['ok', '!!']", "line 2: words.1: '!!': write one to 6 words"),
    ("words = ['a b c d e f g']", "line 1: words.0:"),
    ("words = [7]", "line 1: words.0: 7"),
    ("word = ['a']", "line 1: word: there is nothing of this name"),
    ("\n[substances]\na = []", "line 3: substances.a:"),
    ("[substances]\na = ['b', '']", "line 2: substances.a.1:"),
    ("words = ['a']\n[regex]\nb = '('", "line 3: regex.b: '(' is no regular expression"),
    ("[regex]\nb = 'a*'", "line 2: regex.b: 'a*' stands in every text"),
    ("[regex]\nb = '(a)\\1'", "references back"),
    ("[regex]\nb = 'a(?=b)'", "looking around"),
    ("[regex]\nb = 'ca{,3}'", "{,n} are not taken"),
    (f"[regex]\nb = '{'a' * 201}'", "200 characters at most"),
    ("words = ['a', 'a']", "'a' is the name of two trackers"),
]


@pytest.mark.parametrize(("text", "words"), WRONG, ids=range(len(WRONG)))
def test_wrong_files_are_named_by_their_place(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "words.toml").write_text(text)
    with pytest.raises(BadConfig, match=re.escape(words)) as raised:
        read_trackers(tmp_path / "words.toml")
    assert str(raised.value).startswith(f"{tmp_path / 'words.toml'}")


def test_the_check_reads_the_file_of_words(tmp_path: Path) -> None:
    config = tmp_path / "monitor.toml"
    config.write_text('words = "words.toml"\n[markets.dream]\nwhen = "0 4 * * *"\n')
    for text, code in (("words = ['a']", 0), ("words = ['']", 2)):
        (tmp_path / "words.toml").write_text(text)
        done = run("monitor", "check", "--config", config)
        assert done.exit_code == code, done.output
        assert (f"{tmp_path / 'words.toml'}, line 1: words.0" in done.stderr) == bool(code)


def test_patterns_mean_the_same_to_postgres(engine: Engine) -> None:
    texts = ["u47700 pure", "bu47700", "U-47,700!", "a\\b", "47700", "x", "naïve u47"]
    patterns = [r"\bu.?47", r"47\B", r"\\b", r"(?:u|x)\b", r"^\w+$", r"[^a-z ]{5}", r"ï"]
    with engine.connect() as connection:
        for pattern in patterns:
            check_pattern(pattern)
            rows = connection.exec_driver_sql(
                "SELECT t FROM unnest(%s) AS t WHERE t ~* %s", (texts, postgres_pattern(pattern))
            )
            expected = [text for text in texts if re.search(pattern, text, re.IGNORECASE)]
            assert [text for (text,) in rows] == expected, pattern


# -- a database ----------------------------------------------------------------------------------


def described(external_id: str, vendor: str, title: str, text: str | None = None) -> Listing:
    return replace(offer(external_id, vendor), title=title, description=text)


@pytest.fixture
def world(migrated_url: str) -> Iterator[World]:
    opened = World(migrated_url)
    opened.seen("01-07", described("1", "ann", "FENTANYL patches 100µg", "Best of China. White!"))
    opened.seen("01-14", described("1", "ann", "Fentanyl patches 100µg"))
    opened.seen("02-04", described("2", "bob", "F3ntanyll, f.e.n.t. & more", "Not China, white"))
    opened.seen("02-04", described("9", "cy", "f e n t a n y l", None), market="empire")
    opened.seen("03-04", described("3", "bob", "MDMA/XTC+Crème-brûlée", "Isotonitazene.Iso powder"))
    review = Review("ann", "1", text="Real fentanyl, it\u200bs café")
    opened.page("02-11", reviews=(review, replace(review, text="fine")))
    opened.done()
    yield opened
    opened.close()


def hunted(engine: Engine, tracker: Tracker, *days: date | None, **options: object) -> list[str]:
    with engine.connect() as connection:
        found = watched.hits(connection, [tracker], *days, **options)  # type: ignore[arg-type]
        assert connection.exec_driver_sql("SELECT to_regclass('hunted')").scalar() is None
    return [
        f"{hit.market} {hit.kind} {hit.count}/{hit.vendors} {hit.first:%m-%d} {hit.last:%m-%d}"
        f" {hit.place}"
        for hit in found
    ]


def word(text: str, *, near: bool = False) -> Tracker:
    return Tracker(text, (text,), near=near)


def test_where_a_word_stands(world: World, engine: Engine) -> None:
    exact = ["dream title 1/1 01-07 01-14 p/1", "dream review 1/1 02-11 02-11 p/6"]
    assert hunted(engine, word("Fentanyl")) == exact
    assert hunted(engine, Tracker("f", pattern=r"fentanyl\b")) == exact
    assert hunted(engine, word("fentanyl", near=True)) == [
        "dream title 2/2 01-07 02-04 p/1",
        "empire title 1/1 02-04 02-04 p/4",
        "dream review 1/1 02-11 02-11 p/6",
    ]
    assert hunted(engine, word("fentanyl"), date(2019, 1, 8), date(2019, 1, 14)) == [
        "dream title 1/1 01-14 01-14 p/2"
    ]
    assert hunted(engine, word("fentanyl", near=True), markets=["empire"]) == [
        "empire title 1/1 02-04 02-04 p/4"
    ]
    assert hunted(engine, word("fentanyl"), date(2019, 6, 1)) == []


def test_phrases_marks_and_accents(world: World, engine: Engine) -> None:
    for same in ("china white", "China-White", "CHINA. white"):
        assert hunted(engine, word(same)) == ["dream description 2/2 01-07 02-04 p/1"], same
    for stands in (
        "mdma",
        "xtc",
        "creme brulee",
        "café",
        "ISO POWDER",
        "its cafe",
        "patches 100µg",
    ):
        assert len(hunted(engine, word(stands))) == 1, stands
    for nowhere in ("crem", "white china", "isopowder", "100"):
        assert hunted(engine, word(nowhere)) == [], nowhere
    assert len(hunted(engine, word("isopowder", near=True))) == 0
    assert len(hunted(engine, word("china whites", near=True))) == 1


def test_texts_are_folded_as_everywhere(engine: Engine) -> None:
    statement = f"SELECT {watched.FOLDED} FROM (SELECT %s::text AS text) AS one"
    with engine.connect() as connection:

        @settings(deadline=None, max_examples=200)
        @given(text=st.text("aZé'ß.& -/+_ø’µК1\u200bœ\u0301\n|!:*()ﬁ１", max_size=12))
        def check(text: str) -> None:
            theirs = connection.exec_driver_sql(statement, (text,)).scalar()
            assert str(theirs).split() == folded(text)

        check()


def test_a_long_text_is_read_as_far_as_it_goes(world: World, engine: Engine) -> None:
    letters = "".join(chr(0x4E00 + n) + " " for n in range(20_000))
    world.seen("04-01", described("7", "ann", "Long", f"begun {letters * 3} ended"))
    problems: list[str] = []
    assert len(hunted(engine, word("begun"), on_problem=problems.append)) == 1
    assert hunted(engine, word("ended"), on_problem=problems.append) == []
    assert problems == ["Of 1 long texts only the first 100,000 characters were read"] * 2
    assert len(hunted(engine, Tracker("e", pattern="ended$"), on_problem=problems.append)) == 1
    url = engine.url.render_as_string(hide_password=False)
    done = run("monitor", "hunt", "begun", "--database-url", url)
    assert done.exit_code == 1 and "description" in done.stdout and "only the first" in done.stderr


def test_a_tracker_that_fails_is_named_and_stops_no_other(world: World, engine: Engine) -> None:
    wrong = Tracker("odd", pattern="b{1,300}z")  # too often for PostgreSQL
    problems: list[str] = []
    with engine.connect() as connection:
        trackers = [wrong, word("mdma")]
        found = watched.hits(connection, trackers, on_problem=problems.append)
    assert [hit.tracker for hit in found] == ["mdma"]
    assert len(problems) == 1 and problems[0].startswith("'odd' could not be hunted: invalid")


def test_the_command(world: World, engine: Engine) -> None:
    url = engine.url.render_as_string(hide_password=False)

    def hunt(*options: str) -> tuple[int, str, str]:
        done = run("monitor", "hunt", *options, "--database-url", url)
        return done.exit_code, done.stdout, done.stderr

    code, out, errors = hunt("fentanyl", "--near")
    assert code == 0 and "Spelt: fentanyl, f3ntanyll" in errors, errors
    assert re.search(r"title +dream +2 +2 +2019-01-07 +2019-02-04 +p/1", out), out
    code, out, errors = hunt("fentanyl", "--json", "--to", "2019-01-31")
    (line,) = map(json.loads, out.splitlines())
    assert code == 0 and (line["kind"], line["count"]) == ("title", 1)
    assert line["first"].startswith("2019-01-07T12:00")
    assert hunt("heroin")[0] == 3
    assert hunt("fentanyl", "--market", "empire")[0] == 3
    assert hunt("...")[0] == hunt("(", "--regex")[0] == hunt("a", "--regex", "--near")[0] == 2
    assert hunt(r"brûl.e\b", "--regex")[0] == 0
