"""A handle in other capitals is the same account: keys of vendors are those of handles in small
letters, and how pages write them is kept beside.

Reviews of vendors whose key changes are worked out anew, and accounts of several spellings.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from itertools import islice
from typing import Any

import sqlalchemy as sa
from alembic import op
from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)
from psycopg2.extras import execute_values
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ROWS = ("vendor_observation", "listing_observation", "review_sighting")
_SPELLING = "As in vendor_spelling."
_OLD_COMMENTS = ("A vendor account: one handle on one market.", "As written; case counts.")
_COMMENTS = (
    "A vendor account: one handle on one market, whatever its capitals.",
    "As written last.",
)
_REFER = {
    ("vendor_observation", "vendor_id"): "vendor",
    ("listing_observation", "vendor_id"): "vendor",
    ("review_sighting", "vendor_id"): "vendor",
    ("review_sighting", "content_id"): "review_content",
    ("review", "vendor_id"): "vendor",
    ("review", "content_id"): "review_content",
}
_APART = """
    SELECT v.market, v.folded AS name, v.vendor_id, v.handle, s.spellings, v.apart_because
    FROM vendor v CROSS JOIN LATERAL (
        SELECT array_agg(handle ORDER BY handle COLLATE "C") AS spellings
        FROM vendor_spelling WHERE vendor_spelling.vendor_id = v.vendor_id
    ) AS s WHERE v.apart_because <> '{}'
"""
_AT_ONCE = 20_000


def upgrade() -> None:
    """Give each name one account, and what refers to its spellings that account's key."""
    _add()
    with _unchecked():
        vendors = "SELECT vendor_id, market, handle FROM vendor"
        op.execute("CREATE TEMP TABLE named (LIKE vendor_spelling) ON COMMIT DROP")
        op.execute("ALTER TABLE named ADD COLUMN folded text")
        _write("INSERT INTO named VALUES %s", map(_named, _rows(vendors)))
        op.execute("DELETE FROM vendor")
        op.execute(
            "INSERT INTO vendor SELECT DISTINCT ON (name_id) name_id, market, handle, folded"
            ' FROM named ORDER BY name_id, handle COLLATE "C"'
        )
        op.execute(
            "INSERT INTO vendor_spelling"
            " SELECT spelling_id, market, handle, name_id, vendor_id FROM named"
        )
        for table in _ROWS:
            op.execute(
                f"UPDATE {table} o SET spelling_id = n.spelling_id, vendor_id = n.name_id"
                " FROM named n WHERE n.spelling_id = o.vendor_id"
            )
        _renew_reviews("name_id")
        op.execute("DROP TABLE named")
    op.execute(
        "INSERT INTO account_due SELECT name_id FROM vendor_spelling"
        " GROUP BY name_id HAVING count(*) > 1"
    )
    op.alter_column("vendor", "folded", nullable=False)
    for table in ("vendor_observation", "review_sighting"):
        op.alter_column(table, "spelling_id", nullable=False)


def downgrade() -> None:
    """Make each spelling a vendor again."""
    op.execute("DROP VIEW vendor_apart")
    op.drop_index("ix_vendor_market_folded", "vendor")
    op.drop_constraint(op.f("fk_vendor_spelling_vendor_id"), "vendor_spelling", type_="foreignkey")
    with _unchecked():
        for table in _ROWS:
            op.execute(f"UPDATE {table} SET vendor_id = spelling_id WHERE spelling_id IS NOT NULL")
        _renew_reviews("spelling_id")
        op.execute("DELETE FROM vendor")
        for column in ("folded", "apart_because"):
            op.drop_column("vendor", column)
        op.execute("INSERT INTO vendor SELECT spelling_id, market, handle FROM vendor_spelling")
    op.create_index("uq_vendor_market_handle", "vendor", ["market", "handle"], unique=True)
    for table in _ROWS:
        op.drop_column(table, "spelling_id")
    op.drop_table("vendor_spelling")
    op.drop_table("account_due")
    _comment(*_OLD_COMMENTS)


