"""Wall Street Market (2016-10 to 2019-05): what its pages are and which parser reads each.

No saved page of it is public. The market's page in ``shared/markets`` is what is known of
it; whatever that leaves open is read tolerantly, so nothing here depends on wrappers, on the
order of attributes, or on classes that are not named there.
"""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import unquote

from cryptodrug_scraper.reading.document import Document, fold
from cryptodrug_scraper.reading.lines import plain_label, walk
from cryptodrug_scraper.reading.links import address, path_of
from cryptodrug_scraper.reading.market import Kind, Market
from cryptodrug_scraper.reading.nodes import attribute, words
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.reading.walls import gateway_error, not_there, refreshes
from cryptodrug_scraper.records import ParsedPage
from parsers.wall_street_listing import read_listing
from parsers.wall_street_offer import read_cards
from parsers.wall_street_page import (
    OFFER_PATH,
    PROFILE_PATH,
    category_buttons,
    profile_links,
    read_categories,
    read_page_links,
)
from parsers.wall_street_vendor import read_vendor

_NAME = re.compile(r"wall\s?-?street\s?-?market", re.I)
_TITLE = re.compile(
    r"(?:.{0,60}\s[-|–:•·]\s)?wall\s?street(?:\s?market)?(?:\s?[-|–:•·]\s.{0,60})?", re.I
)
_FORM_FIELDS = re.compile(
    r"form\[(?:catT|catM|catB|shipsfrom|shipsto|sessionLength|pictureQuality)\]"
)
_PROFILE_LABELS = frozenset(
    {"last online", "member since", "vendor since", "vendor statistics", "buyer statistics"}
)
_SEIZED = re.compile(r"\b(?:has|have|was|were|been)\s+(?:been\s+)?seized\b|\bbeschlagnahmt\b", re.I)
_MAINTENANCE = re.compile(r"\bmaintenance\b|\bunder\s+construction\b|\bcurrently\s+offline\b", re.I)
_BROKEN = re.compile(r"\b(?:an\s+error\s+occurred|fatal\s+error)\b", re.I)
_SERVER = re.compile(r"\b(?:nginx|apache|openresty|cloudflare|lighttpd|varnish)\b", re.I)
_HOME = re.compile(r"\b(?:featured|welcome|news|announcements?)\b", re.I)
_MENUS = frozenset({"nav", "footer", "script", "style", "select", "noscript"})
_SHORT = 30_000  # characters of source: no error page or banner is longer

_PHRASES = (
    "Category", "Ships Worldwide", "with Exceptions", "Only ships to certain countries", "Prices",
    "Shipping options", "Description", "Refund policy", "Information", "Info", "Feedback",
    "Ratings", "Seller", "Sold by", "Level", "EXP", "Not a trusted vendor", "Vendor since",
    "Vendor-Statistics", "Buyer-Statistics", "Vendor-Level", "Average rating",
    "Completed orders", "Open/completed orders", "Rated orders", "Disputes involved as vendor",
    "Disputes involved as buyer", "Rating of the last", "Online", "seized", "Offers", "PGP",
    "Comment", "Rating", "Buyer", "Time", "Amount",
)  # fmt: skip
"""The market's own words: where they are damaged, what stands beside them is not read."""

# -- which market --------------------------------------------------------------------------


def recognises(document: Document) -> bool:
    """Tell whether a page is Wall Street Market's: by its own names in the markup, or its title."""
    fields = _fields(document)
    if (
        document.holds("h1.fheading", "fheading")
        or document.holds('[name="menuCatT"], [name="menuCatM"]', "menuCat")
        or document.holds(".wms_captcha_field, .wsm_pbc_headmod", "wms_", "wsm_")
        or "form[captcha]" in fields
        or any(map(_FORM_FIELDS.fullmatch, fields))
    ):
        return True
    tabbed = document.holds("#tabcontent", "tabcontent")
    if _has_offers(document, tabbed):
        return True
    if document.mentions("captcha_image") and "form[_token]" in fields:
        return True
    facts = document.mentions("Statistics", "profile/") or (
        document.mentions("online") and document.mentions("Vendor")
    )
    if (tabbed or facts) and _profile(document, None) is not None:
        return True
    return _has_its_name(document, fields)


