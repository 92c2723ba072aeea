"""Retail, middle and wholesale, by the value of an order and by its amount.

The thresholds stand in `data/bands.toml`; pass `read_bands(path)` for others.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from cryptodrug_scraper.study import literature


class BandsError(ValueError):
    """A file of thresholds says something that cannot be used."""


@dataclass(frozen=True)
class Band:
    """Below `middle` is retail; `wholesale` and above is wholesale.

    The sources are works that have these thresholds, in full; a threshold without one is
    conventional.
    """

    middle: float
    wholesale: float
    middle_source: str = ""
    wholesale_source: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.middle <= self.wholesale:
            raise BandsError(
                f"middle ({self.middle}) must be above 0 and at most wholesale ({self.wholesale})."
            )


@dataclass(frozen=True)
class Bands:
    """Thresholds by value (EUR), and by amount: (group, unit) to a band in that unit."""

    value: Band
    amount: Mapping[tuple[str, str], Band]


def read_bands(path: Path | None = None) -> Bands:
    """Read a file of thresholds, by default the project's. Raises BandsError."""
    if path is None:
        text = (files("cryptodrug_scraper.study") / "data" / "bands.toml").read_text("utf-8")
    else:
        text = path.read_text("utf-8")
    where = path or "bands.toml"
    try:
        data = tomllib.loads(text)
        amount = {
            (group, unit): _band(entry)
            for group, units in data["amount"].items()
            for unit, entry in units.items()
        }
        return Bands(_band(data["value"]), amount)
    except (KeyError, TypeError, AttributeError, tomllib.TOMLDecodeError) as error:
        raise BandsError(f"{where} is not a file of thresholds: {error!r}.") from None
    except BandsError as error:
        raise BandsError(f"{where}: {error}") from None


def _band(entry: Mapping[str, Any]) -> Band:
    sources = {name: str(entry.get(f"{name}_source", "")) for name in ("middle", "wholesale")}
    works = {name: getattr(literature, key, key) for name, key in sources.items()}
    thresholds = (float(entry["middle"]), float(entry["wholesale"]))
    return Band(*thresholds, works["middle"], works["wholesale"])
