"""All rows of a database, for comparing two."""

from __future__ import annotations

from sqlalchemy import Engine, text

from cryptodrug_scraper.database.models import Base

# The same file is another place in a folder that was read than read by itself.
_OF_ROOTS = ("archive", "page_place")
_LOCATIONS = """
    SELECT page_id || ' ' || location FROM page_location UNION ALL
    SELECT o.page_id || ' also ' || a.paths[1] || CASE a.kind WHEN 'folder' THEN '/' ELSE '' END
        || o.place
    FROM page_place o JOIN archive a USING (archive_id)
"""


def all_rows(engine: Engine, without: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Return each table's rows as text, sorted; leave out the columns named.

    Where pages lie is compared as whole locations, however they are cut into root and place.
    """
    rows = {}
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            if table.name in _OF_ROOTS:
                continue
            left_out = (*without, "archive_id", "place") if table.name == "page" else without
            columns = ", ".join(f'"{c.name}"' for c in table.columns if c.name not in left_out)
            rows[table.name] = sorted(
                connection.scalars(text(f'SELECT ROW({columns})::text FROM "{table.name}"'))
            )
        rows["locations"] = sorted(connection.scalars(text(_LOCATIONS)))
    return rows


def counts(engine: Engine) -> dict[str, int]:
    """Return the number of rows of each table."""
    return {name: len(rows) for name, rows in all_rows(engine).items()}
