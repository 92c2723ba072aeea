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
unless one of them left the market's window before the other entered it. It never exceeds
the truth. Prices are no part of (2): markets show them in the reader's currency, at the
day's rate. They only decide which twin is which, and rows of different prices are kept apart
wherever that takes no more reviews.

**How it is found**, for the rows of one vendor with the same rating and words:

1. Rows that show the same buyer and listing (or lack the same) form a *series*. Within it
   each page gives intervals on the line of time, and we look for the fewest points such that
   every page's intervals can be given a point each. By Hall's theorem for intervals that
   holds if every stretch of time has at least as many points as any one page has intervals
   within it; adding points as late as possible, from left to right, gives the fewest.
2. Pages differ in what they show: a Dream vendor's page names the buyer, a listing's page
   the listing. Series that show more come first; points of a series that shows less are
   matched to reviews that they can be (maximum matching), and what finds no partner is a
   review of its own. A listing is written to a review only where no other could be meant, and
   only rows that can be of no other review say when it was left.

The outcome depends on the set of rows alone, not on the order in which they came, so
loading is idempotent and order-independent; and a group is worked out anew when its rows
change (``reviews.py``).

A market may spread a list over pages. Twins at a page border (the last row of one page, the
first of the next) are told from one row that slid over the border by the list's state: pages
that state the same total, captured within an hour, are parts of one list (:func:`_join`).

Known limits, on the side of one too few: twins never shown together. On the side of one too
many: a buyer who changes the words of a review between two captures (view
``review_suspected_edit`` lists them).
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

ALWAYS = (-(1 << 62), 1 << 62)
"""The interval of a row whose time is unknown."""


class Sighting(NamedTuple):
    """A row of reviews on a page. Times are whole seconds since 1970.

    ``earliest`` to ``latest`` (both included) is when it can have been posted;
    ``price`` serves only to tell twins apart. ``list`` names the paged list, in one state,
    of which the page shows a part, ``edge`` is "first" or "last" for the rows at its borders,
    ``observed`` the capture's time.
    """

    page: int
    ordinal: int
    author: str | None
    listing: int | None
    earliest: int
    latest: int
    price: float | None = None
    list: int | None = None
    edge: str | None = None
    observed: int | None = None


@dataclass(slots=True)
class Resolved:
    """One review: the rows that show it, and what they say together.

    ``anchor`` is the row on the page that showed most of the review's twins: if it has
    ``twins``, what could be swapped between them is taken from it. ``earliest`` and ``latest``
    are what all rows leave, ``doubtful`` the (page, ordinal) of rows that may be another's: they
    are counted with it, and say nothing of it.
    """

    author: str | None
    listing: int | None
    earliest: int
    latest: int
    anchor: Sighting
    sightings: list[Sighting] = field(default_factory=list)
    pages: set[int] = field(default_factory=set)
    twins: bool = False
    doubtful: set[tuple[int, int]] = field(default_factory=set)

    @property
    def sure(self) -> list[Sighting]:
        """The rows that can be of no other review, in the order in which they were found."""
        return [row for row in self.sightings if (row.page, row.ordinal) not in self.doubtful]

    def add(self, rows: Iterable[Sighting]) -> None:
        """Count rows as sightings of this review."""
        for row in rows:
            self.sightings.append(row)
            self.pages.add(row.page)
            self.earliest = max(self.earliest, row.earliest)
            self.latest = min(self.latest, row.latest)


def resolve(sightings: Iterable[Sighting]) -> list[Resolved]:
    """Return the reviews that rows of one vendor, rating and wording show, in time order.

    Every row is in exactly one review. The outcome does not depend on the rows' order.
    """
    series: dict[tuple[str | None, int | None], list[Sighting]] = defaultdict(list)
    for row in sightings:
        series[row.author, row.listing].append(row)
    levels: dict[tuple[bool, bool], list[Resolved]] = {}
    for (author, listing), rows in series.items():
        levels.setdefault((author is None, listing is None), []).extend(
            _resolve_series(author, listing, rows)
        )
    reviews: list[Resolved] = []
    # False sorts first: buyer and listing, buyer alone, listing alone, neither.
    for level in sorted(levels):
        reviews = _merge(reviews, sorted(levels[level], key=_order))
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
        points = _fewest_points(pages)
        prices = {row.price for row in stretch}
        if len(prices) > 1:
            # Prices are believed where believing them takes no more reviews.
            classes = [
                _by_page([row for row in stretch if row.price == price], joined)
                for price in sorted(prices, key=lambda p: (p is None, p or 0))
            ]
            by_price = [_fewest_points(of_one_price) for of_one_price in classes]
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
    for row in sorted(rows, key=lambda r: (r.earliest, r.latest, r.page, r.ordinal)):
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
    in_order = sorted(pages, key=lambda p: (-len(p), _first(p)))
    reviews: list[Resolved | None] = [None] * len(points)
    for page in in_order:
        for index, row in _give_points(page, points, reviews):
            review = reviews[index]
            if review is None:
                reviews[index] = _new(author, listing, row)
            else:
                review.add([row])
    found = [review for review in reviews if review is not None]
    for review in found:
        review.twins = len(found) > 1
    return found


