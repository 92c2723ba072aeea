"""Bulletins that were made, in the database: for what comes after them to be compared with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, text

from cryptodrug_scraper.bulletin.spans import Span
from cryptodrug_scraper.study import Study

# Of the bulletins of other periods only those of other states: made again, one finds what it found.
_EARLIER = """
    SELECT starts_on, state, data FROM bulletin
    WHERE scope = :scope AND period = :period
      AND (starts_on < :first AND state <> :state OR starts_on = :first)
    ORDER BY starts_on, kept_at, state
"""
_KEEP = """
    INSERT INTO bulletin (scope, period, starts_on, state, as_of, data)
    VALUES (:scope, :period, :starts_on, :state, :as_of, CAST(:data AS jsonb))
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class Earlier:
    """What bulletins of a scope were kept: the last one before, and all cells that were hidden."""

    last: Mapping[str, Any] | None
    hidden: list[list[str]]


def earlier(study: Study, scope: str, span: Span, state: str) -> Earlier:
    """Read the bulletins of a scope that were kept, up to a period."""
    given = {"scope": scope, "period": span.by, "first": span.start, "state": state}
    rows = study.frame(_EARLIER, given).to_dict("records")
    before = [row["data"] for row in rows if str(row["starts_on"])[:10] < str(span.start)]
    hidden = [cell for row in rows for cell in row["data"]["hidden"]]
    return Earlier(before[-1] if before else None, hidden)


def keep(engine: Engine, scope: str, data: Mapping[str, Any]) -> None:
    """Keep a bulletin; one of the same scope, period and state is there already, and is the same.

    Raises SQLAlchemy's error where the user may not write.
    """
    period = data["period"]
    values = {
        "scope": scope, "period": period["by"], "starts_on": period["start"],
        "state": data["state"], "as_of": data["as_of"], "data": json.dumps(data),
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(text(_KEEP), values)
