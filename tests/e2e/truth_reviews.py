"""Matches true reviews with rows of table ``review``, one with one.

Reviews have no id and twins exist, so a true review may be any row that says what it says, of a
time that it can be of. As many as possible are matched where all agrees (a maximum matching, by
augmenting paths); of those that are left over, the most alike are paired, and what differs between
them is told; the rest is missing, or surplus.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from cryptodrug_scraper.database.values import same_words
from cryptodrug_scraper.records import isoformat
from tests.e2e.stated import Record, SeenReview, is_stated
from tests.e2e.words import told

ALIKE = 3
"""So many fields may differ between two that are told as one which differs."""
WIDEST = {
    "minute": timedelta(minutes=2),
    "hour": timedelta(hours=2),
    "day": timedelta(days=2),
    "week": timedelta(weeks=2),
    "month": timedelta(days=370),
}
"""How wide the bracket of a time of a precision can be: a unit before and after."""
LAG = timedelta(minutes=2)
"""How long before its capture a page can have been written; ages are as old as the page."""

Titles = dict[str, str]


@dataclass(frozen=True, eq=False)
class TrueReview:
    """A review of the truth; ``listing`` is what was bought, whether or not a page says so."""

    fields: Record
    posted: datetime
    listing: str

    @classmethod
    def of(cls, record: dict[str, Any]) -> TrueReview:
        """Take it from a record of the truth."""
        posted = datetime.fromisoformat(record["posted"])
        return cls(record["fields"], posted, record["listing"])

    @property
    def name(self) -> str:
        """What to call it in words."""
        by = f" by {self.fields['author']}" if self.fields["author"] else ""
        return f"left {self.posted:%Y-%m-%d %H:%M}{by}, {told(self.fields['text'])}"


@dataclass
class Pair:
    """A true review and the row that is it: ``differing`` fields in words.

    ``unsaid``: the row does not say which listing it is of.
    """

    name: str
    required: bool
    unsaid: bool
    compared: int
    differing: dict[str, str]


def reviews_of(
    true: Iterable[TrueReview], seen: Iterable[SeenReview]
) -> dict[str, tuple[list[TrueReview], list[SeenReview]]]:
    """Return the reviews of each vendor, true ones and seen ones."""
    found: dict[str, tuple[list[TrueReview], list[SeenReview]]] = defaultdict(lambda: ([], []))
    for review in true:
        found[review.fields["vendor"]][0].append(review)
    for row in seen:
        found[row.fields["vendor"]][1].append(row)
    return found


def match_reviews(
    required: list[TrueReview],
    optional: list[TrueReview],
    seen: list[SeenReview],
    titles: Titles,
    at: datetime,
) -> tuple[list[Pair], list[TrueReview], list[SeenReview]]:
    """Match the reviews of one vendor; return pairs, missing ones, and surplus rows.

    Only those that are ``required`` can be missing. ``titles`` are those of listings that stand,
    ``at`` the moment of the truth.
    """
    by_content: dict[Any, list[int]] = defaultdict(list)
    for n, row in enumerate(seen):
        by_content[_content(row.fields)].append(n)
    true = required + optional  # the required ones are matched first, and stay matched
    partner: dict[int, int] = {}  # of a row: the true review that it is
    edges = [
        [
            n
            for n in by_content[_content(review.fields)]
            if not differing(review, seen[n], titles, at)
        ]
        for review in true
    ]
    for index in range(len(true)):
        _augment(index, edges, partner)
    matched = {index: n for n, index in partner.items()}
    left = [n for n in range(len(seen)) if n not in partner]
    alone = [index for index in range(len(true)) if index not in matched]
    likely = sorted(
        (len(words), index >= len(required), abs(_away(true[index], seen[n])), index, n)
        for index in alone
        for n in left
        if len(words := differing(true[index], seen[n], titles, at)) <= ALIKE
    )
    rows = set(left)
    for _, _, _, index, n in likely:
        if index not in matched and n in rows:
            matched[index] = n
            rows.remove(n)
    pairs = [
        Pair(
            true[index].name,
            index < len(required),
            seen[n].fields["listing_external_id"] is None,
            _compared(true[index], seen[n]),
            differing(true[index], seen[n], titles, at),
        )
        for index, n in sorted(matched.items())
    ]
    missing = [true[index] for index in range(len(required)) if index not in matched]
    return pairs, missing, [seen[n] for n in sorted(rows)]


def differing(true: TrueReview, seen: SeenReview, titles: Titles, at: datetime) -> dict[str, str]:
    """Return the fields in which a row is not the true review, in words."""
    found: dict[str, str] = {}
    have, fields = seen.fields, true.fields

    def differs(name: str, value: Any, truth: Any) -> None:
        found[name] = f"{name} {told(value, truth)}, true is {told(truth, value)}"

    for name in ("rating", "rating_max"):
        if _number(have[name]) != _number(fields[name]):
            differs(name, have[name], fields[name])
    if same_words(have["text"]) != same_words(fields["text"]):
        differs("text", have["text"], fields["text"])
    for name in ("vendor", "sentiment", "response", "author", "price", "price_approximate"):
        if have[name] != fields[name]:
            differs(name, have[name], fields[name])
    # Where the record does not say which listing, another page may; then it must be right.
    for name, truth in (
        ("listing_external_id", true.listing),
        ("listing_title", fields["listing_title"] or titles.get(true.listing)),
    ):
        silent = have[name] is None and fields[name] is None
        if have[name] != truth and not silent and truth is not None:
            differs(name, have[name], truth)
    found |= _time(true, seen, at)
    return found


def _time(true: TrueReview, seen: SeenReview, at: datetime) -> dict[str, str]:
    """Compare when it was left with what the row says of it."""
    posted, have, found = true.posted, seen.fields, {}
    precision, on = have["posted_precision"], have["posted_on"]
    if seen.earliest is None or seen.latest is None:
        return {"posted": f"left at an unknown time, true is {posted:%Y-%m-%d %H:%M}"}
    bracket = f"{seen.earliest:%Y-%m-%d %H:%M:%S} to {seen.latest:%Y-%m-%d %H:%M:%S}"
    if not seen.earliest - LAG <= posted <= seen.latest:
        found["posted"] = f"left {bracket}, true is {posted:%Y-%m-%d %H:%M}"
    elif precision in WIDEST and seen.latest - seen.earliest > WIDEST[precision]:
        found["posted"] = f"left {bracket}: no time that is known to the {precision}"
    if on is None or not seen.earliest.date() <= on <= seen.latest.date():
        found["posted_on"] = f"posted_on {on}, true is {posted:%Y-%m-%d} ({bracket})"
    exact, stated = have["posted_at"], true.fields["posted_at"]
    if exact is not None:
        if exact != posted:
            found["posted_at"] = f"posted_at {isoformat(exact)}, true is {isoformat(posted)}"
    elif stated is not None and seen.last_seen is not None and seen.last_seen >= at:
        found["posted_at"] = f"posted_at not stated, true is {stated}"
    if precision not in WIDEST:
        found["posted_precision"] = f"posted_precision {told(precision)}"
    elif seen.first_seen == seen.last_seen == at:  # captured at the moment of the truth
        if str(on) != true.fields["posted_on"]:
            found["posted_on"] = f"posted_on {on}, true is {true.fields['posted_on']}"
        if precision != true.fields["posted_precision"]:
            truth = true.fields["posted_precision"]
            found["posted_precision"] = f"posted_precision {precision}, true is {truth}"
    return found


def _compared(true: TrueReview, seen: SeenReview) -> int:
    """Return how many fields either side states; the bracket is one more."""
    names = true.fields.keys() | seen.fields.keys()
    return 1 + sum(is_stated(true.fields[n]) or is_stated(seen.fields[n]) for n in names)


def _augment(start: int, edges: list[list[int]], partner: dict[int, int]) -> bool:
    """Find a row for one more true review; those before it may change theirs."""
    came: dict[int, int] = {}  # to a row: from which true review
    waiting = [start]
    while waiting:
        index = waiting.pop()
        for n in edges[index]:
            if n in came:
                continue
            came[n] = index
            if n in partner:
                waiting.append(partner[n])
                continue
            while True:  # turn the path round
                index = came[n]
                before = next((m for m, other in partner.items() if other == index), None)
                partner[n] = index
                if index == start:
                    return True
                assert before is not None
                n = before
    return False


def _content(fields: Record) -> tuple[Any, ...]:
    return (
        _number(fields["rating"]),
        _number(fields["rating_max"]),
        fields["sentiment"],
        same_words(fields["text"]),
    )


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _away(true: TrueReview, seen: SeenReview) -> float:
    """Return how many seconds a row's bracket begins after a review was left."""
    if seen.earliest is None:
        return 1e12
    return (seen.earliest - true.posted).total_seconds()
