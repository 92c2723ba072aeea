"""`cryptodrug replay` says what it did not read, and what it read with doubt."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.running import run
from tests.conftest import FIXTURES
from tests.databases import execute

LISTING = (FIXTURES / "dream" / "listing_new.html").read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with pages, and with what is none."""
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "page.html").write_bytes(LISTING)
    (folder / "nul.html").write_bytes(LISTING.replace(b"<head>", b"<head>\0\0", 1))
    (folder / "style.css").write_text("a { color: red }")
    (folder / "notes.txt").write_text("looked at on Monday")
    (folder / "old.rar").write_bytes(b"Rar!\x1a\x07\x00" + bytes(40))
    (folder / "half.zip").write_bytes(b"PK\x03\x04" + bytes(20))
    (folder / "empty.html").write_bytes(b"")
    (folder / "a\x1b[31m\u202e.html").write_bytes(b"")
    (folder / ".hidden.html").write_bytes(LISTING)
    return folder


def test_all_that_was_not_read_stands_in_a_file(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "skipped.jsonl"
    summary = tmp_path / "summary.json"
    result = run("replay", folder, "--dry-run", "--list-skipped", file, "--summary", summary)
    assert result.exit_code == 1
    text = file.read_text("ascii")
    assert text.isprintable() or set(text) - set(map(chr, range(32, 127))) == {"\n"}
    lines = [json.loads(line) for line in text.splitlines()]
    kinds = {Path(line["location"]).name: line["kind"] for line in lines}
    assert kinds["style.css"] == kinds["notes.txt"] == kinds[".hidden.html"] == "passed over"
    assert kinds["old.rar"] == "unsupported"
    assert kinds["empty.html"] == "empty"
    assert kinds["half.zip"] != "passed over"
    assert len(kinds) == len(lines) == 7
    assert not {"page.html", "nul.html"} & kinds.keys()
    pages = json.loads(summary.read_text("utf-8"))["pages"]
    assert (pages["read"], pages["skipped"], pages["files_passed_over"]) == (2, 4, 3)
    (reason,) = (line["reason"] for line in lines if line["location"].endswith("old.rar"))
    assert "unpack" in reason


def test_a_list_that_cannot_be_written_is_refused_at_once(folder: Path, tmp_path: Path) -> None:
    result = run("replay", folder, "--dry-run", "--list-skipped", tmp_path / "none" / "s.jsonl")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--list-skipped" in result.stderr


def test_reasons_that_differ_in_a_number_are_one_line(tmp_path: Path) -> None:
    for n in range(1, 41):
        page = LISTING.replace(b"</body>", b"<!-- " + b"\xff" * n + b" --></body>")
        (tmp_path / f"{n}.html").write_bytes(page)
    result = run("replay", tmp_path, "--dry-run")
    lines = [line for line in result.stdout.splitlines() if "invalid bytes" in line]
    assert len(lines) == 1
    assert "40" in lines[0]


def test_pages_that_were_cut_off_are_counted_and_named(tmp_path: Path, migrated_url: str) -> None:
    (tmp_path / "2018-11-19").mkdir()
    (tmp_path / "2018-11-19" / "half.html").write_bytes(LISTING[: len(LISTING) * 3 // 4])
    shutil.copy(FIXTURES / "dream" / "vendor_profile.html", tmp_path / "2018-11-19")
    file = tmp_path / "summary.json"
    for _ in range(2):  # read, and met again
        result = run(
            "replay", tmp_path / "2018-11-19", "--database-url", migrated_url, "--summary", file
        )
        assert result.exit_code == 1
        assert "half.html" in result.stdout
        summary = json.loads(file.read_text("utf-8"))
        assert summary["outcome"] == "partly failed"
        assert summary["pages"]["cut_off"] == 1
    assert execute(migrated_url, "SELECT cut_off, count(*) FROM page GROUP BY 1 ORDER BY 1") == [
        (False, 1),
        (True, 1),
    ]
