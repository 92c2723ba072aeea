"""The codebook: what each column means, its unit, and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cryptodrug_scraper.export.columns import ExportTable, Variable

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)

TYPES = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "moment": "datetime",
    "words": "array",
    "texts": "array",
    "json": "object",
}  # Frictionless types; all other kinds are strings

_HIDDEN = "Pseudonym: a keyed hash."


def comments_of(connection: Connection) -> dict[str, str]:
    """Return the comments of the database's columns: ``table.column`` -> comment."""
    with connection.cursor() as work:
        work.execute(
            "SELECT c.relname || '.' || a.attname, d.description FROM pg_description d"
            " JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid"
            " WHERE c.relnamespace = 'public'::regnamespace AND d.objsubid > 0"
        )
        return dict(work.fetchall())


def meaning_of(column: Variable, comments: dict[str, str], pseudonymised: bool) -> str:
    """Return what a column means: our words, or else the database's comment."""
    sentences = [column.meaning or comments.get(column.origin, "")]
    if pseudonymised and column.hidden:
        sentences.append(_HIDDEN)
    return " ".join(part for part in sentences if part)


def entries(
    tables: Sequence[ExportTable], comments: dict[str, str], pseudonymised: bool
) -> list[dict[str, Any]]:
    """Return the codebook as values: a table each with its columns."""
    return [
        {
            "table": table.name,
            "title": table.title,
            "description": table.description,
            "primary_key": list(table.primary_key),
            "columns": [
                {
                    "column": column.name,
                    "type": TYPES.get(column.kind, "string"),
                    "meaning": meaning_of(column, comments, pseudonymised),
                    "unit": column.unit or None,
                    "origin": column.origin,
                    "pseudonym": pseudonymised and column.hidden,
                    "may_be_empty": not column.required,
                }
                for column in table.shared(pseudonymised)
            ],
            "left_out": [
                column.name for column in table.columns if pseudonymised and column.left_out
            ],
        }
        for table in tables
    ]


_HEAD = """\
# Codebook
{warning}
{title}

What each column of each table means. The same, for programs, is in `codebook.json` and (as a
Frictionless data package) in `datapackage.json`; `manifest.json` has the files' SHA-256, their
numbers of rows, and what they were made with.

{selection}

**Empty is not zero.** A cell is empty where no page states it, or where what it states could
not be read. Listings, vendors and reviews are what was captured: crawls miss pages, reviews are
a lower bound of sales, and a market's own figures are its claims.

**Keys** (`..._id`) are a letter and hexadecimal digits: texts, not numbers. They are the same
in every export of the same data{keys}.

## How to read the files

{reading}
"""
_KEYS = " under the same key"
_CSV = r"""
CSV as in RFC 4180, UTF-8, a heading, one row a line. Times are ISO 8601 in UTC, numbers have a
decimal point, lists and objects are JSON. Texts are written so that no spreadsheet runs them,
and can be turned back:

- control characters, and those that hide or reorder text, are escaped: `\n`, `\r`, `\t`, `\x1b`,
  `\u202e`; a backslash is `\\`; a text of no characters is `\e` (an empty cell is a missing one);
- an apostrophe stands before a text that begins (also after white space) with `=`, `+`, `-` or
  `@`, or with an apostrophe; plain numbers such as `-5` are left alone.

To turn a cell back: take one leading apostrophe away, then undo the escapes. In Python,
`cryptodrug_scraper.export.read_table(folder, "reviews")` does it and gives a pandas frame with
the right types. Without it, read columns of type string as texts, take nothing but an empty cell
for missing, keep counts whole where some are missing, and name the columns of dates and times:

    pandas.read_csv(
        "listings.csv",
        dtype={"external_id": str},
        keep_default_na=False,
        na_values=[""],
        dtype_backend="numpy_nullable",
        parse_dates=["first_seen", "last_seen", "sold_since"],
    )

Ids such as `123456.000000` are no numbers. In a spreadsheet, import them as "Text".
"""
_PARQUET = """
Parquet with typed columns: `pandas.read_parquet("reviews.parquet")` has counts with gaps as
`Int64`, yes and no as `boolean`, times in UTC. Dates without a time are objects in it (`date`);
`pandas.to_datetime` makes timestamps of such a column, as does
`cryptodrug_scraper.export.read_table(folder, "reviews")`. Nothing is escaped; a text
may begin with `=`, so do not paste texts into a spreadsheet as they are. Numbers that are no
integers are 64-bit floating point.
"""
_PSEUDONYMISED = """
## Pseudonyms

Vendors' handles, buyers' masked names, listings' ids, addresses, digests and fingerprints are
replaced by keyed hashes: HMAC-SHA256 of the value and its kind, cut to 128 bits, under key
`{name}` (that is its name, not the key). All texts that people wrote (titles, descriptions,
terms, profiles, reviews, responses, warnings, names of shipping options) are left out.

- Equal handles have equal pseudonyms (`vendor`) on every market, letter for letter: that two
  accounts have one name does not say that they are one person. An account (`vendor_id`) has a
  pseudonym of its own on each market. Equal fingerprints have equal pseudonyms everywhere.
- Listings' ids and buyers' names are hashed together with the market.
- Rows stand in an order that tells nothing.
- Before it was finished, every cell was checked: hashes and numbers for being just that, words
  that are in no fixed list against all handles of the database.

**Pseudonymous is not anonymous.** Prices, counts, dates and times are as they were. Whoever has
an archive of the same pages can compare them and find accounts again. Share with those who
agree not to, and ask your ethics board.
"""


def as_markdown(
    book: Sequence[dict[str, Any]],
    *,
    title: str,
    selection: str,
    warning: str = "",
    form: str,
    key_name: str | None,
) -> str:
    """Return the codebook as a text for people; ``selection`` says what was chosen.

    A ``warning`` stands in its first lines.
    """
    reading = _CSV if form == "csv" else _PARQUET
    keys = _KEYS if key_name else ""
    parts = [
        _HEAD.format(
            title=title,
            warning=f"\n**{warning}**\n" if warning else "",
            selection=selection,
            reading=reading.strip(),
            keys=keys,
        )
    ]
    if key_name:
        parts.append(_PSEUDONYMISED.format(name=key_name).strip() + "\n")
    parts.append("## Tables\n")
    parts += [f"- `{t['table']}.{form}`: {t['title']}" for t in book]
    for table in book:
        parts += ["", f"### {table['table']}", "", table["description"], ""]
        parts.append(f"One row is told by: {', '.join(f'`{c}`' for c in table['primary_key'])}.")
        if table["left_out"]:
            left = ", ".join(f"`{name}`" for name in table["left_out"])
            parts += ["", f"Left out of this export: {left}."]
        parts += ["", "| column | type | meaning | unit | origin |", "|---|---|---|---|---|"]
        for c in table["columns"]:
            cells = (f"`{c['column']}`", c["type"], c["meaning"], c["unit"] or "", c["origin"])
            parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(parts) + "\n"
