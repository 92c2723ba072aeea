"""Roles that are no superuser: what docs/guides/operate.md lets them do, and nothing more."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from sqlalchemy import make_url

from cryptodrug_scraper.database.embedded import EmbeddedServer
from tests.cli.running import run
from tests.conftest import FIXTURES, ROOT
from tests.databases import execute

GUIDE = (ROOT / "docs" / "guides" / "operate.md").read_text("utf-8")
SQL = re.findall(r"^```sql\n(.*?)^```$", GUIDE, re.M | re.S)


def superuser(server: EmbeddedServer, database: str, statements: str) -> None:
    """Run statements as the embedded server's superuser, as whom nobody can log in."""
    server.stop()
    command = [server.programs.path("postgres"), "--single", "-D", str(server.data), database]
    lines = " ".join(statements.split()).replace("; ", ";\n")
    output = server.programs.run(command, "change roles", lines + "\n")
    assert "ERROR" not in output, output
    server.ensure_running()
    # Anybody with a password is let in, as another server would: the embedded one knows one role.
    with (server.home / "pg_hba.conf").open("a") as rules:
        rules.write("host all all 127.0.0.1/32 scram-sha-256\n")
    os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGHUP)


def test_an_owner_works_and_a_reader_reads(own_server: EmbeddedServer, tmp_path: Path) -> None:
    owner, reader = SQL
    url = make_url(own_server.ensure_running())
    superuser(own_server, "postgres", owner)

    def address(role: str) -> str:
        named = url.set(username=role, password=role, database="study", drivername="postgresql")
        return named.render_as_string(hide_password=False)

    def call(role: str, *arguments: str) -> str:
        result = run(*arguments, "--database-url", address(role))
        assert result.exit_code == 0, result.stderr
        return result.stdout

    call("researcher", "db", "upgrade")
    call("researcher", "replay", str(FIXTURES / "study"))
    superuser(own_server, "study", reader)
    for role in ("researcher", "reader"):
        assert execute(address(role), "SELECT rolsuper FROM pg_roles WHERE rolname = user") == [
            (False,)
        ]
        assert "44" in call(role, "db", "query", "SELECT count(*) FROM page")
        call(role, "report", "--country", "BE", "--threshold", "1", "--out", f"{tmp_path / role}")
        call(role, "export", "--out", str(tmp_path / f"{role}-tables"))
        call(role, "db", "backup", str(tmp_path / f"{role}.backup"))
    refused = run("replay", str(FIXTURES / "study"), "--database-url", address("reader"))
    assert refused.exit_code != 0
    assert "permission denied" in refused.stderr or "read-only" in refused.stderr
    assert execute(address("researcher"), "SELECT count(*) FROM page") == [(44,)]


@pytest.mark.parametrize("statement", ["CREATE ROLE other", "COPY page TO '/tmp/pages'"])
def test_nobody_of_them_is_more_than_that(server: EmbeddedServer, statement: str) -> None:
    """The embedded server's own role is as little."""
    import psycopg2

    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(server.url(), statement)
