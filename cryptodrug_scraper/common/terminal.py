"""What may go to a terminal or a pipe, and how. Imports nothing heavy.

Every text of a page is hostile: an escape sequence in a listing's title could move the
cursor, set the window's title or hide what follows. :func:`safe` shows such characters
instead of sending them.
"""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

# Control characters (C0, DEL, C1), and those that reorder or hide text (bidirectional marks,
# line separators), and lone surrogates, which no encoding takes.
_UNSAFE = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_CONTROLS = re.compile(f"[{_UNSAFE}]")
_IN_JSON = re.compile(f"[{_UNSAFE}\ufeff]")


def safe(text: object, *, lines: bool = False) -> str:
    """Return a text that may be printed: control characters are shown as ``\\x1b``.

    White space is folded to one line unless ``lines`` is true.
    """
    shown = str(text)
    if lines:
        shown = shown.replace("\r\n", "\n").expandtabs(4)
    else:
        shown = " ".join(shown.split())
    return _CONTROLS.sub(_escaped, shown)


def escaped(text: str) -> str:
    """Return a text with its control characters shown; white space and line breaks stay."""
    return _CONTROLS.sub(_escaped, text.replace("\r\n", "\n"))


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def cut(text: str, longest: int) -> str:
    """Return a text of at most so many characters, with an ellipsis where it was cut."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def json_text(value: Any, *, indent: int | None = None) -> str:
    """Return JSON in the characters of the page, but none that a terminal would act on.

    They are escaped as JSON escapes, so the value is the same. Where the output cannot take
    all characters, all beyond ASCII are escaped.
    """
    text = json.dumps(value, ensure_ascii=not _takes_unicode(), indent=indent)
    return _IN_JSON.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def json_line(value: Any) -> None:
    """Print one value as JSON on a line of its own."""
    sys.stdout.write(json_text(value) + "\n")


def _takes_unicode() -> bool:
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    return encoding.startswith("utf")


def prepare_streams() -> None:
    """Make standard output and error take any text, whatever the locale.

    What is piped or redirected is UTF-8. A terminal keeps its encoding, and characters that
    it does not have are shown as ``\\u20ac``.
    """
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if stream is sys.stdout and not stream.isatty():
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        else:
            stream.reconfigure(errors="backslashreplace")


def program() -> str:
    """Return how to call this program again, as it can be pasted where it was called now."""
    name = "cryptodrug"
    called = Path(sys.argv[0])
    if called.name != name:
        called = Path(sys.executable).with_name(name)
        if not called.exists():
            return f"{shlex.quote(sys.executable)} -m cryptodrug_scraper.cli"
    found = shutil.which(name)
    if found is not None and Path(found).absolute() == called.absolute():
        return name
    if called.is_absolute() and called.is_relative_to(Path.cwd()):
        called = called.relative_to(Path.cwd())
    return shlex.quote(str(called))


def say(text: str) -> None:
    """Print a message for people on standard error."""
    sys.stderr.write(safe(text, lines=True) + "\n")
    sys.stderr.flush()
