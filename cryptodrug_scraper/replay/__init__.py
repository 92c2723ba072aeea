"""Saved pages in, rows out: reading archives, parsing, loading, and telling how it went."""

from cryptodrug_scraper.replay.run import replay
from cryptodrug_scraper.replay.summary import Summary

__all__ = ["Summary", "replay"]
