"""What ``make demo`` runs: the study that comes with the project, from pages to a report.

Some forty pages of the three markets, written for this project, are replayed into an
embedded PostgreSQL of the demo's own, so nothing gets mixed with a user's data. Each run
begins with an empty database, and ends with a report on the vendors who ship from Belgium.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from cryptodrug_scraper.archive import total_bytes
from cryptodrug_scraper.cli.errors import Code, explain
from cryptodrug_scraper.cli.query import QueryResult, connect
from cryptodrug_scraper.cli.replay import code_of, show
from cryptodrug_scraper.cli.rows import show_table
from cryptodrug_scraper.common.console import output
from cryptodrug_scraper.common.terminal import prepare_streams, program, say
from cryptodrug_scraper.database import upgrade as migrations
from cryptodrug_scraper.database.connection import client_url, open_engine
from cryptodrug_scraper.database.embedded import EmbeddedServer
from cryptodrug_scraper.replay import replay
from cryptodrug_scraper.settings import get_settings

ROOT = Path(__file__).resolve().parents[1]

QUESTIONS = (
    (
        "Who offers what, where from, and for how many euros?",
        """\
SELECT l.market, l.vendor, array_to_string(l.ships_from, ', ') AS ships_from, l.title,
       l.price_amount AS price, l.price_currency AS in, round(e.price_eur, 2) AS eur
FROM listing_latest l
LEFT JOIN LATERAL (
    SELECT price_eur FROM listing_in_eur e
    WHERE e.listing_id = l.listing_id ORDER BY observed_at DESC NULLS LAST LIMIT 1
) AS e ON true
WHERE l.vendor IS NOT NULL AND l.ships_from IS NOT NULL
ORDER BY l.market, l.vendor, l.title LIMIT 12""",
    ),
    (
        "How many vendors ship from each country, and how many reviews did they get?",
        """\
WITH origin AS (
    SELECT DISTINCT l.market, l.vendor_id, l.listing_id, place
    FROM listing_latest l CROSS JOIN LATERAL unnest(l.ships_from) AS place
), vendors AS (
    SELECT place, vendor_id, count(*) AS listings FROM origin GROUP BY place, vendor_id
)
SELECT p.name AS ships_from, count(v.vendor_id) AS vendors, sum(o.listings) AS listings,
       sum(v.reviews) AS reviews_of_these_vendors
FROM vendors o JOIN place p USING (place) LEFT JOIN vendor_latest v USING (vendor_id)
GROUP BY p.name ORDER BY vendors DESC, listings DESC, p.name LIMIT 10""",
    ),
)


def pages() -> Path:
    """Return the folder of pages: the study, or all fixtures while there is none."""
    study = ROOT / "fixtures" / "study"
    return study if study.is_dir() else ROOT / "fixtures"


def main() -> int:
    """Run the demo; return its exit code."""
    folder = pages()
    if not folder.is_dir():
        say(f"Error: the demo's pages are not there ({folder}). Run it in a checkout.")
        return Code.BAD_INPUT
    settings = get_settings()
    settings = settings.model_copy(
        update={"data_dir": settings.data_dir / "demo", "database_url": None}
    )
    console = output()
    console.print(f"Reading {folder} ({total_bytes([folder]):,} bytes of saved pages) …\n")
    url = EmbeddedServer(settings.data_dir).ensure_running()
    engine = open_engine(url, settings=settings, upgrade=True)
    migrations.downgrade(engine, "base")
    migrations.upgrade(engine)
    engine.dispose()
    dsn = client_url(url)
    summary = replay([folder], dsn, invented=True)
    show(summary)
    with connect(dsn, timeout=60) as connection:
        for title, sql in QUESTIONS:
            console.print(f"\n{title}\n")
            answer = QueryResult(connection, sql)
            show_table(answer.columns, list(answer))
            answer.close()
    _say_next(settings.data_dir, _report(url))
    return code_of(summary)


def _report(url: str) -> Path:
    """Write the study of the demo's pages as a report, and return where it is."""
    from cryptodrug_scraper.report import ReportOptions, marked_name, open_study, write_report

    # Not in the data folder: that is hidden, and some browsers must not read hidden folders.
    out = marked_name(Path.cwd() / "demo-report.html")
    output().print("\nWriting the report on vendors who ship from Belgium …")
    # Nobody stands behind the invented study's few vendors: with the usual threshold of five
    # hardly a number of theirs would be shown.
    with open_study(url) as study:
        write_report(study, ReportOptions("BE", threshold=1), out)
    return out


def _say_next(data_dir: Path, report: Path) -> None:
    """Print commands that work when they are pasted."""
    call = program()
    suggestion = (
        "SELECT market, handle, sales, rating, reviews, joined_on"
        " FROM vendor_latest ORDER BY reviews DESC"
    )
    where = f"CRYPTODRUG_DATA_DIR={shlex.quote(str(data_dir))}"
    # An address that is set elsewhere would be asked instead of the demo's database.
    option = ""
    if get_settings().database_url:
        option = f' --database-url "{EmbeddedServer(data_dir).url()}"'
    opener = "open" if sys.platform == "darwin" else "xdg-open"
    output().print(
        f"\nThe report is written: {report}\n"
        f"Open it in any browser; it needs no network. From here:\n"
        f"  {opener} {shlex.quote(str(report))}\n"
        f"or type this address into the browser:\n"
        f"  {report.resolve().as_uri()}\n"
        f"\nThe demo's database runs on, and is yours to ask. Try next:\n"
        f'  {where} {call} db query{option} "{suggestion}"\n'
        f"  {where} {call} db url{option}   (for psql, DBeaver)\n"
        f"  {where} {call} report{option} --country NL --lang fr --threshold 1 --out rapport.html\n"
        f"  {_notebook(data_dir)}\n"
        f"  {call} replay YOUR-FOLDER   (your own pages, into your own database)\n"
        f"and to stop it:\n"
        f"  {where} {call} db stop",
        soft_wrap=True,
    )


def _notebook(data_dir: Path) -> str:
    """Return the command that opens the notebook over the demo's database."""
    setting = f"CRYPTODRUG_DATA_DIR={shlex.quote(str(data_dir))}"
    if get_settings().database_url:
        setting = f'CRYPTODRUG_DATABASE_URL="{EmbeddedServer(data_dir).url()}"'
    python = shlex.quote(str(_near(Path(sys.executable))))
    notebook = shlex.quote(str(_near(ROOT / "notebooks" / "study.ipynb")))
    return (
        f"{setting} {python} -m notebook {notebook}\n"
        f"      (the study step by step; before: {python} -m pip install notebook)"
    )


def _near(path: Path) -> Path:
    """Return a path from here, if it is below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def run() -> int:
    """Run the demo, with errors told as the command line tells them."""
    prepare_streams()
    try:
        return main()
    except KeyboardInterrupt:
        say("Interrupted.")
        return Code.INTERRUPTED
    except Exception as error:
        failure = explain(error)
        if failure is None:
            raise
        say(f"Error: {failure}")
        return failure.code


if __name__ == "__main__":
    sys.exit(run())
