"""Reviews that may be others before their words were changed (view ``review_suspected_edit``).

Where rows name their review, the database counts an edited one once. Where they do not, two
reviews stand in it, and nobody can say whether they are one: what counts them as one is a lower
bound, what counts them as two an upper.
"""

from __future__ import annotations

from cryptodrug_scraper.database.pairing import maximum_matching
from cryptodrug_scraper.study.core import StudySession

_PAIRS = """
    SELECT e.earlier_review_id, e.later_review_id
    FROM review_suspected_edit e JOIN vendor v USING (vendor_id)
    WHERE v.market = ANY(:markets) ORDER BY 1, 2
"""


def build_suspected(study: StudySession) -> None:
    """Build ``s_suspected(review_id)``: reviews that may be a later one's earlier words.

    Each later review has one of them at most, and each of them is of one later review: as many as
    can be edits at once.
    """
    # Where hardly a review has an author, few pairs are expected, and each is then looked for.
    study.run("SET LOCAL enable_nestloop = off")
    frame = study.frame(_PAIRS)
    study.run("SET LOCAL enable_nestloop = on")
    later = {review: n for n, review in enumerate(sorted({*frame["later_review_id"]}))}
    edges: dict[int, list[int]] = {}
    for before, after in frame.itertuples(index=False):
        edges.setdefault(before, []).append(later[after])
    matched = maximum_matching(list(edges.values()), len(later))
    earlier = list(edges)
    study.run("CREATE TEMP TABLE s_suspected (review_id bigint PRIMARY KEY)")
    study.copy("s_suspected", ["review_id"], [[int(earlier[n])] for n in sorted(matched)])
    study.run("ANALYZE s_suspected")
