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
    ExportRefused,
    HandleFound,
    NothingToExport,
    Options,
    export,
)
from cryptodrug_scraper.export.scope import Scope

__all__ = [
    "About",
    "Export",
    "ExportRefused",
    "HandleFound",
    "NothingToExport",
    "Options",
    "Pseudonyms",
    "Scope",
    "export",
    "key_from",
    "own_key",
    "read_table",
]
