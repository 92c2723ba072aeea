"""Keyed hashes in place of names.

A pseudonym is HMAC-SHA256 of a value and what kind of value it is, under a key that stays with
the researcher, cut to 128 bits: a letter and 32 hexadecimal digits. Without the key nobody can
try handles out, which for an unkeyed hash of a public handle takes a second.

**What gets the same pseudonym.** Equal handles, letter for letter, get equal pseudonyms, on
whichever market they are: whether accounts of one name are one person is for the study to ask
(it calls the handle alone "possible"), and the export keeps the question open instead of
answering it. A vendor's *account* (``vendor_id``) is another pseudonym on every market. Equal
PGP fingerprints get equal pseudonyms everywhere. Markets' listing ids and buyers' masked names
are hashed together with the market, as they mean nothing beyond it.

The same key gives the same pseudonyms in every export; two exports under different keys cannot
be joined. Whoever has the key can find the handles again: keep it as the data themselves are
kept, or destroy it.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import stat
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptodrug_scraper.common import private
from cryptodrug_scraper.common.private import NotUsable

DIGITS = 32  # hexadecimal: 128 bits
SHORTEST_KEY = 32  # bytes of the file
_FILE = "pseudonym-key.json"
_MADE = "key"


class Pseudonyms:
    """Makes pseudonyms under one key; the key is in no repr."""

    def __init__(self, key: bytes) -> None:
        if len(key) < SHORTEST_KEY:
            raise NotUsable(f"A key for pseudonyms needs {SHORTEST_KEY} characters or more.")
        self._key = key
        self.of = lru_cache(maxsize=100_000)(self._of)
        self.name = self._digest("name of the key")[:16]
        """What tells whether two exports have the same key, and tells nothing else."""
        self.order = self._digest("order of rows")
        """What rows are shuffled by: the order must not tell what the pseudonyms hide."""

    def __repr__(self) -> str:
        return f"<Pseudonyms under key {self.name}>"

    def _digest(self, *parts: str) -> str:
        data = "".join(f"{len(part)}:{part}" for part in parts)
        return hmac.digest(self._key, data.encode("utf-8", "surrogatepass"), "sha256").hex()

    def _of(self, letter: str, scope: str, *values: str) -> str:
        """Return the pseudonym of a value of a scope; ``letter`` stands before it."""
        return letter + self._digest("pseudonym", scope, *values)[:DIGITS]


def own_key(data_folder: Path) -> bytes:
    """Return the key of this installation, made when it is first asked for (mode 0600).

    Raises ``NotUsable`` if others can read it, or if it is damaged: another one is not made
    then, as all pseudonyms would change.
    """
    folder = data_folder / "export"
    with private.locked(folder):
        path = folder / _FILE
        try:
            return _key_in(private.read_json(path), path)
        except FileNotFoundError:
            private.write_json(path, {_MADE: secrets.token_hex(32)})
            return _key_in(private.read_json(path), path)


def _key_in(value: Any, path: Path) -> bytes:
    key = value.get(_MADE) if isinstance(value, dict) else None
    if not isinstance(key, str) or len(key) < SHORTEST_KEY:
        raise NotUsable(f"{path} holds no key. Put the right one back, or remove it.")
    return key.encode("utf-8")


def key_from(path: Path) -> bytes:
    """Return the key that a file holds: text of 32 characters or more, on one line.

    The file of an installation (``export/pseudonym-key.json``) is taken too. Raises
    ``NotUsable`` if it is missing, others can read it, or it is too short.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise NotUsable(
            f"The key file {path} cannot be read: {error.strerror}. Make one with:"
            f" (umask 077; python3 -c 'import secrets; print(secrets.token_hex(32))' > KEYFILE)"
        ) from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise NotUsable(f"The key file {path} is not a plain file.")
        if found.st_mode & 0o077:
            raise NotUsable(f"Others can read the key file: run `chmod 600 {path}`.")
        data = os.read(descriptor, 65_536).strip()
    finally:
        os.close(descriptor)
    if data.startswith(b"{"):
        try:
            value = json.loads(data)
        except ValueError:
            value = None
        return _key_in(value, path)
    if len(data) < SHORTEST_KEY:
        raise NotUsable(
            f"The key file {path} holds {len(data)} characters; a key needs {SHORTEST_KEY}."
        )
    return data
