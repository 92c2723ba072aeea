# ruff: noqa: E501 - markup reads better on long lines
"""Wall Street Market: odd blocks of profiles."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.conftest import FIXTURES
from tests.parsers.test_wall_street_variants import SITE, parse, profile_page

# -- profiles --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("online", "2019-03-01"), ("Online now", "2019-03-01"), ("about 3 hours ago", "2019-03-01"),
        ("about 13 hours ago", "2019-02-28"), ("2 weeks ago", "2019-02-15"), ("a day ago", "2019-02-28"),
        ("Not available", None), ("", None), ("Feb 12, 2019 14:05 UTC", "2019-02-12"),
        ("Feb 12 14:05 UTC", "2019-02-12"), ("Mar 4 10:00 UTC", "2018-03-04"),
    ],
)  # fmt: skip
def test_when_a_vendor_was_last_online(said: str, day: str | None) -> None:
    page = profile_page("badge", "plain", "info", "Hello.").replace("about 3 hours ago", said)
    got = parse(page)
    assert got["vendors"][0]["last_active_on"] == day
    assert got["warnings"] == []


def test_an_age_needs_a_capture_time() -> None:
    got = parse(profile_page("badge", "plain", "info", "Hello."), captured_at=None)
    assert got["vendors"][0]["last_active_on"] is None
    assert [w.partition(":")[0] for w in got["warnings"]] == ["vendor.last_active_on"]


@pytest.mark.parametrize(
    ("heading", "handle", "trusted", "banned"),
    [
        ("Bright_Side", "Bright_Side", None, False),
        ("Bright_Side (Trusted Vendor)", "Bright_Side", True, False),
        ("Bright_Side <i>Not a trusted vendor</i>", "Bright_Side", False, False),
        ("Bright_Side <b>banned</b>", "Bright_Side", None, True),
        ("Vendor: Bright_Side", "Bright_Side", None, False),
        ("Profile of <b>Bright_Side</b> <small>Level 7</small>", "Bright_Side", None, False),
    ],
)
@pytest.mark.parametrize("tabs", [True, False], ids=["tabs", "no tabs"])
def test_names_and_marks(
    heading: str, handle: str, trusted: bool | None, banned: bool, tabs: bool
) -> None:
    page = profile_page("badge", "plain", "info", "Hello.")
    page = re.sub(r"<h2>.*?</h2>", f"<h2>{heading}</h2>", page)
    if not tabs:
        if heading.startswith(("Vendor:", "Profile")):
            return  # the handle cannot be told then
        page = re.sub(r"<ul.*?</ul>", "", page)
    got = parse(page)
    (vendor,) = got["vendors"]
    assert (vendor["handle"], vendor["trusted"], vendor["banned"]) == (handle, trusted, banned)
    assert got["warnings"] == []


def test_member_since_goes_before_vendor_since() -> None:
    page = profile_page("badge", "plain", "info", "Hello.")
    assert parse(page)["vendors"][0]["joined_on"] == "2017-11-03"
    without = page.replace("Nov 3, 2017 10:00 UTC", "Not available")
    assert parse(without)["vendors"][0]["joined_on"] == "2017-12-24"


def test_only_the_vendors_own_statistics_count() -> None:
    page = profile_page("badge", "plain", "info", "Hello.")
    buyer = (
        page[: page.index("<tr><td colspan=2>Vendor-Statistics")] + "</table></div></body></html>"
    )
    (vendor,) = parse(buyer, f"{SITE}/profile/Bright_Side")["vendors"]
    assert (vendor["sales"], vendor["rating_count"], vendor["disputes"]) == (None, None, None)


def test_a_key_is_read_on_its_tab() -> None:
    page = (FIXTURES / "wall_street" / "vendor_pgp.html").read_text("utf-8")
    key = re.search(r"-----BEGIN.*END PGP PUBLIC KEY BLOCK-----", page, re.S)
    assert key is not None
    plain = unescape(key[0])
    for text in (
        f"<pre>{key[0]}</pre>", f"<textarea>{key[0]}</textarea>", key[0].replace("\n", "<br />\n"),
        "<p>" + key[0].replace("\n", "<br>") + "</p>", key[0].replace("\n", "\r\n"),
    ):  # fmt: skip
        (vendor,) = parse(profile_page("badge", "plain", "pgp", text))["vendors"]
        assert vendor["pgp_key"] == plain
        assert vendor["pgp_fingerprint"] is not None
        assert vendor["profile"] is None
    broken = parse(profile_page("badge", "plain", "pgp", key[0][:200]))
    assert broken["vendors"][0]["pgp_key"] is None
    assert [w.partition(":")[0] for w in broken["warnings"]] == ["vendor.pgp_key"]


def test_feedback_on_a_profile_names_its_offer() -> None:
    table = (
        '<h3>Feedback</h3><table><tr><td>(5.00)</td><td><a href="/offer/9">Widget</a></td>'
        "<td>fine</td><td>a***z</td><td>2 days ago</td></tr></table>"
    )
    got = parse(profile_page("badge", "plain", "info", f"Hello.{table}"))
    assert [(r["vendor"], r["listing_external_id"], r["listing_title"], r["text"], r["author"]) for r in got["reviews"]] == [
        ("Bright_Side", "9", "Widget", "fine", "a***z")
    ]  # fmt: skip
    assert got["vendors"][0]["profile"] == "Hello."
    assert got["listings"] == []
