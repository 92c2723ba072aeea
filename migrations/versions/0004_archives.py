"""Where a page lies: a place in an archive, whose path can change; several, if there are several.

Locations are carried over. An archive file becomes a root of its own; saved files get the folders
that hold them, one for all that lie together. How a file is known when its path is gone (size
and digest) is found out by the next replay that meets it.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_LEAST_DEPTH = 3  # of a folder that is taken for the root of several: /home/NAME/pages
_FILE = (
    "CASE WHEN position('!/' IN location) > 1"
    " THEN left(location, position('!/' IN location) - 1)"
    r" ELSE substring(location FROM '^(.+)#[0-9]+(?:\+[0-9]+)?$') END"
)
_LOCATION = "a.paths[1] || CASE WHEN a.kind = 'folder' THEN '/' ELSE '' END || p.place"
_VIEW = f"""
    SELECT p.page_id, p.archive_id, p.place, {_LOCATION} AS location
    FROM page p JOIN archive a USING (archive_id)
"""


def upgrade() -> None:
    """Make archives of the locations that pages have."""
    op.create_table(
        "archive",
        sa.Column("archive_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="folder (places in it are paths of files); or file (places are in it).",
        ),
        sa.Column(
            "paths",
            sa.ARRAY(sa.Text()),
            nullable=False,
            comment="Where it was read or stated to be, the latest first.",
        ),
        sa.Column("size", sa.BigInteger(), nullable=True, comment="Of a file, in bytes."),
        sa.Column(
            "sha256",
            sa.LargeBinary(),
            nullable=True,
            comment="Of a file of up to 4 MiB; of a larger one, of its first and last 2 MiB and "
            "its size.",
        ),
        sa.CheckConstraint("kind IN ('folder', 'file')", name=op.f("ck_archive_kind")),
        sa.CheckConstraint("cardinality(paths) > 0", name=op.f("ck_archive_somewhere")),
        sa.PrimaryKeyConstraint("archive_id", name=op.f("pk_archive")),
        comment="Where pages lie: a folder or an archive file, whose path can change.",
    )
    op.create_index("ix_archive_sha256", "archive", ["sha256"])
    op.create_table(
        "page_place",
        sa.Column("page_id", sa.BigInteger(), nullable=False),
        sa.Column("archive_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False, comment="As in page."),
        sa.ForeignKeyConstraint(
            ["page_id"], ["page.page_id"], name=op.f("fk_page_place_page_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["archive_id"], ["archive.archive_id"], name=op.f("fk_page_place_archive_id")
        ),
        sa.PrimaryKeyConstraint("page_id", "archive_id", "place", name=op.f("pk_page_place")),
        comment="All places of a page that lies in more than one.",
    )
    op.add_column(
        "page",
        sa.Column("archive_id", sa.BigInteger(), nullable=True, comment="Where its bytes lie;"),
    )
    op.add_column(
        "page",
        sa.Column(
            "place",
            sa.Text(),
            nullable=True,
            comment="and where in there: path, !/member, #offset. View page_location has both.",
        ),
    )
    op.execute("INSERT INTO archive VALUES (0, 'folder', '{\"\"}')")
    _carry_over()
    op.alter_column("page", "archive_id", nullable=False)
    op.alter_column("page", "place", nullable=False)
    op.create_foreign_key(
        op.f("fk_page_archive_id"), "page", "archive", ["archive_id"], ["archive_id"]
    )
    op.drop_column("page", "location")
    op.execute(f"CREATE VIEW page_location AS {_VIEW}")
    op.execute(
        "COMMENT ON VIEW page_location IS"
        " 'Where the bytes of each page lie: file, archive!/member or warc#offset.'"
    )


def _carry_over() -> None:
    connection = op.get_bind()
    files = list(connection.scalars(sa.text(f"SELECT DISTINCT {_FILE} AS f FROM page")))
    folders = list(
        connection.scalars(
            sa.text(
                "SELECT DISTINCT regexp_replace(location, '/[^/]*$', '') FROM page"
                f" WHERE ({_FILE}) IS NULL AND location LIKE '/%'"
            )
        )
    )
    tops = tops_of(folders)
    rows = [(path, path, "file") for path in files if path is not None]
    rows += [(folder, tops[folder], "folder") for folder in folders]
    op.execute("CREATE TEMP TABLE carried (part text PRIMARY KEY, root text, id bigint)")
    for part, root, kind in rows:
        if not root:  # files in / itself
            continue
        key = hashlib.blake2b(f"{kind} {root}".encode(), digest_size=8).digest()
        values = {
            "part": part,
            "root": root,
            "kind": kind,
            "id": int.from_bytes(key, "big") & ((1 << 63) - 1),
        }
        connection.execute(
            sa.text(
                "INSERT INTO archive (archive_id, kind, paths) VALUES (:id, :kind, ARRAY[:root])"
                " ON CONFLICT DO NOTHING"
            ),
            values,
        )
        connection.execute(
            sa.text("INSERT INTO carried VALUES (:part, :root, :id) ON CONFLICT DO NOTHING"), values
        )
    op.execute(
        "UPDATE page p SET archive_id = c.id, place = substr(p.location, length(c.root) + 1)"
        f" FROM carried c WHERE c.part = ({_FILE.replace('location', 'p.location')})"
    )
    op.execute(
        "UPDATE page p SET archive_id = c.id, place = substr(p.location, length(c.root) + 2)"
        " FROM carried c WHERE p.archive_id IS NULL"
        " AND c.part = regexp_replace(p.location, '/[^/]*$', '')"
    )
    op.execute(
        "UPDATE page SET archive_id = 0, place = regexp_replace(location, '^/', '')"
        " WHERE archive_id IS NULL"
    )
    op.execute("DROP TABLE carried")


def tops_of(folders: Iterable[str]) -> dict[str, str]:
    """Return for each folder the one that is taken for the root of all that lie with it."""
    inside: dict[str, set[str]] = defaultdict(set)
    folders = list(folders)
    own = {folder for folder in folders if folder}  # what lies in / itself has no root
    for folder in own:
        path = folder
        while path:
            above = path.rpartition("/")[0]
            inside[above].add(path)
            path = above
    tops: dict[str, str] = {}

    def settle(folder: str) -> None:
        """Go down to where files lie, or folders part, deep enough."""
        pending = [folder]
        while pending:
            at = pending.pop()
            deep = at.count("/") >= _LEAST_DEPTH
            if at in own or (deep and len(inside[at]) > 1):
                below = [at]
                while below:
                    path = below.pop()
                    tops[path] = at
                    below += inside.get(path, ())
            else:
                pending += inside[at]

    settle("")
    return {folder: tops.get(folder, "") for folder in folders}


def downgrade() -> None:
    """Put locations back; of a page that lies in several places one is kept."""
    op.execute("DROP VIEW page_location")
    op.add_column(
        "page",
        sa.Column(
            "location",
            sa.Text(),
            nullable=True,
            comment="Where the bytes lie: file, archive!/member or warc#offset.",
        ),
    )
    op.execute(
        f"UPDATE page SET location = ({_LOCATION.replace('p.', 'page.')}) FROM archive a"
        " WHERE a.archive_id = page.archive_id"
    )
    op.alter_column("page", "location", nullable=False)
    op.drop_constraint(op.f("fk_page_archive_id"), "page", type_="foreignkey")
    op.drop_column("page", "archive_id")
    op.drop_column("page", "place")
    op.drop_table("page_place")
    op.drop_table("archive")
