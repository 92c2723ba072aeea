"""What an answer means for the request: the page, a wall, nothing there, or trouble."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from scrapy.exceptions import IgnoreRequest

from cryptodrug_scraper.archive import Written
from cryptodrug_scraper.records import ParsedPage


class Verdict(Enum):
    """What came instead of, or as, the page that was asked for."""

    PAGE = "page"
    SIGNED_OUT = "signed out"
    CHALLENGE = "challenge"
    MISSING = "missing"
    TROUBLE = "trouble"
    OUT_OF_SCOPE = "out of scope"


@dataclass(slots=True, frozen=True)
class Judgement:
    """A verdict, and a short reason that is also the name of its counter."""

    verdict: Verdict
    reason: str = ""
    words: str = ""


class NoPage(IgnoreRequest):
    """Not the page that was asked for came: how it was judged, and the capture if there is one."""

    def __init__(self, judgement: Judgement, written: Written | None = None) -> None:
        super().__init__(f"{judgement.reason}: {judgement.words}")
        self.judgement = judgement
        self.written = written


_OF_THE_MARKET = ("listing", "vendor", "search", "index")


def judge(
    wanted: str, external_id: str | None, parsed: ParsedPage | None, status: int, cut_short: bool
) -> Judgement:
    """Judge the answer to a request.

    ``wanted`` is the kind of page that was asked for and ``external_id`` whose; ``parsed`` is
    None where the answer was no page at all.
    """
    if parsed is not None and parsed.kind == "login":
        return Judgement(Verdict.SIGNED_OUT, "login", parsed.kind_reason)
    if status >= 500:
        return Judgement(Verdict.TROUBLE, f"status_{status}", f"the server answered {status}")
    if parsed is None:
        if status == 404:
            return Judgement(Verdict.MISSING, "status_404", "the server answered 404")
        return Judgement(Verdict.TROUBLE, "no_page", f"no page came (status {status})")
    if cut_short:
        return Judgement(Verdict.TROUBLE, "cut_short", "the page ended before its end")
    if parsed.kind == "challenge":
        return Judgement(Verdict.CHALLENGE, "challenge", parsed.kind_reason)
    if parsed.kind == "not_found" or status == 404:
        return Judgement(Verdict.MISSING, "not_found", parsed.kind_reason)
    if parsed.cut_off:  # as it came whole, it left the server so, or on the way to it
        return Judgement(Verdict.TROUBLE, "cut_short", "the page breaks off before its end")
    if parsed.kind == wanted:
        return _whose(wanted, external_id, parsed)
    if parsed.kind == "index" and wanted in ("listing", "vendor"):
        return Judgement(Verdict.MISSING, "led_home", "the market led to its home page instead")
    if parsed.kind == "index" and wanted == "search":
        return Judgement(Verdict.TROUBLE, "other_page", "the home page came instead of results")
    if parsed.kind in _OF_THE_MARKET:
        if wanted == "index":
            return Judgement(Verdict.PAGE)
        return Judgement(Verdict.TROUBLE, "other_page", f"a page of kind {parsed.kind} came")
    return Judgement(Verdict.TROUBLE, parsed.kind, parsed.kind_reason)


def _whose(wanted: str, external_id: str | None, parsed: ParsedPage) -> Judgement:
    """Check that the page is of the listing or vendor that was asked for."""
    if external_id is None:
        return Judgement(Verdict.PAGE)
    if wanted == "listing":
        shown = {listing.external_id for listing in parsed.listings} - {None}
    elif wanted == "vendor":
        shown = {vendor.handle for vendor in parsed.vendors} - {None}
    else:
        return Judgement(Verdict.PAGE)
    if shown and external_id not in shown:
        return Judgement(
            Verdict.TROUBLE, "another", f"the page is of another {wanted} than was asked for"
        )
    return Judgement(Verdict.PAGE)
