"""How each market's pages are read: one module a market, found through a registry.

>>> from parsers import parse_page
>>> parse_page(b"<html></html>").kind
'unknown'
"""

from __future__ import annotations

from datetime import UTC, datetime

from cryptodrug_scraper.reading.document import Document, TooCostly
from cryptodrug_scraper.reading.market import Market, UnknownMarket, market_named, markets
from cryptodrug_scraper.reading.reader import Reader, Reading
from cryptodrug_scraper.records import ParsedPage

__all__ = ["Market", "ParsedPage", "UnknownMarket", "market_named", "markets", "parse_page"]


_latest: dict[str, Market] = {}


def parse_page(
    body: bytes,
    *,
    market: str | None = None,
    url: str | None = None,
    captured_at: datetime | None = None,
    content_type: str | None = None,
    readings: list[Reading] | None = None,
) -> ParsedPage:
    """Read one page: a pure function of its arguments, without I/O or a clock.

    ``market`` names the parser; without it the page's own marks tell. ``captured_at``
    (taken as UTC if it is naive) is what ages count back from. ``readings``, if given,
    receives the text that each field came from (for the page doctor).

    Never raises for any bytes: what is not a page of a known market is of kind
    ``unknown``. Raises :class:`UnknownMarket` for a market that has no parser.
    """
    if captured_at is not None:
        naive = captured_at.tzinfo is None
        captured_at = captured_at.replace(tzinfo=UTC) if naive else captured_at.astimezone(UTC)
    chosen = market_named(market) if market is not None else None
    page = ParsedPage(market=market, url=url, captured_at=captured_at)
    reader = Reader(captured_at, page.warnings, trace=readings is not None)
    try:
        likely = chosen or _latest.get("market")  # pages of one market mostly come together
        panels = likely.panels if likely is not None and readings is None else ()
        document = Document(body, content_type, panels)
        reader.open_page(document)
        page.cut_off = document.cut_off
        if chosen is None:
            chosen = next((m for m in markets().values() if m.recognises(document)), None)
        if chosen is None:
            page.kind_reason = "no market's marks were found on it"
            if page.cut_off:
                reader.warn_of_cut()
            return page
        page.market = chosen.name
        _latest["market"] = chosen
        chosen.read_page(document, page, reader)
    except TooCostly as refused:
        page.kind_reason = str(refused)
        reader.warn("kind", "refused", str(refused))
    except Exception as error:  # a parser's defect must not stop an archive, nor pass in silence
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        spot = f"{where.tb_frame.f_code.co_qualname}:{where.tb_lineno}" if where else ""
        reader.warn("page", f"the parser failed ({type(error).__name__} in {spot})", str(error))
    if readings is not None and reader.readings is not None:
        readings.extend(reader.readings)
    return page