def _add() -> None:
    op.drop_index("uq_vendor_market_handle", "vendor")
    op.add_column(
        "vendor",
        sa.Column(
            "folded",
            sa.Text(),
            nullable=True,
            comment="The handle in small letters: the account's name.",
        ),
    )
    op.add_column(
        "vendor",
        sa.Column(
            "apart_because",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            server_default="{}",
            comment="Why another account of this name is not this one: joined_on or pgp_key (they "
            "state others), one_page (a page shows both). Empty: there is none.",
        ),
    )
    op.create_index("ix_vendor_market_folded", "vendor", ["market", "folded"])
    op.create_table(
        "vendor_spelling",
        sa.Column("spelling_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False, comment="As written; case counts."),
        sa.Column(
            "name_id",
            sa.BigInteger(),
            nullable=False,
            comment="Equal for spellings of one name; key of an account of that name.",
        ),
        sa.Column("vendor_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["market"], ["market.market"], name=op.f("fk_vendor_spelling_market")
        ),
        sa.ForeignKeyConstraint(
            ["vendor_id"], ["vendor.vendor_id"], name=op.f("fk_vendor_spelling_vendor_id")
        ),
        sa.PrimaryKeyConstraint("spelling_id", name=op.f("pk_vendor_spelling")),
        comment="Handles as pages write them, and the account that each is of.",
    )
    op.create_index(
        "uq_vendor_spelling_market_handle", "vendor_spelling", ["market", "handle"], unique=True
    )
    for column in ("name_id", "vendor_id"):
        op.create_index(op.f(f"ix_vendor_spelling_{column}"), "vendor_spelling", [column])
    op.create_table(
        "account_due",
        sa.Column("name_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("name_id", name=op.f("pk_account_due")),
        comment="Names of several spellings, of which pages came or went.",
    )
    for table in _ROWS:
        op.add_column(
            table, sa.Column("spelling_id", sa.BigInteger(), nullable=True, comment=_SPELLING)
        )
    op.execute(f"CREATE VIEW vendor_apart AS {_APART}")
    op.execute(
        "COMMENT ON VIEW vendor_apart IS 'Accounts of one name (but for capitals) on one market"
        " that contradict each other, so that they are not taken for one.'"
    )
    _comment(*_COMMENTS)


def _comment(table: str, handle: str) -> None:
    op.execute(f"COMMENT ON TABLE vendor IS '{table}'")
    op.execute(f"COMMENT ON COLUMN vendor.handle IS '{handle}'")


@contextmanager
def _unchecked() -> Iterator[None]:
    """Check references at the end, all at once: row by row takes a scan for each of some."""
    for table, column in _REFER:
        op.drop_constraint(op.f(f"fk_{table}_{column}"), table, type_="foreignkey")
    yield
    for (table, column), other in _REFER.items():
        op.create_foreign_key(op.f(f"fk_{table}_{column}"), table, other, [column], [column])


def _renew_reviews(vendor: str) -> None:
    """Renew the keys of words, which are those of a vendor's, and make their reviews due.

    `vendor` is the column of vendor_spelling that is the vendor's key from now on.
    """
    op.execute(
        "CREATE TEMP TABLE changed ON COMMIT DROP AS SELECT * FROM vendor_spelling WHERE name_id"
        " IN (SELECT name_id FROM vendor_spelling WHERE spelling_id <> name_id)"
    )
    op.execute(
        "CREATE TEMP TABLE reworded (spelling_id bigint, old bigint, new bigint,"
        " PRIMARY KEY (spelling_id, old)) ON COMMIT DROP"
    )
    words = _rows(
        "SELECT shown.spelling_id, content_id, shown.vendor, c.rating::text,"
        " c.rating_max::text, c.sentiment, c.text FROM review_content c JOIN ("
        f"   SELECT DISTINCT c.spelling_id, c.{vendor} AS vendor, s.content_id FROM review_sighting s"
        "   JOIN changed c USING (spelling_id) WHERE c.spelling_id <> c.name_id"
        " ) AS shown USING (content_id)"
    )
    _write("INSERT INTO reworded VALUES %s", map(_reworded, words))
    op.execute(
        "INSERT INTO review_content (content_id, rating, rating_max, sentiment, text)"
        " SELECT DISTINCT ON (r.new) r.new, c.rating, c.rating_max, c.sentiment, c.text"
        " FROM reworded r JOIN review_content c ON c.content_id = r.old"
        ' ORDER BY r.new, c.text COLLATE "C"'
        " ON CONFLICT (content_id) DO UPDATE SET text = excluded.text"
        ' WHERE excluded.text < review_content.text COLLATE "C"'
    )
    op.execute(
        "UPDATE review_sighting s SET content_id = r.new FROM reworded r"
        " WHERE r.spelling_id = s.spelling_id AND r.old = s.content_id"
    )
    for table in ("review", "review_due"):
        op.execute(
            f"DELETE FROM {table} WHERE vendor_id IN"
            " (SELECT unnest(ARRAY[spelling_id, name_id, vendor_id]) FROM changed)"
        )
    op.execute(
        "DELETE FROM review_content WHERE content_id IN (SELECT old FROM reworded)"
        " AND content_id NOT IN (SELECT content_id FROM review_sighting)"
    )
    op.execute(
        "INSERT INTO review_due SELECT DISTINCT s.vendor_id, s.content_id FROM review_sighting s"
        " WHERE s.spelling_id IN (SELECT spelling_id FROM changed) ON CONFLICT DO NOTHING"
    )
    op.execute("DROP TABLE changed, reworded")


def _named(row: tuple[Any, ...]) -> tuple[object, ...]:
    key, market, handle = row
    name = unicodedata.normalize("NFC", unicodedata.normalize("NFC", handle).casefold())
    name_id = _key("vendor", market, name)
    return key, market, handle, name_id, name_id, name


def _reworded(row: tuple[Any, ...]) -> tuple[object, ...]:
    spelling, old, vendor, rating, rating_max, sentiment, words = row
    return spelling, old, _key(
        "review", str(vendor), _number(rating), _number(rating_max), sentiment, _words(words)
    )  # fmt: skip


# As database/ids.py and database/values.py had them.
def _key(*parts: str | None) -> int:
    data = "".join(["-;" if part is None else f"{len(part)}:{part}" for part in parts])
    digest = blake2b(data.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") & ((1 << 63) - 1)


def _number(number: str | None) -> str | None:
    return number if number is None or "." not in number else number.rstrip("0").rstrip(".")


def _words(words: str | None) -> str | None:
    return unicodedata.normalize("NFC", " ".join((words or "").split())) or None


def _connection() -> Connection:
    connection = op.get_bind().connection.dbapi_connection
    assert isinstance(connection, Connection)
    return connection


def _rows(query: str) -> Iterator[tuple[Any, ...]]:
    """Read rows piece by piece, while others are written."""
    with _connection().cursor(name="rows") as work:
        work.itersize = _AT_ONCE
        work.execute(query)
        yield from work


def _write(statement: str, rows: Iterable[tuple[object, ...]]) -> None:
    rows = iter(rows)
    with _connection().cursor() as work:
        while piece := list(islice(rows, _AT_ONCE)):
            execute_values(work, statement, piece, page_size=_AT_ONCE)
