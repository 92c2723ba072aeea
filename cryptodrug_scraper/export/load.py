"""Exports read back into pandas, as they were in the database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptodrug_scraper.export import cells

if TYPE_CHECKING:
    import pandas as pd

_PANDAS = {"integer": "Int64", "number": "Float64", "boolean": "boolean"}
_TIMES = {"date": "datetime64[us]", "datetime": "datetime64[us, UTC]"}


def read_table(folder: str | Path, name: str) -> pd.DataFrame:
    """Return one table of an export as a frame: escapes undone, types as the package says.

    Keys, texts and words are strings (missing: None), integers ``Int64``, numbers ``Float64``,
    yes and no ``boolean``, moments timestamps in UTC, dates timestamps without a zone, lists and
    objects Python's own. CSV and Parquet give equal frames, but for the last digits of numbers
    with more than 15.
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
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        table = file.read()
    return pd.DataFrame({f["name"]: _from_parquet(table[f["name"]], f["type"]) for f in fields})


def _from_csv(cells_of: Any, kind: str) -> Any:
    import pandas as pd

    missing = cells_of == ""
    if kind in _TIMES:
        times = cells_of.where(~missing, None)
        return pd.to_datetime(times, utc=kind == "datetime", format="ISO8601").astype(_TIMES[kind])
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
    """Return a column of Arrow's as a series, by no way round on which integers lose digits."""
    import pandas as pd
    import pyarrow as pa

    if kind in _PANDAS:
        return pd.Series(pd.api.types.pandas_dtype(_PANDAS[kind]).__from_arrow__(values))
    if kind in _TIMES:
        if kind == "date":
            values = values.cast(pa.timestamp("us"))
        return values.to_pandas().astype(_TIMES[kind])
    plain = values.to_pylist()
    if kind == "object":
        plain = [None if v is None else json.loads(v) for v in plain]
    return pd.Series(plain, dtype="object")
