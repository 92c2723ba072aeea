"""Which reviews of pages that show less can be which of pages that show more (`sameness.py`)."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass

from cryptodrug_scraper.database.sightings import Resolved, Series, Sighting


@dataclass(frozen=True, slots=True)
class Pairing:
    """Which reviews partial ones can be (`edges`, by index), and which each is taken for."""

    partial: list[Resolved]
    edges: list[list[int]]
    partner: dict[int, int]

    @property
    def lacking(self) -> int:
        """How many of the partial reviews can be none of the reviews."""
        return len(self.partial) - len(self.partner)


def pair(reviews: list[Resolved], partial: list[Resolved]) -> Pairing:
    """Match reviews of pages that show less to as many as can be had of those that they can be."""
    if not reviews:
        return Pairing(partial, [], {})
    edges = _possible(reviews, partial)
    return Pairing(partial, edges, maximum_matching(edges, len(reviews)))


def merge(reviews: list[Resolved], pairing: Pairing) -> list[Resolved]:
    """Count matched reviews with their partners; keep the rest."""
    partial, edges, partner = pairing.partial, pairing.edges, pairing.partner
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


def paired_rows(
    reviews: list[Resolved], pages: list[tuple[Series, list[Sighting]]]
) -> tuple[list[tuple[Series, list[Sighting]]], dict[Series, list[Sighting]]]:
    """Give the rows of each page reviews that they can be of, as many as can be had.

    `pages` come with the series that they are of: no review is of two. Returns the rows of each
    review, which leave it a time, and by series those that are of none.
    """
    near = _Near(reviews)
    spans = [(review.earliest, review.latest) for review in reviews]
    owners: dict[int, Series] = {}
    groups: dict[int, list[Sighting]] = {}
    rest: dict[Series, list[Sighting]] = {}
    for key, page in pages:
        edges = []
        for row in page:
            fits = []
            for index in near.of(row.earliest, row.latest):
                earliest, latest = spans[index]
                left = min(latest, row.latest) - max(earliest, row.earliest)
                fit = left >= 0 and owners.get(index, key) == key
                if fit and _can_be(reviews[index], row.author, row.listing, {row.page}):
                    fits.append((index not in owners, latest - earliest - left, index))
            edges.append([index for _, _, index in sorted(fits)])
        partner = maximum_matching(edges, len(reviews))
        for n, row in enumerate(page):
            target = partner.get(n)
            if target is None:
                rest.setdefault(key, []).append(row)
                continue
            earliest, latest = spans[target]
            spans[target] = max(earliest, row.earliest), min(latest, row.latest)
            owners[target] = key
            groups.setdefault(target, []).append(row)
    return [(owners[index], groups[index]) for index in sorted(groups)], rest


class _Near:
    """Finds reviews whose time touches another."""

    def __init__(self, reviews: list[Resolved]) -> None:
        self._reviews = reviews
        self._order = sorted(range(len(reviews)), key=lambda i: reviews[i].earliest)
        self._starts = [reviews[i].earliest for i in self._order]
        self._longest = max(r.latest - r.earliest for r in reviews)

    def of(self, earliest: int, latest: int) -> Iterator[int]:
        """Yield their indexes, in order of time."""
        low = bisect_left(self._starts, earliest - self._longest)
        for position in range(low, bisect_left(self._starts, latest + 1)):
            if self._reviews[self._order[position]].latest >= earliest:
                yield self._order[position]


def _can_be(review: Resolved, author: str | None, listing: int | None, pages: set[int]) -> bool:
    """Whether what pages show of a review is not another's, time aside."""
    return (
        (author is None or review.author is None or author == review.author)
        and (listing is None or review.listing in (None, listing))
        and review.pages.isdisjoint(pages)
    )


def _possible(reviews: list[Resolved], partial: list[Resolved]) -> list[list[int]]:
    """Return for each partial review the indexes of the reviews that it can be."""
    near = _Near(reviews)
    return [
        [
            index
            for index in near.of(small.earliest, small.latest)
            if _can_be(reviews[index], small.author, small.listing, small.pages)
        ]
        for small in partial
    ]


def maximum_matching(edges: list[list[int]], targets: int) -> dict[int, int]:
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
