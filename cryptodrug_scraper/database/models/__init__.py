"""The tables. Their comments are the codebook: they go into the database with the tables.

Three layers. *What is*: markets, places, vendors, listings, categories, keys and texts,
each once, under a key made from what it is (``ids.py``). *What was seen*: a ``page`` is one
capture, and the ``..._observation`` rows and their parts hang on it by ``(page_id,
ordinal)`` and go with it. *What follows*: ``review``, worked out from ``review_sighting``
(``reviews.py``). And ``bulletin``, what was published of it, and ``run_health``, how crawls did.
"""

from cryptodrug_scraper.database.models import (
    bulletins,
    health,
    observations,
    pages,
    reviews,
    things,
)
from cryptodrug_scraper.database.models.base import Base

__all__ = ["Base", "bulletins", "health", "observations", "pages", "reviews", "things"]
