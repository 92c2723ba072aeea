"""``datapackage.json``: the export as a Frictionless data package, and a check of our own.

https://specs.frictionlessdata.io/data-package/ says what is in it. CSV files are tabular data
resources; ``frictionless validate datapackage.json`` reads and checks every cell. Parquet
files have the same schemas, and validators check their sizes and hashes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptodrug_scraper.export.codebook import TYPES, meaning_of
from cryptodrug_scraper.export.columns import ExportTable, Key, Variable
from cryptodrug_scraper.export.pseudonyms import DIGITS
from cryptodrug_scraper.export.writing import letter_of

_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_UNSIGNED = ("ordinal", "position")
_LICENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")


@dataclass(frozen=True)
class About:
    """What an archive wants to know of a package and only its makers can tell."""

    name: str = "cryptodrug-export"
    title: str = "Captured pages of darknet drug markets, as tables"
    licence: str | None = None
    contributors: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse what a data package cannot have. Raises ValueError."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"{self.name!r} is no name of a data package: lower-case letters and digits, "
                "joined by . - or _"
            )
        if self.licence is not None and not _LICENCE.fullmatch(self.licence):
            raise ValueError(
                f"{self.licence!r} is no licence's id: see https://spdx.org/licenses "
                "(CC-BY-4.0, ODC-By-1.0 …)"
            )


def pattern_of(column: Variable, pseudonymised: bool) -> str | None:
    """Return what all values of a column of keys look like."""
    if pseudonymised and column.hidden:
        return f"{letter_of(column)}[0-9a-f]{{{DIGITS}}}"
    if column.kind == "id":
        return f"{letter_of(column)}[0-9a-f]{{16}}"
    return None


def schema_of(
    table: ExportTable, tables: Sequence[ExportTable], comments: dict[str, str], pseudonymised: bool
) -> dict[str, Any]:
    """Return the Frictionless table schema of a table."""
    names = {each.name for each in tables}
    columns = table.shared(pseudonymised)
    have = {column.name for column in columns}
    keys = [*table.foreign_keys]
    if "market" in have and table.name != "markets":
        keys.append(Key(("market",), "markets", ("market",)))
    return {
        "fields": [_field(column, table, comments, pseudonymised) for column in columns],
        "missingValues": [""],
        "primaryKey": list(table.primary_key),
        "foreignKeys": [
            {
                "fields": list(key.columns),
                "reference": {"resource": key.table, "fields": list(key.of)},
            }
            for key in keys
            if key.table in names and set(key.columns) <= have
        ],
    }


def _field(
    column: Variable, table: ExportTable, comments: dict[str, str], pseudonymised: bool
) -> dict[str, Any]:
    constraints: dict[str, Any] = {}
    if column.required:
        constraints["required"] = True
    if table.primary_key == (column.name,):
        constraints["unique"] = True
    if column.values:
        constraints["enum"] = list(column.values)
    if pattern := pattern_of(column, pseudonymised):
        constraints["pattern"] = pattern
    if column.name in _UNSIGNED:
        constraints["minimum"] = 0
    described: dict[str, Any] = {
        "name": column.name,
        "type": TYPES.get(column.kind, "string"),
        "description": meaning_of(column, comments, pseudonymised),
    }
    if column.kind == "boolean":
        described |= {"trueValues": ["true"], "falseValues": ["false"]}
    if column.unit:
        described["unit"] = column.unit
    described["origin"] = column.origin
    if constraints:
        described["constraints"] = constraints
    return described


def describe(
    about: About,
    tables: Sequence[ExportTable],
    files: Mapping[str, Mapping[str, Any]],
    comments: dict[str, str],
    *,
    form: str,
    pseudonymised: bool,
    made_at: str,
    warning: str = "",
) -> dict[str, Any]:
    """Return the package's description; ``files`` has each table's bytes, rows and sha256."""
    resources = []
    for table in tables:
        file = files[table.name]
        resource: dict[str, Any] = {
            "name": table.name,
            "title": table.title,
            "description": table.description,
            "path": f"{table.name}.{form}",
            "format": form,
            "bytes": file["bytes"],
            "hash": f"sha256:{file['sha256']}",
        }
        if form == "csv":
            resource |= {
                "rows": file["rows"],
                "profile": "tabular-data-resource",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "dialect": {
                    "delimiter": ",",
                    "lineTerminator": "\r\n",
                    "quoteChar": '"',
                    "doubleQuote": True,
                    "header": True,
                },
            }
        else:
            # A file for validators: they would read it through pandas, which knows no missing
            # integers. Size and hash are checked, and the cells' types are the file's own.
            resource |= {"type": "file", "mediatype": "application/vnd.apache.parquet"}
        resource["schema"] = schema_of(table, tables, comments, pseudonymised)
        resources.append(resource)
    package: dict[str, Any] = {
        "profile": "tabular-data-package" if form == "csv" else "data-package",
        "name": about.name,
        "title": about.title,
        "description": f"{warning} ".lstrip()
        + "Listings, vendors and reviews of darknet drug markets, read from captured "
        "pages. See CODEBOOK.md for the meaning of each column"
        + (", and for what the pseudonyms hide and do not." if pseudonymised else "."),
        "created": made_at,
        "resources": resources,
    }
    if about.licence:
        package["licenses"] = [
            {"name": about.licence, "path": f"https://spdx.org/licenses/{about.licence}.html"}
        ]
    if about.contributors:
        package["contributors"] = [{"title": name} for name in about.contributors]
    return package


def faults_of(package: Mapping[str, Any], folder: Path) -> list[str]:
    """Return what is wrong with a package's structure: files, headings, keys that lead nowhere.

    It needs no library and reads only the first line of each CSV file; ``frictionless
    validate`` reads every cell.
    """
    faults = []
    fields = {r["name"]: [f["name"] for f in r["schema"]["fields"]] for r in package["resources"]}
    if not _NAME.fullmatch(package["name"]):
        faults.append(f"the package's name {package['name']!r} is not allowed")
    for resource in package["resources"]:
        name, path, schema = resource["name"], folder / resource["path"], resource["schema"]
        if not path.is_file():
            faults.append(f"{name}: there is no {resource['path']}")
            continue
        if path.stat().st_size != resource["bytes"]:
            faults.append(f"{name}: {resource['path']} has another size")
        have = _heading(path, resource["format"])
        if have != fields[name]:
            faults.append(f"{name}: the file has columns {have}, the schema {fields[name]}")
        if len(set(fields[name])) != len(fields[name]):
            faults.append(f"{name}: two columns have one name")
        if not set(schema["primaryKey"]) <= set(fields[name]):
            faults.append(f"{name}: the primary key is not among the columns")
        for key in schema["foreignKeys"]:
            other = key["reference"]
            known = fields.get(other["resource"], [])
            if not set(key["fields"]) <= set(fields[name]) or not set(other["fields"]) <= set(
                known
            ):
                faults.append(f"{name}: the key to {other['resource']} leads nowhere")
        faults += [
            f"{name}.{f['name']}: there is no type {f['type']}"
            for f in schema["fields"]
            if f["type"] not in {*TYPES.values(), "string"}
        ]
        faults += [
            f"{name}.{f['name']} has no meaning" for f in schema["fields"] if not f["description"]
        ]
    return faults


def _heading(path: Path, form: str) -> list[str]:
    if form == "csv":
        with path.open(encoding="utf-8", newline="") as file:
            return file.readline().rstrip("\r\n").split(",")
    from pyarrow import parquet

    return list(parquet.read_schema(path).names)
