"""Small pages in the markets' markup, written by tests to be replayed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptodrug_scraper.records import isoformat

DREAM = """<html><head><title>Contact</title></head><body><div class="main">
<div class="headNavitems"><ul><li><a href="./profile">reader</a></li></ul></div>
<div class="content"><div class="contactMember"><div class="title">Contact vendor</div>
<div class="profileNotes tabularDetails"><div class="memberSince"><table class="pTable"><tr>
<td class="ptableLabel"><label>Username</label></td><td><span>{vendor} <a class="viewRatings"
href="/contactMember?member={vendor}&amp;tab=ratings#tabChooser"><span
title="Successful transactions">(900)</span> (<span class="userRating gold"
title="Average rating out of 900 rating[s] (1-5 stars)">4.90</span>)</a></span></td></tr></table>
</div></div><table class="pnav centerDefault"><tr><td class="pListItem"><a class="pTabLabel"
href="?member={vendor}">Profile</a></td><td class="pListItem pSelected"><span
class="pTabLabel">Ratings</span></td></tr></table>
<table class="ratingTable hoverable">{rows}</table>
</div></div></div>
<div class="footer"><div class="copyRight">Copyright © 2013 by SpeedSteppers</div></div>
</body></html>"""
STAR = '<img class="star" src="./star_gold.png" alt="gold">'
DREAM_ROW = """<tr><td class="dontwrap center">{age}</td><td class="dontwrap">{stars}</td>
<td class="text ratingText">{text}</td><td class="dontwrap">{author}</td>
<td class="dontwrap">~ ${paid}</td></tr>"""


def dream_age(seconds: int) -> str:
    """An age as Dream writes it: 22:58, 1d 22h, 9d."""
    minutes = seconds // 60
    if minutes < 24 * 60:
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    days, hours = divmod(minutes // 60, 24)
    return f"{days}d {hours}h" if days < 3 else f"{days}d"


def dream_ratings(vendor: str, rows: Sequence[tuple[int, int, str, str, int]]) -> str:
    """A vendor's ratings tab; rows of age in seconds, stars, text, author, price."""
    return DREAM.format(
        vendor=vendor,
        rows="".join(
            DREAM_ROW.format(
                age=dream_age(age),
                stars=STAR * stars,
                text=text or "Enter your comments here",
                author=author,
                paid=paid,
            )
            for age, stars, text, author, paid in rows
        ),
    )


def save(folder: Path, name: str, html: str, captured_at: datetime, url: str | None = None) -> None:
    """Write a page and its sidecar."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.html").write_text(html, "utf-8")
    about = {"captured_at": isoformat(captured_at), "url": url, "status": 200}
    (folder / f"{name}.json").write_text(json.dumps(about), "utf-8")
