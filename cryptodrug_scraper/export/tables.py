"""All tables of an export, in the order in which they are written."""

from __future__ import annotations

from cryptodrug_scraper.export import captures, listings, vendors
from cryptodrug_scraper.export.columns import ExportTable

TABLES: tuple[ExportTable, ...] = (
    *vendors.TABLES,
    *listings.TABLES,
    captures.REVIEWS,
    *captures.TABLES,
)


def chosen(pseudonymised: bool) -> tuple[ExportTable, ...]:
    """Return the tables of an export; those of texts are not in a pseudonymised one."""
    return tuple(t for t in TABLES if not (pseudonymised and t.private))
