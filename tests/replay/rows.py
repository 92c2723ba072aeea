"""All rows of a database, for comparing two."""

from __future__ import annotations

from sqlalchemy import Engine, text

from cryptodrug_scraper.database.models import Base


def all_rows(engine: Engine, without: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Return each table's rows as text, sorted; leave out the columns named."""
    rows = {}
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            columns = ", ".join(f'"{c.name}"' for c in table.columns if c.name not in without)
            rows[table.name] = sorted(
                connection.scalars(text(f'SELECT ROW({columns})::text FROM "{table.name}"'))
            )
    return rows


def counts(engine: Engine) -> dict[str, int]:
    """Return the number of rows of each table."""
    return {name: len(rows) for name, rows in all_rows(engine).items()}