def _fields(document: Document) -> set[str]:
    """Return the names of the page's form fields that are spelt ``form[…]``."""
    if not document.mentions("form["):
        return set()
    return {attribute(node, "name") for node in document.css("input, select, textarea")}


def _has_offers(document: Document, tabbed: bool) -> bool:
    """Tell links to offers beside links to profiles, in a store's tab, or beside known icons."""
    if not (document.mentions("offer/") and (tabbed or document.mentions("profile/", "ion-"))):
        return False
    if not any(OFFER_PATH.search(path_of(a)) for a in document.css('a[href*="offer/"]')):
        return False
    if tabbed or document.first('[class*="ion-log-"]') is not None:
        return True
    return any(PROFILE_PATH.search(path_of(a)) for a in document.css('a[href*="profile/"]'))


def _has_its_name(document: Document, fields: set[str]) -> bool:
    """Tell a wall without the market's markup: a short page under its name, or the banner."""
    if len(document.source) > _SHORT:
        return False
    titled = _TITLE.fullmatch(document.title) is not None
    source = document.source.replace("&nbsp;", " ")
    if not (titled or document.spells_letters or _NAME.search(source)):
        return False
    if titled and document.first('a[href^="http"]') is None:
        return True
    heading = document.first("h1, h2, h3")
    titled = heading is not None and _TITLE.fullmatch(words(heading)) is not None
    text = _text(document)
    if not _NAME.search(text) or not (titled or len(text) < 1500):
        return False
    return bool(_SEIZED.search(text) or _MAINTENANCE.search(text) or "form[_token]" in fields)


# -- which kind ----------------------------------------------------------------------------


def kind_of(document: Document, url: str | None) -> Kind:
    """Tell a page's kind by what stands on it, and by its address where that leaves it open."""
    if document.holds("h1.fheading", "fheading"):
        return Kind("listing", "it has an offer's title, h1.fheading")
    fields = _fields(document)
    if "form[username]" in fields or "form[password]" in fields:
        return Kind("login", "it has a form for user name and password")
    captcha = "input#captcha_input, img.captcha_image, div.wms_captcha_field"
    if "form[captcha]" in fields or document.holds(captcha, "captcha"):
        return Kind("challenge", "it asks for a captcha, and not for a user name")
    profile = _profile(document, url)
    if profile == "facts":
        return Kind("vendor", "it has a profile's facts")
    pager = document.holds('.pagination [name="page"]', "pagination")
    filtered = pager or any(map(_FORM_FIELDS.fullmatch, fields))
    if profile is None and _has_cards(document):
        if not filtered and _is_home(document, url):
            reason = "it is the home page, with featured offers and no filter or pager"
            return Kind("index", reason, by_absence=True)
        return Kind("search", "it has cards or rows of offers", by_absence=not filtered)
    text = _text(document)
    wall = _wall(document, text, url)
    if profile is not None and (wall is None or wall.name != "not_found"):
        return Kind("vendor", "it has a profile's name and tabs")
    if wall is not None:
        return wall
    if filtered:
        return Kind("search", "it has the results' filter or pager, and no offers", by_absence=True)
    if not _is_framed(document) and len(text) < 600 and refreshes(document):
        return Kind("challenge", "it is a short page that loads itself again", by_absence=True)
    if _elsewhere(url):
        return Kind("unknown", "its address is none of the home page, results, offers and profiles")
    if document.holds('[name^="menuCat"]', "menuCat"):
        return Kind("index", "it has the category tree, and no offers", by_absence=True)
    if document.holds('form[action*="logout"]', "logout"):
        return Kind("index", "it is a page for the signed in, without offers", by_absence=True)
    return Kind("unknown", "it has none of the marks of a known kind of page")


def _is_framed(document: Document) -> bool:
    """Tell a page with the market's own frame: its category tree, or the button to log out."""
    marks = '[name^="menuCat"], [action*="logout"], [href*="logout"]'
    return document.holds(marks, "menuCat", "logout")


def _is_home(document: Document, url: str | None) -> bool:
    """Tell the home page from results, which both stand at ``/index``: by address or headings."""
    if url and address(url).place in ("", "/", "/home"):
        return True
    return any(_HOME.search(h.text()) for h in document.css("h1, h2, h3"))


