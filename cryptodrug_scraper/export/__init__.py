"""Tidy tables of a database for other programs, archives and colleagues.

>>> from cryptodrug_scraper.export import export, read_table            # doctest: +SKIP
>>> export(dsn, Path("tables"))                                         # doctest: +SKIP
>>> read_table("tables", "reviews")                                     # doctest: +SKIP
"""

from cryptodrug_scraper.export.load import read_table
from cryptodrug_scraper.export.package import About
from cryptodrug_scraper.export.pseudonyms import Pseudonyms, key_from, own_key
from cryptodrug_scraper.export.run import (
    Export,
    ExportOptions,
    ExportRefused,
    HandleFound,
    NothingToExport,
    export,
)
from cryptodrug_scraper.export.scope import ExportScope

__all__ = [
    "About",
    "Export",
    "ExportOptions",
    "ExportRefused",
    "ExportScope",
    "HandleFound",
    "NothingToExport",
    "Pseudonyms",
    "export",
    "key_from",
    "own_key",
    "read_table",
]
