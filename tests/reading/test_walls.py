"""Where a meta-refresh leads, as browsers follow it."""

from __future__ import annotations

import pytest

from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.walls import refresh_address, refresh_target


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("2; /enter", "/enter"),
        ("2;/enter", "/enter"),
        ("0,/enter", "/enter"),
        ("3 /enter", "/enter"),
        ("0;url=/enter", "/enter"),
        (" .5 ; URL = '/enter' and more", "/enter"),
        ('0; url="/enter"', "/enter"),
        ("0;url=/enter'", "/enter'"),
        ("1; urls/enter", "urls/enter"),
        ("5", None),
        ("5;", None),
        ("5; url=", None),
        ("soon; /enter", None),
        ("2x/enter", None),
        ("", None),
    ],
)
def test_what_the_content_of_a_refresh_says(content: str, target: str | None) -> None:
    assert refresh_address(content) == target


@pytest.mark.parametrize("name", ['http-equiv="refresh"', "HTTP-EQUIV=Refresh"])
def test_a_page_that_is_but_a_refresh_leads_somewhere(name: str) -> None:
    body = f"<html><head><meta {name} content='4; /enter'></head><body>Wait.</body></html>"
    assert refresh_target(Document(body.encode())) == "/enter"
    assert refresh_target(Document(body.encode()), "http://m.onion/start") == "/enter"
    assert refresh_target(Document(body.encode()), "http://m.onion/enter") is None
    long = body.replace("Wait.", "A page of its own. " * 20)
    assert refresh_target(Document(long.encode())) is None
