"""Reviews whose words the buyer changed between two captures, where that can be decided.

A row that states the minute, the buyer, the listing and the exact price names its review nearly
as a number would. Two such rows with other words are one review that was edited, unless a page
shows them both, or two pages of one visit do: then two were left within a minute. Of as many as
there are, the least number of reviews counts that explains the rows, as in ``sameness.py``.

An edited review is the one of the newest words, with the time and the price of the first. The
groups that its rows are of, by their words, are worked out together (``LINKED``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from cryptodrug_scraper.database.sightings import SAME_VISIT, Resolved

MINUTE = 60
"""Seconds within which a row must say that it was left, to name its review."""

DECIDABLE = (
    "{0}.author IS NOT NULL AND {0}.listing_id IS NOT NULL AND {0}.price_amount IS NOT NULL"
    " AND {0}.price_approximate IS NOT TRUE"
    f" AND {{0}}.latest - {{0}}.earliest <= interval '{MINUTE} seconds'"
)
"""Whether a row of ``review_sighting`` (put its alias) names its review."""

LINKED = f"""
    INSERT INTO taken
    SELECT DISTINCT o.vendor_id, o.content_id, %(round)s
    FROM taken t
    JOIN review_sighting s USING (vendor_id, content_id)
    JOIN review_sighting o ON o.vendor_id = s.vendor_id AND o.author = s.author
        AND o.listing_id = s.listing_id AND o.earliest = s.earliest
        AND o.price_amount = s.price_amount AND o.price_currency = s.price_currency
        AND o.content_id <> s.content_id
    WHERE t.round = %(round)s - 1 AND {DECIDABLE.format("s")} AND {DECIDABLE.format("o")}
    UNION
    SELECT r.vendor_id, words.content_id, %(round)s
    FROM taken t
    JOIN review r ON r.vendor_id = t.vendor_id AND r.earlier_content_ids <> '{{}}'
        AND t.content_id = ANY(r.content_id || r.earlier_content_ids)
    CROSS JOIN LATERAL unnest(r.content_id || r.earlier_content_ids) AS words(content_id)
    WHERE t.round = %(round)s - 1
    ON CONFLICT DO NOTHING
"""
"""Adds to ``taken`` the groups with a part in the same reviews: those that are of it by rows, and
those that were when their reviews were worked out last. To be run until it adds none."""


@dataclass(slots=True)
class Worded:
    """A review with its words; ``earlier`` are those that it had before, oldest first."""

    content: int
    review: Resolved
    earlier: list[int]


class _Seen(NamedTuple):
    """A review of unchanged words, and when captures showed them first and last."""

    first: int
    last: int
    content: int
    review: Resolved


def join_edits(
    reviews: Iterable[tuple[int, Resolved]], identity: dict[tuple[int, int], Hashable]
) -> list[Worded]:
    """Count reviews of a vendor that are one but for their words as one.

    `reviews` come with the key of their words, and `identity` is what rows (by page and ordinal)
    state that names their review, for those that state it. The outcome does not depend on the
    order of `reviews`.
    """
    result: list[Worded] = []
    named: dict[Hashable, list[_Seen]] = defaultdict(list)
    for content, review in reviews:
        names = {identity.get((row.page, row.ordinal)) for row in review.sure} - {None}
        seen = [row.observed for row in review.sightings if row.observed is not None]
        if len(names) == 1 and len(seen) == len(review.sightings):
            named[names.pop()].append(_Seen(min(seen), max(seen), content, review))
        else:
            result.append(Worded(content, review, []))
    for alike in named.values():
        result += [_edited(chain) for chain in _chains(alike)]
    return result


def _chains(
    alike: list[_Seen],
) -> list[list[_Seen]]:
    """Part reviews into as few chains as can be, each ended before the next was first seen."""
    chains: list[list[_Seen]] = []
    for one in sorted(alike, key=lambda each: (*each[:3], each.review.anchor[:2])):
        before = [
            chain
            for chain in chains
            if chain[-1].last + SAME_VISIT < one.first and chain[-1].content != one.content
        ]
        if before:
            max(before, key=lambda chain: chain[-1].last).append(one)
        else:
            chains.append([one])
    return chains


def _edited(chain: list[_Seen]) -> Worded:
    *earlier, newest = chain
    for before in earlier:
        newest.review.add(before.review.sightings)
        newest.review.doubtful |= before.review.doubtful
    return Worded(newest.content, newest.review, [before.content for before in earlier])
