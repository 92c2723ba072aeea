"""The tables that measures share: ``s_listing`` and ``s_review``, built once for a study."""

from __future__ import annotations

from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.listings import ListingRules, build_listings
from cryptodrug_scraper.study.sales import build_reviews


def prepare(study: StudySession, rules: ListingRules | None = None) -> None:
    """Build the tables that measures share, once; measures that need them call this.

    To study with other `rules` (substances, bands, holding prices), call it first. Raises
    ValueError for rules that come after the tables were built.
    """
    if rules is not None and study.is_built(build_listings):
        raise ValueError("This study has its tables already: give the rules before measuring.")
    study.ensure_built(build_listings, rules=rules)
    study.ensure_built(build_reviews)
