"""`cryptodrug db`: addresses, upgrades, questions."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import Result

from cryptodrug_scraper.cli import rows
from cryptodrug_scraper.database.embedded import EmbeddedServer
from cryptodrug_scraper.database.upgrade import head
from tests.cli.running import run, shell
from tests.databases import execute


def ask(url: str, sql: str, *options: str, given: str | None = None) -> Result:
    return run("db", "query", sql, "--database-url", url, *options, given=given)


# -- addresses ------------------------------------------------------------------------------


def test_an_address_for_sqlalchemy(migrated_url: str) -> None:
    """With the driver that comes along: which one it takes else depends on its version."""
    result = run("db", "url", "--sqlalchemy", "--database-url", migrated_url)
    assert result.exit_code == 0
    frame = pd.read_sql("SELECT count(*) AS pages FROM page", result.stdout.strip())
    assert frame["pages"].tolist() == [0]
    both = run("db", "url", "--sqlalchemy", "--psql", "--database-url", migrated_url)
    assert both.exit_code == 2
    assert "--psql and --sqlalchemy" in both.stderr


# -- questions ------------------------------------------------------------------------------


def test_a_table(migrated_url: str) -> None:
    result = ask(migrated_url, "SELECT 'a' AS letter, 1.50 AS number, NULL AS nothing")
    assert result.exit_code == 0
    assert "letter" in result.stdout
    assert "1.50" in result.stdout
    assert "(1 row)" in result.stdout


def test_a_table_says_that_there_are_more(migrated_url: str) -> None:
    result = ask(migrated_url, "SELECT generate_series(1, 50)", "--rows", "10")
    assert "(the first 10 rows; there are more" in result.stdout


def test_csv_is_safe_in_a_spreadsheet(migrated_url: str) -> None:
    sql = (
        "SELECT '=1+1' a, '-5' b, -5 c, '-1.5e3' d, '+49 30' e, '@x' f, E'\\t=1' g, ' =1' h,"
        " 'x=1' i, NULL j, ARRAY['=a','b'] k, E'two\\nlines' l, 'a,\"b\"' m"
    )
    result = ask(migrated_url, sql, "--format", "csv")
    assert result.exit_code == 0
    header, row = csv.reader(io.StringIO(result.stdout))
    values = dict(zip(header, row, strict=True))
    assert values == {
        "a": "'=1+1",
        "b": "-5",
        "c": "-5",
        "d": "-1.5e3",
        "e": "'+49 30",
        "f": "'@x",
        "g": "'\t=1",
        "h": "' =1",
        "i": "x=1",
        "j": "",
        "k": '["=a", "b"]',
        "l": "two\nlines",
        "m": 'a,"b"',
    }


HOSTILE = "a\x1b[2Jb\x07\x9bc\u202ed\u2066e\x7ff\u2028g\rh"


def test_control_characters_are_shown_unless_raw(migrated_url: str) -> None:
    codes = ", ".join(str(ord(c)) for c in HOSTILE)
    text = f"(SELECT string_agg(chr(c), '' ORDER BY n) FROM unnest(ARRAY[{codes}])"
    sql = f'SELECT {text} WITH ORDINALITY t(c, n)) AS a, 1 AS "b\x1b"'
    for form in ("csv", "json", "table"):
        said = ask(migrated_url, sql, "--format", form).stdout
        assert not set(said) & (set(HOSTILE) - set("abcdefgh[2J")), form
        if form == "csv":
            assert said.startswith("a,b\\x1b\n")
            assert "a\\x1b[2Jb\\x07\\x9bc\\u202ed\\u2066e\\x7ff\\u2028g\\x0dh" in said
        if form == "json":
            assert json.loads(said)["a"] == HOSTILE
    raw = run_as_bytes(migrated_url, sql)
    assert HOSTILE.encode() in raw
    assert ask(migrated_url, sql, "--raw").exit_code == 2


def run_as_bytes(url: str, sql: str) -> bytes:
    done = shell("db", "query", sql, "--database-url", url, "--format", "csv", "--raw")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_json_lines(migrated_url: str) -> None:
    sql = (
        "SELECT 0.001000 AS n, 12345678901234567890 AS big, 'NaN'::numeric AS nan,"
        " DATE '2018-11-19' AS d, TIMESTAMPTZ '2018-11-19 13:00+01' AS t, ARRAY[1.10, NULL] AS l,"
        " true AS b, NULL AS x, 'é' AS s, '{\"k\": [1]}'::jsonb AS j, 1 AS n"
    )
    result = ask(migrated_url, sql, "--format", "json")
    assert '"n": 0.001000' in result.stdout
    value = json.loads(result.stdout, parse_float=Decimal)
    assert value == {
        "n": Decimal("0.001"),
        "big": 12345678901234567890,
        "nan": None,
        "d": "2018-11-19",
        "t": "2018-11-19T12:00:00Z",
        "l": [Decimal("1.1"), None],
        "b": True,
        "x": None,
        "s": "é",
        "j": {"k": [1]},
        "n_2": 1,
    }


def test_rows_in_batches(migrated_url: str) -> None:
    result = ask(migrated_url, "SELECT generate_series(1, 4001) AS n", "--format", "csv")
    assert result.stdout.split() == ["n", *map(str, range(1, 4002))]


def test_no_rows(migrated_url: str) -> None:
    for form in ("table", "csv", "json"):
        result = ask(migrated_url, "SELECT 1 AS one WHERE false", "--format", form)
        assert result.exit_code == 0
    assert "(0 rows)" in ask(migrated_url, "SELECT 1 AS one WHERE false").stdout


def test_sql_from_standard_input(migrated_url: str) -> None:
    result = ask(migrated_url, "-", "--format", "csv", given="SELECT 7 AS seven;\n-- done\n")
    assert result.stdout == "seven\n7\n"


@pytest.mark.parametrize(
    "sql", ["SHOW server_version", "EXPLAIN SELECT 1", "VALUES (1)", "TABLE page"]
)
def test_whatever_gives_rows(migrated_url: str, sql: str) -> None:
    assert ask(migrated_url, sql).exit_code == 0


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT market,\n  foo FROM page", "line 2:   foo FROM page\n            ^"),
        ("SELEC 1", "syntax error"),
        ("SELECT 1/0", "division by zero"),
        ("SELECT nummer FROM page", "cannot be answered"),
        ("", "no SQL"),
        ("  ;  ", "gives rows"),
    ],
)
def test_mistakes_are_shown_plainly(migrated_url: str, sql: str, said: str) -> None:
    result = ask(migrated_url, sql)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM market",
        "DELETE FROM market RETURNING 1",
        "WITH gone AS (DELETE FROM market RETURNING 1) SELECT * FROM gone",
        "SELECT 1; DROP TABLE market",
        "SELECT 1; COMMIT; DROP TABLE market",
        "COMMIT; DROP TABLE market; SELECT 1",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "CREATE TABLE x (y int)",
        "SELECT 1 INTO x",
        "COPY market TO STDOUT",
        "'; DROP TABLE market; --",
        "$$; DROP TABLE market; --",
    ],
)
def test_nothing_can_be_changed(migrated_url: str, sql: str) -> None:
    execute(migrated_url, "INSERT INTO market (market, title) VALUES ('x', 'X')")
    result = ask(migrated_url, sql)
    assert result.exit_code == 2, result.output
    assert execute(migrated_url, "SELECT market FROM market") == [("x",)]


def test_backslashes_and_percent_signs(migrated_url: str) -> None:
    result = ask(migrated_url, r"SELECT 'a\b%s%%' AS x, E'\\' AS y", "--format", "json")
    assert json.loads(result.stdout) == {"x": r"a\b%s%%", "y": "\\"}


def test_a_question_that_takes_too_long(migrated_url: str) -> None:
    result = ask(migrated_url, "SELECT pg_sleep(30)", "--timeout", "0.2")
    assert result.exit_code == 1
    assert "--timeout" in result.stderr


def test_hostile_texts_in_a_table(migrated_url: str) -> None:
    result = ask(migrated_url, "SELECT E'\\x1b[31m[red]' AS \"[b]\"")
    assert "\x1b" not in result.output
    assert "\\x1b[31m[red]" in result.stdout


def test_an_empty_database_of_anothers_is_not_made_into_ours(database_url: str) -> None:
    result = ask(database_url, "SELECT 1")
    assert result.exit_code == 4
    assert "db upgrade" in " ".join(result.stderr.split())
    assert execute(database_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [
        (0,)
    ]


def test_values_as_texts() -> None:
    assert rows.guard("=x") == "'=x"
    assert rows.guard("-1,000.5") == "-1,000.5"
    assert rows.guard("-x") == "'-x"
    assert rows.to_json(float("nan")) == "null"


# -- the database itself --------------------------------------------------------------------


def test_upgrade_says_from_what_to_what(database_url: str) -> None:
    first = run("db", "upgrade", "--database-url", database_url)
    assert first.exit_code == 0
    assert "was empty, is at migration" in first.stdout
    assert ":***@" in first.stdout
    again = run("db", "upgrade", "--database-url", database_url)
    assert "nothing to do" in again.stdout


def test_a_newer_database_is_not_upgraded(migrated_url: str) -> None:
    execute(migrated_url, "UPDATE alembic_version SET version_num = '9999'")
    result = run("db", "upgrade", "--database-url", migrated_url)
    assert result.exit_code == 4
    assert "9999" in result.stderr


def test_url_is_nothing_but_the_address(server: EmbeddedServer) -> None:
    result = run("db", "url")
    assert result.exit_code == 0
    assert result.stdout == server.url().replace("+psycopg2", "") + "\n"
    assert result.stderr == ""


def test_psql_command_works_when_pasted(server: EmbeddedServer) -> None:
    command = run("db", "url", "--psql").stdout.strip()
    done = subprocess.run(
        f"{command} -Atc 'SELECT 42'", shell=True, capture_output=True, text=True, check=False
    )
    assert done.stdout == "42\n", done.stderr


def test_status(migrated_url: str) -> None:
    result = run("db", "status", "--database-url", migrated_url)
    assert result.exit_code == 0
    assert "PostgreSQL" in result.stdout
    assert "(the newest)" in result.stdout
    assert ":***@" in result.stdout
    wrong = run("db", "status", "--database-url", "postgresql://u:secret@127.0.0.1:1/x")
    assert wrong.exit_code == 4
    assert "secret" not in wrong.output


def test_the_embedded_server_from_nothing_to_stop(own_folder: Path) -> None:
    data = {"CRYPTODRUG_DATA_DIR": str(own_folder / "data")}
    assert b"not been made yet" in shell("db", "status", **data).stdout
    assert b"was not running" in shell("db", "stop", **data).stdout
    done = shell("db", "query", "SELECT count(*) AS n FROM page", "--format", "json", **data)
    assert json.loads(done.stdout) == {"n": 0}, done.stderr
    assert b"(the newest)" in shell("db", "status", **data).stdout
    assert b"Stopped" in shell("db", "stop", **data).stdout
    assert b"not running" in shell("db", "status", **data).stdout


def test_it_is_not_stopped_under_a_replay(own_folder: Path) -> None:
    import psycopg2

    data = {"CRYPTODRUG_DATA_DIR": str(own_folder / "data")}
    url = shell("db", "url", **data).stdout.decode().strip()
    connection = psycopg2.connect(url, application_name="cryptodrug replay")
    connection.cursor().execute("SELECT 1")  # a transaction is open
    refused = shell("db", "stop", **data)
    assert refused.returncode == 1
    assert b"--force" in refused.stderr
    forced = shell("db", "stop", "--force", **data)
    assert forced.returncode == 0
    assert b"cryptodrug replay" in forced.stderr
    connection.close()


# -- backups --------------------------------------------------------------------------------


def test_a_backup_is_written_and_restored(
    migrated_url: str, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "b"
    done = shell("db", "backup", file, "--database-url", migrated_url)
    assert (done.returncode, done.stderr) == (0, b"")
    assert f"Written: {file} ({file.stat().st_size:,} bytes)".encode() in done.stdout
    done = shell("db", "restore", file, "--database-url", database_url)
    assert (done.returncode, done.stderr) == (0, b"")
    assert f"The database is at migration {head()}.".encode() in done.stdout
    assert ask(database_url, "SELECT count(*) FROM market").exit_code == 0
    again = run("db", "restore", str(file), "--database-url", database_url)
    assert (again.exit_code, "is not empty" in again.stderr) == (2, True)
    file.write_bytes(file.read_bytes()[:-20])
    damaged = run("db", "restore", str(file), "--database-url", database_url)
    assert (damaged.exit_code, "its end is missing" in damaged.stderr) == (2, True)
    nowhere = run("db", "backup", str(tmp_path), "--database-url", migrated_url)
    assert (nowhere.exit_code, "is a folder" in nowhere.stderr) == (2, True)
