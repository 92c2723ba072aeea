"""Which rows of reviews are the same review.

Reviews have no id. A page shows rows of rating, words, age, masked buyer and amount; the
next capture shows most of them again, older; ages are rounded; the market keeps only the
newest few hundred; and two buyers can leave rows that look the same. Turnover is estimated
from the number of reviews, so a review counted twice and a review lost are the worst errors
of the whole pipeline.

**What is certain.** (1) Two rows of one page are two reviews. (2) Two rows can be one review
only if they agree in vendor, rating, sentiment and words, in buyer and listing wherever both
pages show them, and if there is a moment at which both can have been posted: an age of
``9d`` at a capture allows the day around nine days before it, ``1d 22h`` the hour, and so on
(:mod:`cryptodrug_scraper.normalise.ages` widens for floor, ceiling and nearest).

**The count** is the least number of reviews that explains every row under (1) and (2). It
is the true number whenever twins were seen together on at least one page, which holds
unless one of them left the market's window before the other entered it. For the rows of one
kind of page it is found exactly; of several kinds, with few exceptions (below). Prices are no
part of (2): markets show them in the reader's currency, at the day's rate. They only decide
which twin is which, and rows of different prices are kept apart wherever that takes no more
reviews.

**How it is found**, for the rows of one vendor with the same rating and words:

1. Rows that show the same buyer and listing (or lack the same) form a *series*. Within it
   each page gives intervals on the line of time, and we look for the fewest points such that
   every page's intervals can be given a point each. By Hall's theorem for intervals that
   holds if every stretch of time has at least as many points as any one page has intervals
   within it; adding points as late as possible, from left to right, gives the fewest.
2. Pages differ in what they show: a Dream vendor's page names the buyer, a listing's page
   the listing. Series that show more come first; points of a series that shows less are
   matched to reviews that they can be (maximum matching), and what finds no partner is a
   review of its own. Where some find none, its rows are grouped anew, by the reviews that each
   can be of, and that stands if fewer are then left (:func:`_regrouped`). A listing is written
   to a review only where no other could be meant, and only rows that can be of no other review
   say when it was left.

The outcome depends on the set of rows alone, not on the order in which they came, so
loading is idempotent and order-independent; and a group is worked out anew when its rows
change (``reviews.py``).

A market may spread a list over pages. Twins at a page border (the last row of one page, the
first of the next) are told from one row that slid over the border by the list's state: pages
that state the same total, captured within an hour, are parts of one list (:func:`_join`).

A buyer may change the words of a review between two captures. Where rows name their review but
for the words (by the minute, the buyer, the listing and the exact price), that is still one, with
the newest words (``edits.py``).

Known limits, on the side of one too few: twins never shown together. On the side of one too
many: words that were changed on a market whose rows say less (view ``review_suspected_edit``
lists them); and two reviews of one buyer with the same words, whose
rows can be grouped in several ways, of which the one taken fits no row of the listings' pages.
In simulations of weekly captures the latter adds one review to 8,000.

Ages count back from the capture, and the market wrote the page some seconds before. No row is
lost by that: brackets leave a whole unit on the side of the later, so that they still meet.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Iterable

from cryptodrug_scraper.database.pairing import merge, pair, paired_rows
from cryptodrug_scraper.database.sightings import SAME_VISIT, Resolved, Series, Sighting


def resolve(sightings: Iterable[Sighting]) -> list[Resolved]:
    """Return the reviews that rows of one vendor, rating and wording show, in time order.

    Every row is in exactly one review. The outcome does not depend on the rows' order.
    """
    series: dict[Series, list[Sighting]] = defaultdict(list)
    for row in sightings:
        series[row.author, row.listing].append(row)
    levels: dict[tuple[bool, bool], list[Series]] = defaultdict(list)
    for author, listing in series:
        levels[author is None, listing is None].append((author, listing))
    reviews: list[Resolved] = []
    # False sorts first: buyer and listing, buyer alone, listing alone, neither.
    for level in sorted(levels):
        rows = {key: series[key] for key in levels[level]}
        partial = sorted(
            (one for key, own in rows.items() for one in _resolve_series(*key, own)), key=_order
        )
        pairing = pair(reviews, partial)
        for order in _ORDERS if reviews and pairing.lacking else ():
            other = pair(reviews, _regrouped(reviews, rows, order))
            if other.lacking < pairing.lacking:
                pairing = other
        reviews = merge(reviews, pairing)
    return sorted(reviews, key=_order)


def _order(review: Resolved) -> tuple[int, int, str, int, int, int]:
    anchor = review.anchor
    return (
        review.earliest,
        review.latest,
        review.author or "",
        review.listing or 0,
        anchor.page,
        anchor.ordinal,
    )


def _row_order(row: Sighting) -> tuple[int, int, int, int]:
    return row.earliest, row.latest, row.page, row.ordinal


def _regrouped(
    reviews: list[Resolved],
    series: dict[Series, list[Sighting]],
    order: Callable[[Iterable[list[Sighting]]], list[list[Sighting]]],
) -> list[Resolved]:
    """Return the reviews of series that show less, with rows grouped by the reviews known.

    Of the ways to give a series its fewest points, not every one fits the reviews that fuller
    pages show. Here each page's rows look for those first, page by page in an order, and only the
    rest for each other.
    """
    groups, rest = paired_rows(
        reviews,
        [
            (key, sorted(page, key=_row_order))
            for key in sorted(series, key=lambda k: (k[0] or "", k[1] or 0))
            for page in order(_by_page(series[key], _join(series[key])))
        ],
    )
    found = []
    for (author, listing), rows in groups:
        review = _new(author, listing, rows[0])
        review.add(rows[1:])
        review.twins = True
        found.append(review)
    for key, rows in rest.items():
        found += _resolve_series(*key, rows)
    return sorted(found, key=_order)


def _most_first(pages: Iterable[list[Sighting]]) -> list[list[Sighting]]:
    """Order pages: the one that shows most first."""
    return sorted(pages, key=lambda page: (-len(page), _first(page)))


def _oldest_first(pages: Iterable[list[Sighting]]) -> list[list[Sighting]]:
    """Order pages: in the order of their oldest rows."""
    return sorted(pages, key=_first)


def _newest_first(pages: Iterable[list[Sighting]]) -> list[list[Sighting]]:
    """Order pages: the one with the newest row first; it says best when that was left."""
    return sorted(pages, key=lambda page: (-max(r.latest for r in page), _first(page)))


_ORDERS = (_most_first, _oldest_first, _newest_first)


# -- one series: the fewest points -------------------------------------------------------------


def _resolve_series(
    author: str | None, listing: int | None, rows: list[Sighting]
) -> list[Resolved]:
    joined = _join(rows)
    reviews: list[Resolved] = []
    for stretch in _stretches(rows):
        pages = _by_page(stretch, joined)
        if len(pages) == 1:  # most: each row is a review
            reviews += [_new(author, listing, row) for row in stretch]
            continue
        points = fewest_points(pages)
        prices = {row.price for row in stretch}
        if len(prices) > 1:
            # Prices are believed where believing them takes no more reviews.
            classes = [
                _by_page([row for row in stretch if row.price == price], joined)
                for price in sorted(prices, key=lambda p: (p is None, p or 0))
            ]
            by_price = [fewest_points(of_one_price) for of_one_price in classes]
            if sum(map(len, by_price)) == len(points):
                for of_one_price, its_points in zip(classes, by_price, strict=True):
                    reviews += _assign(author, listing, of_one_price, its_points)
                continue
        reviews += _assign(author, listing, pages, points)
    return reviews


def _stretches(rows: list[Sighting]) -> list[list[Sighting]]:
    """Part rows into stretches of time that do not touch: no review is in two."""
    parts: list[list[Sighting]] = []
    until = 0
    for row in sorted(rows, key=_row_order):
        if not parts or row.earliest > until:
            parts.append([])
            until = row.latest
        parts[-1].append(row)
        until = max(until, row.latest)
    return parts


def _by_page(rows: list[Sighting], joined: dict[int, int]) -> list[list[Sighting]]:
    pages: dict[int, list[Sighting]] = defaultdict(list)
    for row in rows:
        pages[joined.get(row.page, row.page)].append(row)
    return list(pages.values())


def _assign(
    author: str | None, listing: int | None, pages: list[list[Sighting]], points: list[int]
) -> list[Resolved]:
    """Give every row its point; the rows of a point are a review."""
    # The page that shows most of them first: its rows become the anchors.
    reviews: list[Resolved | None] = [None] * len(points)
    for page in _most_first(pages):
        for index, row in _give_points(page, points, reviews):
            review = reviews[index]
            if review is None:
                reviews[index] = _new(author, listing, row)
            else:
                review.add([row])
    result = [review for review in reviews if review is not None]
    for review in result:
        review.twins = len(result) > 1
    return result


def _join(rows: list[Sighting]) -> dict[int, int]:
    """Return which pages continue which: later page of a list to the page before it.

    Only for pages whose border rows are equal, where it decides whether they are two
    reviews; each page is joined to one other at most.
    """
    last = {(r.list, r.earliest, r.latest, r.observed, r.page) for r in rows if r.edge == "last"}
    joined: dict[int, int] = {}
    if not last:
        return joined
    for row in sorted((r for r in rows if r.edge == "first"), key=lambda r: r.page):
        before = [
            (abs(observed - row.observed), page)
            for list_, earliest, latest, observed, page in last
            if list_ is not None
            and (list_, earliest, latest) == (row.list, row.earliest, row.latest)
            and page != row.page
            and observed is not None
            and row.observed is not None
            and abs(observed - row.observed) <= SAME_VISIT
            and page not in joined
            and page not in joined.values()
            and row.page not in joined.values()
        ]
        if before:
            joined[row.page] = min(before)[1]
    return joined


def _first(page: list[Sighting]) -> tuple[int, int]:
    return min(row.earliest for row in page), min(row.page for row in page)


def _new(author: str | None, listing: int | None, row: Sighting) -> Resolved:
    review = Resolved(author, listing, row.earliest, row.latest, row)
    review.add([row])
    return review


def fewest_points(pages: Iterable[list[Sighting]]) -> list[int]:
    """Return the fewest moments such that each page's rows can have one each, ascending."""
    ends: dict[int, list[list[Sighting]]] = defaultdict(list)
    for page in pages:
        page.sort(key=lambda row: row.latest)
        for latest in {row.latest for row in page}:
            ends[latest].append(page)
    points: list[int] = []
    for latest in sorted(ends):
        lacking = 0
        for page in ends[latest]:
            within = sorted((row.earliest for row in page if row.latest <= latest), reverse=True)
            for count, earliest in enumerate(within, 1):
                have = len(points) - bisect_left(points, earliest)
                lacking = max(lacking, count - have)
        points.extend([latest] * lacking)
    return points


