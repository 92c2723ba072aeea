"""A report printed to PDF by a headless Chromium, if the machine has one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from cryptodrug_scraper.common.files import writable_file, write_atomically

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"

# The page has no scripts and asks for nothing; and nothing else is asked for either.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
_PATIENCE = 180.0


class NoBrowser(Exception):
    """There is no browser to print with, or it did not print."""


def find_browser() -> str | None:
    """Return the program of a Chromium, or None; the setting CRYPTODRUG_BROWSER comes first."""
    if named := _named():
        return shutil.which(named)
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    return found or (_MAC if os.access(_MAC, os.X_OK) else None)


def _named() -> str:
    return os.environ.get("CRYPTODRUG_BROWSER", "").strip()


def print_pdf(page: Path, out: Path) -> None:
    """Print a page that lies on this machine to a PDF file of A4 pages.

    Raises :class:`NoBrowser` without a browser, and if it fails, and `files.NotWritable`; `out`
    is then not touched.
    """
    file = writable_file(out)
    browser = find_browser()
    if browser is None and (named := _named()):
        raise NoBrowser(
            f"A PDF is printed by Chromium. CRYPTODRUG_BROWSER names {named}, and that is no "
            "program that can be run here: correct it, or unset it to have one looked for."
        )
    if browser is None:
        raise NoBrowser(
            "A PDF is printed by Chromium, and there is none on this machine. Install it "
            "(Debian: sudo apt install chromium), name one in CRYPTODRUG_BROWSER, or open the "
            "HTML file in any browser and print it from there: it is made for A4."
        )
    with tempfile.TemporaryDirectory(prefix="cryptodrug-pdf-", ignore_cleanup_errors=True) as own:
        printed = Path(own) / "report.pdf"
        command = [
            browser,
            *FLAGS,
            f"--user-data-dir={own}/profile",
            "--no-pdf-header-footer",
            "--generate-pdf-document-outline",
            f"--print-to-pdf={printed}",
            page.resolve().as_uri(),
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            raise NoBrowser(f"{browser} did not print within {_PATIENCE:.0f} s.") from None
        if not printed.is_file() or printed.stat().st_size == 0:
            output = done.stderr.decode("utf-8", "replace").strip().splitlines()
            why = f": {output[-1]}" if output else ""
            raise NoBrowser(f"{browser} printed nothing (exit code {done.returncode}){why}")
        write_atomically(file, printed.read_bytes())
