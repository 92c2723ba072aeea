"""What many pages of a market show alike: menus of categories, links, panels of rates.

Nine of ten links and categories of a page stood on a page before. Their keys, and their rows
and arrays as text, are made once and remembered in this process, within bounds.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from cryptodrug_scraper.database.columns import row_of
from cryptodrug_scraper.database.ids import key_of
from cryptodrug_scraper.database.values import fits_bigint
from cryptodrug_scraper.records import Category, ExchangeRate, Link

LONGEST_NAME = 250
"""Characters of a handle, listing id, category id or path: longer ones are no such thing."""

_MENUS = 64
_RATES = 256
_LINKS = 30_000  # some 10 MB


class Menu(NamedTuple):
    """A page's categories: keys and counts as arrays in PostgreSQL's text, rows by key.

    ``too_long`` are names of categories that are not loaded.
    """

    keys: str
    counts: str
    rows: dict[int, tuple[Any, ...]]
    too_long: list[str]


class Linked(NamedTuple):
    """A link: the page's kind, the key as text, key, and row."""

    kind: str
    text: str
    key: int
    row: tuple[Any, ...]


_NO_MENU = Menu("{}", "{}", {}, [])
_menus: dict[tuple[Any, ...], tuple[Menu, tuple[Category, ...]]] = {}  # which it keeps alive
_rates: dict[tuple[Any, ...], tuple[int, list[tuple[Any, ...]]]] = {}
_links: dict[str, dict[Link, Linked]] = {}


def menu_of(market: str, categories: list[Category]) -> Menu:
    """Return the rows of a page's categories; they are shared and must not be changed."""
    if not categories:
        return _NO_MENU
    # Pages share their categories: the same objects, which cannot be changed, are the same menu.
    same = (market, *map(id, categories))
    known = _menus.get(same)
    if known is None:
        _make_room(_menus, _MENUS)
        known = _menus[same] = (_menu(market, categories), tuple(categories))
    return known[0]


def _menu(market: str, categories: list[Category]) -> Menu:
    keys: list[str] = []
    counts: list[str] = []
    menu = Menu("", "", {}, [])
    for category in categories:
        external_id, path = category.external_id, category.path
        if len(external_id) > LONGEST_NAME or sum(map(len, path)) > LONGEST_NAME:
            menu.too_long.append(max(external_id, "".join(path), key=len))
            continue
        key = key_of("category", market, external_id, *path)
        menu.rows.setdefault(
            key,
            row_of(
                "category",
                category_id=key,
                market=market,
                external_id=external_id,
                name=category.name,
                path=path,
            ),
        )
        count = fits_bigint(category.listing_count)
        keys.append(str(key))
        counts.append("NULL" if count is None else str(count))
    return menu._replace(keys=_array(keys), counts=_array(counts))


def rates_of(market: str, rates: list[ExchangeRate]) -> tuple[int, list[tuple[Any, ...]]]:
    """Return the key of a panel of exchange rates, and a row for each pair of currencies."""
    same = (market, *[(rate.base, rate.quote, rate.rate) for rate in rates])
    known = _rates.get(same)
    if known is None:
        pairs = sorted({(rate.base, rate.quote): rate.rate for rate in rates}.items())
        parts = [part for pair, rate in pairs for part in (*pair, rate)]
        key = key_of("panel", market, *parts)
        rows = [
            row_of("exchange_rate", exchange_panel_id=key, base=base, quote=quote, rate=rate)
            for (base, quote), rate in pairs
        ]
        known = (key, rows)
        _make_room(_rates, _RATES)
        _rates[same] = known
    return known


def links_of(market: str, links: list[Link]) -> tuple[list[Linked], list[str]]:
    """Return a page's links with their rows, and the ids of listings that are too long."""
    known = _links.setdefault(market, {})
    linked: list[Linked] = []
    too_long: list[str] = []
    for link in links:
        one = known.get(link)
        if one is None:
            kind, external_id, url = link
            if external_id is not None and len(external_id) > LONGEST_NAME:
                too_long.append(external_id)
                continue
            key = key_of("link", market, kind, external_id, url)
            row = row_of(
                "link", link_id=key, market=market, kind=kind, external_id=external_id, url=url
            )
            one = Linked(kind, str(key), key, row)
            _make_room(known, _LINKS)
            known[link] = one
        linked.append(one)
    return linked, too_long


def _array(items: list[str]) -> str:
    return "{" + ",".join(items) + "}"


def _make_room(cache: dict[Any, Any], limit: int) -> None:
    if len(cache) >= limit:
        cache.clear()