def _give_points(
    page: list[Sighting], points: list[int], reviews: list[Resolved | None]
) -> list[tuple[int, Sighting]]:
    """Give each row of a page a point within its interval, earliest deadline first.

    That always succeeds. Where rows could change places, prices decide.
    """
    waiting = deque(sorted(page, key=_row_order))
    ready: list[tuple[int, int, int, Sighting]] = []
    given: dict[int, Sighting | None] = {}
    for index, point in enumerate(points):
        while waiting and waiting[0].earliest <= point:
            row = waiting.popleft()
            heapq.heappush(ready, (row.latest, row.page, row.ordinal, row))
        given[index] = heapq.heappop(ready)[3] if ready else None
    if len(points) > 1 and any(row.price is not None for row in page):
        _change_places(given, points, reviews)
    return [(index, row) for index, row in given.items() if row is not None]


def _change_places(
    given: dict[int, Sighting | None], points: list[int], reviews: list[Resolved | None]
) -> None:
    """Swap rows between points as long as their prices then fit the reviews' better."""

    def cost(row: Sighting | None, index: int) -> float:
        review = reviews[index]
        if row is None or review is None or row.price is None or review.anchor.price is None:
            return 0.0
        larger, smaller = max(row.price, review.anchor.price), min(row.price, review.anchor.price)
        return 0.0 if larger == smaller else 1.0 - smaller / larger

    def fits(row: Sighting | None, index: int) -> bool:
        return row is None or row.earliest <= points[index] <= row.latest

    better = True
    for _ in range(_MOST_ROUNDS):
        if not better:
            return
        better = False
        for here in given:
            if given[here] is None:
                continue
            for there in given:
                mine, theirs = given[here], given[there]
                if here == there or not (fits(mine, there) and fits(theirs, here)):
                    continue
                now = cost(mine, here) + cost(theirs, there)
                if now > cost(mine, there) + cost(theirs, here) + 1e-9:
                    given[here], given[there] = theirs, mine
                    better = True
                    if theirs is None:
                        break


_MOST_ROUNDS = 8