def _elsewhere(url: str | None) -> bool:
    """Tell an address that is neither the home page nor where results are posted to."""
    return address(url).path.strip("/") not in ("", "index", "home")


def _profile(document: Document, url: str | None) -> str | None:
    """Tell a profile: ``facts`` by its table of facts, ``tabs`` by its name and tabs, or None."""
    tab = document.first("#tabcontent")
    names = [fold(h.text(separator=" ")).casefold() for h in document.css("h2")]
    if tab is None and not names:
        return None
    if any(plain_label(c.text()) in _PROFILE_LABELS for c in document.css("td, th")):
        return "facts"
    here = PROFILE_PATH.search(address(url).place)
    if here is not None and (tab is not None or any(here[1].casefold() in n for n in names)):
        return "tabs"
    to = next(profile_links(document), None)
    named = to is not None and any(unquote(to[1]).casefold() in name for name in names)
    return "tabs" if to is not None and (named or tab is not None) else None


def _has_cards(document: Document) -> bool:
    if not document.mentions("offer/"):
        return False
    links = document.css("div.card-body a, table a, .card-title a")
    return any((to := OFFER_PATH.search(path_of(a))) is not None and not to[2] for a in links)


def _text(document: Document) -> str:
    """Return the words of a page without its category tree and menus: 6,000 letters or so."""
    trees = {node.mem_id for node in document.css("ol.tree")}
    texts: list[str] = []
    size = 0
    for node, tag, _ in walk(document.content, skip=_MENUS, leave_out=trees):
        if tag == "-text":
            texts.append(node.text())
            size += len(texts[-1])
            if size > 6000:
                break
    return fold(" ".join(texts))


def _wall(document: Document, text: str, url: str | None) -> Kind | None:
    """Tell a page that stands in the way: the banner, an error, or "does not exist".

    Inside the market's own frame only a short message counts, and not on the home page: its
    news, too, tell of maintenance, of seized markets and of vendors who are gone.
    """
    framed = _is_framed(document)
    if len(text) > (400 if framed else 2000) or (framed and url and not _elsewhere(url)):
        return None
    message = f"{document.title} . {text}"
    server = _SERVER.search(text[-80:]) is not None
    gone = not_there([message], longest=len(message))
    if gone is not None and not server:
        return gone
    if framed or len(document.source) > _SHORT:
        return None
    if _SEIZED.search(message):
        reason = "it is the banner of the authorities that seized the site"
    elif _MAINTENANCE.search(message):
        reason = "it says that the market is under maintenance"
    elif server or gateway_error(document) or _BROKEN.search(message[:300]):
        reason = "it is a server's or gateway's error page"
    else:
        return None
    return Kind("error", reason, by_absence=True)


# -- reading -------------------------------------------------------------------------------


def read(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read all that a page states."""
    texts = "#none"  # of vendors and buyers: their links are not the market's own
    if page.kind == "listing":
        read_listing(document, page, reader)
        texts = "#tabcontent"
    elif page.kind == "vendor":
        read_vendor(document, page, reader)
        tab = document.first("#tabcontent")
        if tab is not None and tab.css_first("table, .card-body") is None:
            texts = "#tabcontent"
    elif page.kind in ("search", "index"):
        page.listings += read_cards(document, reader)
    elif page.kind in ("login", "error"):
        return
    buttons = category_buttons(document)
    page.categories += read_categories(buttons, reader)
    read_page_links(document, page, buttons, texts, reader)


MARKET = Market(
    name="wall_street",
    title="Wall Street Market",
    also_called=("Wallstreet", "Wall St", "WSM", "WS", "WallSt Market"),
    opened_on=date(2016, 10, 1),  # late 2016; the day is not known
    closed_on=date(2019, 5, 2),
    review_amounts="none",  # stars, text, buyer, time; shipping has a table of its own
    recognises=recognises,
    kind_of=kind_of,
    read=read,
    healthy={
        "listing": {
            "external_id": 0.99,
            "title": 0.99,
            "vendor": 0.99,
            "price": 0.95,
            "category": 0.95,
            "description": 0.8,
        },
        "search": {"external_id": 1.0, "title": 0.99, "vendor": 0.95, "price": 0.95},
        "vendor": {"handle": 1.0, "joined_on": 0.9, "sales": 0.8},
    },
    phrases=_PHRASES,
)