_SAME_VISIT = 3_600


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
            and abs(observed - row.observed) <= _SAME_VISIT
            and page not in joined
            and page not in joined.values()
            and row.page not in joined.values()
        ]
        if before:
            joined[row.page] = min(before)[1]
    return joined


def _first(page: list[Sighting]) -> tuple[int, int]:
    return min(row.earliest for row in page), page[0].page


def _new(author: str | None, listing: int | None, row: Sighting) -> Resolved:
    review = Resolved(author, listing, row.earliest, row.latest, row)
    review.add([row])
    return review


def _fewest_points(pages: Iterable[list[Sighting]]) -> list[int]:
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
    waiting = deque(sorted(page, key=lambda row: (row.earliest, row.latest, row.page, row.ordinal)))
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


# -- several series: who can be whom -----------------------------------------------------------


def _merge(reviews: list[Resolved], partial: list[Resolved]) -> list[Resolved]:
    """Match reviews of pages that show less to those that they can be; keep the rest."""
    if not reviews or not partial:
        return reviews + partial
    edges = _possible(reviews, partial)
    partner = _maximum_matching(edges, len(reviews))
    certain = _certain(edges, partial, len(reviews))
    fitting = Counter(target for fits in edges for target in fits)
    for index, review in enumerate(partial):
        target = partner.get(index)
        if target is None:
            continue
        known = reviews[target]
        known.add(review.sightings)
        known.doubtful |= review.doubtful
        if len(edges[index]) > 1 or fitting[target] > 1:
            known.doubtful.update((row.page, row.ordinal) for row in review.sightings)
        if known.listing is None and index in certain:
            known.listing = review.listing
    return reviews + [r for i, r in enumerate(partial) if i not in partner]


def _possible(reviews: list[Resolved], partial: list[Resolved]) -> list[list[int]]:
    """Return for each partial review the indexes of the reviews that it can be."""
    by_start = sorted(range(len(reviews)), key=lambda i: reviews[i].earliest)
    starts = [reviews[i].earliest for i in by_start]
    longest = max(r.latest - r.earliest for r in reviews)
    edges: list[list[int]] = []
    for small in partial:
        fits = []
        low = bisect_left(starts, small.earliest - longest)
        high = bisect_left(starts, small.latest + 1)
        for position in range(low, high):
            index = by_start[position]
            big = reviews[index]
            if (
                big.latest >= small.earliest
                and (small.author is None or big.author is None or small.author == big.author)
                and (small.listing is None or big.listing in (None, small.listing))
                and big.pages.isdisjoint(small.pages)
            ):
                fits.append(index)
        edges.append(fits)
    return edges


def _maximum_matching(edges: list[list[int]], targets: int) -> dict[int, int]:
    """Return a maximum matching from sources to targets (augmenting paths, no recursion)."""
    partner: dict[int, int] = {}
    taken: list[int | None] = [None] * targets
    for source in range(len(edges)):
        came_from: dict[int, int] = {}
        queue = deque([source])
        free: int | None = None
        while queue and free is None:
            current = queue.popleft()
            for target in edges[current]:
                if target in came_from:
                    continue
                came_from[target] = current
                holder = taken[target]
                if holder is None:
                    free = target
                    break
                queue.append(holder)
        while free is not None:
            giver = came_from[free]
            previous = partner.get(giver)
            partner[giver], taken[free] = free, giver
            free = previous
    return partner


def _certain(edges: list[list[int]], partial: list[Resolved], targets: int) -> set[int]:
    """Return the partial reviews whose listing can be written to their partner.

    That is so where, among all that hang together by possible pairs, there are as many on
    one side as on the other and all name one listing: then any pairing says the same.
    """
    leader = list(range(targets + len(edges)))

    def find(node: int) -> int:
        while leader[node] != node:
            leader[node] = leader[leader[node]]
            node = leader[node]
        return node

    for index, fits in enumerate(edges):
        for target in fits:
            leader[find(target)] = find(targets + index)
    reviews: dict[int, int] = defaultdict(int)
    members: dict[int, list[int]] = defaultdict(list)
    for target in range(targets):
        reviews[find(target)] += 1
    for index in range(len(edges)):
        members[find(targets + index)].append(index)
    certain: set[int] = set()
    for root, indexes in members.items():
        if reviews[root] == len(indexes) and len({partial[i].listing for i in indexes}) == 1:
            certain.update(indexes)
    return certain
