"""What a measure found, with all that a reader must know to use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

import pandas as pd


@dataclass(frozen=True)
class Measure:
    """A frame of numbers and what they are.

    `columns` gives the meaning and unit of each column, in the order of the frame; `left_out`
    the reasons for which rows were not counted, and how many; `caveats` what this very data
    calls for, such as low coverage or few cases. `sources` is the literature on the method.
    Raises ValueError if a column is not explained, or an explained one is not there.
    """

    name: str
    frame: pd.DataFrame
    columns: Mapping[str, str]
    definition: str
    assumptions: tuple[str, ...] = ()
    uncertainty: str = ""
    sources: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    caveats: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        there, told = list(self.frame.columns), list(self.columns)
        if there != told:
            raise ValueError(f"{self.name}: the frame has {there}, and explained are {told}")

    def __len__(self) -> int:
        return len(self.frame)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the frame, the definition and the caveats."""
        told = [self.definition, *self.caveats]
        told += [f"Left out: {count} ({reason})" for reason, count in self.left_out.items()]
        paragraphs = "".join(f"<p>{escape(text)}</p>" for text in told if text)
        # pandas escapes the cells.
        return f"<h4>{escape(self.name)}</h4>{self.frame.to_html(max_rows=60)}{paragraphs}"
