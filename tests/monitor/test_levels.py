"""Levels are ordered by how bad they are, not by their spelling."""

from __future__ import annotations

from cryptodrug_scraper.monitor.levels import Level, worst


def test_the_worst_of_levels() -> None:
    assert worst([]) is Level.FINE
    assert worst([Level.LOOK, Level.FINE]) is Level.LOOK
    assert worst([Level.LOOK, Level.BROKEN, Level.FINE]) is Level.BROKEN
    assert sorted(Level, key=lambda level: level.rank) == ["fine", "look", "broken"]
