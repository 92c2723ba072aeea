"""Which database is used, and what is said when it cannot be."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from cryptodrug_scraper.database import upgrade as migrations
from cryptodrug_scraper.database.connection import (
    DatabaseUnavailable,
    client_url,
    mask,
    open_engine,
    resolve_url,
)
from cryptodrug_scraper.database.embedded import EmbeddedServer
from cryptodrug_scraper.settings import Settings, get_settings
from tests.database.test_upgrade import WriteRevision, everything, write_revision
from tests.databases import execute

__all__ = ["write_revision"]


@pytest.fixture
def own_settings(own_server: EmbeddedServer) -> Settings:
    """Settings under which `own_server` is the embedded server."""
    return Settings(data_dir=own_server.home.parent, database_url=None)


def unavailable(url: str) -> str:
    """Open a database that cannot be opened; return what was said, which holds no password."""
    with pytest.raises(DatabaseUnavailable) as caught:
        open_engine(url)
    message = str(caught.value)
    password = make_url(url).password
    assert not password or str(password) not in message
    assert "\n" not in message
    return message


# -- settings and addresses ---------------------------------------------------------------


def test_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CRYPTODRUG_DATA_DIR", "~/somewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert get_settings().data_dir == tmp_path / "somewhere"
    assert get_settings().database_url is None
    monkeypatch.setenv("DATABASE_URL", "  ")
    assert get_settings().database_url is None
    monkeypatch.setenv("DATABASE_URL", "postgresql://short/x")
    assert get_settings().database_url == "postgresql://short/x"
    monkeypatch.setenv("CRYPTODRUG_DATABASE_URL", "postgresql://long/x")
    assert get_settings().database_url == "postgresql://long/x"
    monkeypatch.delenv("CRYPTODRUG_DATA_DIR")
    assert get_settings().data_dir.name == "cryptodrug"
    assert get_settings().data_dir.is_absolute()


def test_settings_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(Settings.model_config, "env_file", ".env")
    Path(".env").write_text("DATABASE_URL=postgresql://file/x\nUNRELATED=1\n")
    assert get_settings().database_url == "postgresql://file/x"
    monkeypatch.setenv("DATABASE_URL", "postgresql://environment/x")
    assert get_settings().database_url == "postgresql://environment/x"


def test_which_database_is_used(own_settings: Settings, own_server: EmbeddedServer) -> None:
    elsewhere = Settings(data_dir=own_settings.data_dir, database_url="postgres://u:p@there/x")
    assert resolve_url("postgresql://u:p@here/x", elsewhere) == "postgresql+psycopg2://u:p@here/x"
    assert resolve_url(None, elsewhere) == "postgresql+psycopg2://u:p@there/x"
    assert not own_server.is_running()
    assert resolve_url(None, own_settings) == own_server.url()
    assert own_server.is_running()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_spellings_of_an_address(scheme: str, migrated_url: str) -> None:
    url = migrated_url.replace("postgresql+psycopg2", scheme)
    assert client_url(url) == migrated_url.replace("+psycopg2", "")
    engine = open_engine(url)
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "is not the address of a database"),
        ("postgresql://u:geheim@h:port/x", "is not the address of a database"),
        ("sqlite:///x.db", "works with PostgreSQL"),
        ("mysql://u:geheim@h/x", "works with PostgreSQL"),
        ("postgresql://u:ge@heim@h/x", "as %40"),
    ],
)
def test_what_is_no_address(url: str, said: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=said) as caught:
        open_engine(url)
    assert "heim" not in str(caught.value)


def test_masking() -> None:
    assert mask("postgresql+psycopg2://u:geheim@h:1/x") == "postgresql://u:***@h:1/x"
    for url in ("http//u:geheim@h", "x://u:geheim@h:port/", "postgresql://h/x?sslpassword=geheim"):
        assert "geheim" not in mask(url)


# -- servers that cannot be reached ---------------------------------------------------------


def test_a_wrong_password(database_url: str) -> None:
    url = make_url(database_url).set(password="falsch").render_as_string(hide_password=False)
    assert "password is wrong" in unavailable(url)
    url = make_url(database_url).set(username="niemand").render_as_string(hide_password=False)
    assert "niemand" in unavailable(url)


def test_a_database_that_is_missing(database_url: str) -> None:
    url = make_url(database_url).set(database="fehlt").render_as_string(hide_password=False)
    assert "createdb fehlt" in unavailable(url)


def test_a_wrong_port() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"postgresql://u:geheim@127.0.0.1:{unused.getsockname()[1]}/x"
        said = unavailable(url)
        assert "Connection refused. No server listens there: is it running" in said
        assert said.count("?") == 1  # the library asks the same, at length


def test_a_wrong_host() -> None:
    assert "no machine of that name" in unavailable("postgresql://u:geheim@gibtsnicht.invalid/x")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        yield bound


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 ftp ready\r\n", b""])
def test_what_is_no_postgresql(listener: socket.socket, answer: bytes) -> None:
    def serve() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                peer.recv(100)
                peer.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    message = unavailable(f"postgresql://u:geheim@127.0.0.1:{listener.getsockname()[1]}/x")
    assert "not" in message and "PostgreSQL server" in message


def test_a_server_that_never_answers(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    message = unavailable(f"postgresql://u:geheim@127.0.0.1:{port}/x?connect_timeout=2")
    assert "Nothing answered in time" in message


def test_too_old_and_wrongly_encoded(
    migrated_url: str, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cryptodrug_scraper.database.connection.OLDEST_SERVER", 99)
    assert "needs 99 or newer" in unavailable(migrated_url)
    monkeypatch.undo()
    name = f"latin_{os.getpid()}"
    execute(
        server.url(),
        f"CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0"
        " LOCALE_PROVIDER libc LOCALE 'C'",
    )
    try:
        url = make_url(migrated_url).set(database=name).render_as_string(hide_password=False)
        assert "encoded in LATIN1" in unavailable(url)
    finally:
        execute(server.url(), f"DROP DATABASE {name} WITH (FORCE)")


# -- schemas ------------------------------------------------------------------------------


def test_an_empty_database_is_filled(database_url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"still empty.*db upgrade"):
        open_engine(database_url, upgrade=False)
    engine = open_engine(database_url)
    assert migrations.current(engine) == migrations.head()
    engine.dispose()


def test_another_servers_older_database_is_left_alone(
    database_url: str, write_revision: WriteRevision
) -> None:
    write_revision("one")
    open_engine(database_url).dispose()
    write_revision("two", "one")
    watcher = create_engine(database_url)
    before = everything(watcher)
    for upgrade in (None, False):
        with pytest.raises(DatabaseUnavailable, match=r"at migration one.*needs two.*db upgrade"):
            open_engine(database_url, upgrade=upgrade)
    assert everything(watcher) == before
    watcher.dispose()
    engine = open_engine(database_url, upgrade=True)
    assert migrations.current(engine) == "two"
    engine.dispose()


def test_the_embedded_servers_older_database_is_upgraded(
    own_settings: Settings, own_server: EmbeddedServer, write_revision: WriteRevision
) -> None:
    write_revision("one")
    open_engine(settings=own_settings).dispose()
    write_revision("two", "one")
    with pytest.raises(DatabaseUnavailable, match="db upgrade"):
        open_engine(settings=own_settings, upgrade=False)
    # Also when somebody resolved the address before.
    engine = open_engine(own_server.url(), settings=own_settings)
    assert migrations.current(engine) == "two"
    engine.dispose()


@pytest.mark.parametrize("upgrade", [None, True, False])
def test_a_newer_database_is_refused(migrated_url: str, upgrade: bool | None) -> None:
    execute(migrated_url, "UPDATE alembic_version SET version_num = 'zukunft'")
    with pytest.raises(DatabaseUnavailable, match=r"zukunft.*update cryptodrug"):
        open_engine(migrated_url, upgrade=upgrade)
    assert execute(migrated_url, "SELECT version_num FROM alembic_version") == [("zukunft",)]


@pytest.mark.parametrize("upgrade", [None, True, False])
def test_somebodys_database_is_refused(database_url: str, upgrade: bool | None) -> None:
    execute(database_url, "CREATE TABLE customers (x int)")
    with pytest.raises(DatabaseUnavailable, match="something else"):
        open_engine(database_url, upgrade=upgrade)
    tables = execute(
        database_url, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"
    )
    assert tables == [("customers",)]


def test_a_user_who_may_not_make_tables(database_url: str, server: EmbeddedServer) -> None:
    execute(database_url, "REVOKE CREATE ON SCHEMA public FROM PUBLIC, pg_database_owner")
    with pytest.raises(DatabaseUnavailable, match=r"permission denied.*GRANT CREATE"):
        open_engine(database_url)


# -- the engine ---------------------------------------------------------------------------


def test_sessions_are_the_same_everywhere(migrated_url: str) -> None:
    name = make_url(migrated_url).database
    execute(migrated_url, f"ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'")
    execute(migrated_url, f"ALTER DATABASE {name} SET datestyle = 'German'")
    engine = open_engine(migrated_url)
    with engine.connect() as connection:
        shown = [
            connection.execute(text(f"SHOW {what}")).scalar()
            for what in ("timezone", "search_path", "application_name", "client_encoding")
        ]
        assert shown == ["UTC", "public", "cryptodrug", "UTF8"]
        assert connection.execute(text("SELECT date '2018-11-19'::text")).scalar() == "2018-11-19"
        connection.rollback()
        assert connection.execute(text("SHOW timezone")).scalar() == "UTC"
    engine.dispose()


def test_the_embedded_server_is_brought_back(
    own_settings: Settings, own_server: EmbeddedServer
) -> None:
    open_engine(settings=own_settings).dispose()
    own_server.stop()
    engine = open_engine(settings=own_settings)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM vendor")).scalar() == 0
    engine.dispose()


def test_many_at_once_in_an_empty_folder(own_settings: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        for engine in pool.map(lambda _: open_engine(settings=own_settings), range(8)):
            assert migrations.current(engine) == migrations.head()
            engine.dispose()


# -- a password in a file ----------------------------------------------------------------------


def test_the_password_of_the_settings_address_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("p@ss:w/rd \n")
    address = "postgresql://me@server/db"
    settings = Settings(DATABASE_URL=address, database_password_file=file)
    assert make_url(resolve_url(None, settings)).password == "p@ss:w/rd "
    assert make_url(resolve_url(address, settings)).password == "p@ss:w/rd "
    assert make_url(resolve_url("postgresql://me@other/db", settings)).password is None
    stated = Settings(DATABASE_URL="postgresql://me:own@server/db", database_password_file=file)
    assert make_url(resolve_url(None, stated)).password == "own"


@pytest.mark.parametrize("data", [None, b"", b"\n", b"\xff"])
def test_a_file_that_holds_no_password(tmp_path: Path, data: bytes | None) -> None:
    file = tmp_path / "password"
    if data is not None:
        file.write_bytes(data)
    settings = Settings(DATABASE_URL="postgresql://me@server/db", database_password_file=file)
    with pytest.raises(DatabaseUnavailable, match="CRYPTODRUG_DATABASE_PASSWORD_FILE"):
        resolve_url(None, settings)
