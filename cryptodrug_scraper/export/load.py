"""Exports read back into pandas, as they were in the database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptodrug_scraper.export import cells

if TYPE_CHECKING:
    import pandas as pd

_PANDAS = {"integer": "Int64", "number": "Float64", "boolean": "boolean"}


def read_table(folder: str | Path, name: str) -> pd.DataFrame:
    """Return one table of an export as a frame: escapes undone, types as the package says.

    Keys, texts and words are strings (missing: None), integers ``Int64``, numbers ``Float64``,
    yes and no ``boolean``, dates and times UTC timestamps, lists and objects Python's own.
    ``folder`` is the export's. Raises KeyError for a table that it does not have.
    """
    import pandas as pd

    folder = Path(folder)
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    resource = {each["name"]: each for each in package["resources"]}[name]
    path, fields = folder / resource["path"], resource["schema"]["fields"]
    if resource["format"] == "csv":
        frame = pd.read_csv(path, dtype=object, keep_default_na=False, encoding="utf-8")
        return frame.assign(**{f["name"]: _from_csv(frame[f["name"]], f["type"]) for f in fields})
    frame = pd.read_parquet(path)
    return frame.assign(**{f["name"]: _from_parquet(frame[f["name"]], f["type"]) for f in fields})


def _from_csv(cells_of: Any, kind: str) -> Any:
    import pandas as pd

    missing = cells_of == ""
    if kind in ("date", "datetime"):
        return pd.to_datetime(cells_of.where(~missing, None), utc=True, format="ISO8601").astype(
            "datetime64[us, UTC]"
        )
    if kind in ("array", "object"):
        values = [json.loads(c) if c else None for c in cells_of]
    elif kind == "string":
        values = [cells.decode(c) if c else None for c in cells_of]
    elif kind == "integer":
        values = [int(c) if c else None for c in cells_of]
    elif kind == "number":
        values = [float(c) if c else None for c in cells_of]
    else:
        values = [c == "true" if c else None for c in cells_of]
    return pd.Series(values, index=cells_of.index, dtype=_PANDAS.get(kind, "object"))


def _from_parquet(values: Any, kind: str) -> Any:
    import pandas as pd

    if kind in ("date", "datetime"):
        return pd.to_datetime(values, utc=True).astype("datetime64[us, UTC]")
    if kind in _PANDAS:
        return values.astype(_PANDAS[kind])
    plain = [None if v is None or v is pd.NA or v != v else v for v in _objects(values)]
    if kind == "object":
        plain = [None if v is None else json.loads(v) for v in plain]
    return pd.Series(plain, index=values.index, dtype="object")


def _objects(values: Any) -> list[Any]:
    """Return values with lists as Python's own."""
    return [v.tolist() if hasattr(v, "tolist") else v for v in values]
